from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import open_dataset
from ferdash.errors import ConfigError, ModelError
from ferdash.models.loading import load_model
from ferdash.models.tta import average_probabilities, ten_crops
from ferdash.runs.lineage import lineage
from ferdash.training import start
from ferdash.training.config import TrainConfig, from_dict, override
from ferdash.training.distillation import model_behind, teacher_table
from ferdash.training.losses import target_table
from ferdash.training.sampling import training_rows
from ferdash.training.settings import LossConfig


@pytest.fixture
def teacher(squares_root: Path, tmp_path: Path, tiny_config: TrainConfig) -> str:
    """Reference of a run trained for a moment."""
    run = start.create(override(tiny_config, ["epochs=1"]), data=squares_root, checkpoints=tmp_path)
    start.execute(run, data=squares_root, checkpoints=tmp_path)
    return f"run:{run.id}"


def test_a_distilled_run_learns_from_ten_crops_of_its_own_images(
    squares_root: Path, tmp_path: Path, tiny_config: TrainConfig, teacher: str
) -> None:
    config = override(tiny_config, [f"loss.teachers={teacher}", "epochs=1", "sampling.per_class=5"])
    run = start.create(config, data=squares_root, checkpoints=tmp_path)
    assert start.execute(run, data=squares_root, checkpoints=tmp_path) == "finished"
    dataset = open_dataset(squares_root, "squares")
    rows = training_rows(dataset, config)
    golden = average_probabilities([load_model(teacher, tmp_path)], ten_crops(dataset.images[rows]))
    assert np.load(run.folder / "teacher_probs.npy") == pytest.approx(golden, abs=1e-5)


def test_the_table_is_kept_so_that_a_resumed_run_learns_from_the_same_numbers(tmp_path: Path) -> None:
    kept = tmp_path / "teacher_probs.npy"
    np.save(kept, np.full((2, 7), 1 / 7, dtype=np.float32))
    # The teacher does not exist any more; the table does.
    table = teacher_table(
        ["gone"],
        np.zeros((2, 48, 48), dtype=np.uint8),
        checkpoints=tmp_path,
        kept=kept,
        on_progress=lambda done, total: None,
    )
    assert table == pytest.approx(1 / 7)


def test_a_missing_teacher_fails_the_run_with_a_sentence(
    squares_root: Path, tmp_path: Path, tiny_config: TrainConfig
) -> None:
    run = start.create(override(tiny_config, ["loss.teachers=nobody"]), data=squares_root, checkpoints=tmp_path)
    with pytest.raises(ModelError, match="There is no model “nobody”"):
        start.execute(run, data=squares_root, checkpoints=tmp_path)


def _ask(references: list[str], images: np.ndarray, tmp_path: Path) -> np.ndarray:
    kept = tmp_path / "teacher_probs.npy"
    return teacher_table(references, images, checkpoints=tmp_path, kept=kept, on_progress=lambda done, total: None)


def test_a_table_is_a_teacher_among_others(
    squares_root: Path, tmp_path: Path, tiny_config: TrainConfig, teacher: str
) -> None:
    images = open_dataset(squares_root, "squares").images[:6]
    seen = np.random.default_rng(0).dirichlet(np.ones(7), 6).astype(np.float32)
    np.save(tmp_path / "raters.npy", seen)
    model = average_probabilities([load_model(teacher, tmp_path)], ten_crops(images))
    table = _ask([str(tmp_path / "raters.npy"), teacher], images, tmp_path)
    assert table == pytest.approx((seen + model) / 2, abs=1e-5)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (np.full((3, 7), 1 / 7), r"has the shape \(3, 7\); this run trains on 2 images"),
        (np.full((2, 7), 1.0), "rows that are no probabilities"),
        (np.full((2, 7), np.nan), "rows that are no probabilities"),
        (np.array([["a"] * 7] * 2, dtype=object), "cannot be read"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, table: np.ndarray, problem: str) -> None:
    np.save(tmp_path / "raters.npy", table, allow_pickle=True)
    with pytest.raises(ModelError, match=problem):
        _ask([str(tmp_path / "raters.npy")], np.zeros((2, 48, 48), dtype=np.uint8), tmp_path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"raters\.npy cannot be read"):
        _ask([str(tmp_path / "raters.npy")], np.zeros((2, 48, 48), dtype=np.uint8), tmp_path)


def test_the_teachers_take_their_share_of_each_target() -> None:
    labels = np.array([0, 3])
    teacher_probs = np.full((2, 7), 1 / 7, dtype=np.float32)
    targets = target_table(labels, None, LossConfig(teachers="a, b", teacher_share=0.25), teacher_probs).numpy()
    assert targets == pytest.approx(0.75 * np.eye(7)[labels] + 0.25 / 7, abs=1e-6)


def test_start_is_the_model_that_the_run_starts_from() -> None:
    assert from_dict({"start_from": "fernet", "loss": {"teachers": "start, b"}}).teachers() == ["fernet", "b"]
    with pytest.raises(ConfigError, match="starts from no model"):
        from_dict({"loss": {"teachers": "start"}}).teachers()


def test_the_record_names_the_teacher_that_start_stands_for(
    squares_root: Path, tmp_path: Path, tiny_config: TrainConfig
) -> None:
    config = override(TrainConfig(), ["dataset=squares", "start_from=fernet", "loss.teachers=start"])
    run = start.create(config, data=squares_root, checkpoints=tmp_path)
    assert run.record["config"]["loss"]["teachers"] == "fernet"
    edges = lineage(tmp_path).edges
    assert ("model:fernet", "distilled from") in {(edge.source, edge.kind) for edge in edges}


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"loss\.teacher_share is 0"):
        LossConfig(teacher_share=0.0)


def test_the_model_behind_a_teacher() -> None:
    assert [model_behind(name) for name in ("votes", "votes:fernet-plus", "run:a@best", "seen.npy")] == [
        "",
        "fernet-plus",
        "run:a@best",
        "",
    ]
