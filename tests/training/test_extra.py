"""Extra images are mixed into training alone, and a run that is cut off resumes with exactly the same ones."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from ferdash.data.corrections import correct, export_corrections
from ferdash.data.dataset import FaceDataset, delete_dataset, open_dataset, save_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, DatasetError, RunError
from ferdash.models.weights import read_checkpoint
from ferdash.runs.baseline import read_baseline
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run, read_log, read_metrics
from ferdash.training import start
from ferdash.training.config import TrainConfig, override
from ferdash.training.continuation import resume
from ferdash.training.control import Control, Progress
from ferdash.training.extra import with_extra
from ferdash.training.recipes import get_recipe
from ferdash.training.sampling import training_rows
from ferdash.training.settings import SamplingConfig

FACES = 12


@pytest.fixture
def root(squares_root: Path, tmp_path: Path) -> Path:
    """A data root with the squares and some corrections."""
    root = tmp_path / "data"
    root.mkdir()
    shutil.copytree(squares_root / "squares", root / "squares")
    for seed in range(FACES):
        correct_one(root, seed)
    return root


def correct_one(root: Path, seed: int) -> None:
    crop = np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)
    label = EMOTIONS[seed % 7]
    correct(root, crop, source=f"{seed}.jpg", new_label=label, probabilities=[1 / 7] * 7, model="fernet")


def extra_of(root: Path, **settings: object) -> tuple[FaceDataset, FaceDataset, FaceDataset]:
    """The squares, the corrections, and both mixed."""
    squares, extra = open_dataset(root, "squares"), export_corrections(root)
    return squares, extra, with_extra(squares, SamplingConfig(extra=extra.name, **settings))  # type: ignore[arg-type]


def train(run: Run, root: Path, where: Path, stop_after: int | None = None) -> str:
    control, seen = Control(), 0

    def count(progress: Progress) -> None:
        nonlocal seen
        seen += progress.phase == "training"
        if seen == stop_after:
            control.stop.set()

    return start.execute(run, data=root, checkpoints=where, control=control, on_progress=count)


def test_extra_images_are_in_train_alone_and_no_other_row_moves(root: Path) -> None:
    squares, extra, mixed = extra_of(root, extra_repeat=3)
    added = len(extra.rows("train"))
    assert added >= FACES / 2
    assert len(mixed) == len(squares) + 3 * added
    np.testing.assert_array_equal(mixed.images[: len(squares)], squares.images)
    np.testing.assert_array_equal(mixed.labels[: len(squares)], squares.labels)
    for split in ("validation", "test"):
        np.testing.assert_array_equal(mixed.rows(split), squares.rows(split))
    tail = mixed.table["content_hash"].iloc[len(squares) :].value_counts()
    assert set(tail.index) == set(extra.table["content_hash"].iloc[extra.rows("train")])
    assert (tail == 3).all()


def test_a_limit_per_class_leaves_no_extra_image_out(root: Path) -> None:
    squares, extra, mixed = extra_of(root)
    rows = training_rows(mixed, TrainConfig(sampling=SamplingConfig(per_class=2)))
    assert len(rows) == 14 + len(extra.rows("train"))
    np.testing.assert_array_equal(rows[:14], training_rows(squares, TrainConfig(sampling=SamplingConfig(per_class=2))))


def test_images_of_validation_and_test_are_left_out(root: Path) -> None:
    squares = open_dataset(root, "squares")
    held_out = np.concatenate([squares.rows("validation")[:2], squares.rows("test")[:1]])
    fresh = np.full((1, 48, 48), 7, np.uint8)
    images = np.concatenate([squares.images[held_out], fresh])
    save_dataset(
        root, "leaky", images=images, labels=np.zeros(4), splits=["train"] * 4, sources=list("abcd"), origin="a test"
    )
    mixed = with_extra(squares, SamplingConfig(extra="leaky"))
    assert len(mixed) == len(squares) + 1
    np.testing.assert_array_equal(mixed.images[-1], fresh[0])
    assert "on 1 image of “leaky”, each once an epoch; 3 left out" in mixed.meta["extra"]
    save_dataset(
        root, "leaks", images=images[:3], labels=np.zeros(3), splits=["train"] * 3, sources=list("abc"), origin="a test"
    )
    with pytest.raises(ConfigError, match="“leaks” has no image to train on"):
        with_extra(squares, SamplingConfig(extra="leaks"))


@pytest.mark.parametrize("voted", [True, False])
def test_votes_of_the_one_are_unknown_of_the_other(root: Path, voted: bool) -> None:
    votes = np.ones((2, 10), dtype=np.uint8)
    facts = {"labels": [0, 1], "splits": ["train"] * 2, "sources": ["a", "b"], "origin": "a test"}
    images = np.stack([np.full((48, 48), grey, np.uint8) for grey in (3, 4)])
    save_dataset(root, "voted", images=images, votes=votes, **facts)  # type: ignore[arg-type]
    save_dataset(root, "plain", images=images + 9, votes=votes if voted else None, **facts)  # type: ignore[arg-type]
    mixed = with_extra(open_dataset(root, "voted"), SamplingConfig(extra="plain"))
    assert mixed.votes is not None
    np.testing.assert_array_equal(mixed.votes[:2], votes)
    assert mixed.votes[2:].any() == voted


def test_without_extra_nothing_changes(root: Path) -> None:
    squares = open_dataset(root, "squares")
    assert with_extra(squares, SamplingConfig()) is squares


def test_a_run_stopped_amid_extra_images_ends_like_one_that_never_was(
    root: Path, tmp_path: Path, tiny_config: TrainConfig
) -> None:
    config = override(
        tiny_config, ["sampling.extra=corrections", "sampling.extra_repeat=4", "evaluation.baseline=true"]
    )
    whole, cut = (start.create(config, data=root, checkpoints=tmp_path / name) for name in "ab")
    assert train(whole, root, tmp_path / "a") == "finished"
    assert train(cut, root, tmp_path / "b", stop_after=5) == "stopped"
    correct_one(root, 99)  # what is corrected meanwhile belongs to the next run
    before = (cut.folder / "baseline_score.json").read_bytes()
    assert train(cut, root, tmp_path / "b") == "finished"
    assert (
        before
        == (cut.folder / "baseline_score.json").read_bytes()
        == (whole.folder / "baseline_score.json").read_bytes()
    )
    one, other = (read_checkpoint(run.checkpoints / "epoch-002.pt") for run in (whole, cut))
    for name, tensor in one["network"]["weights"].items():
        assert torch.equal(tensor, other["network"]["weights"][name]), name
        assert torch.equal(one["averaged"][name], other["averaged"][name]), name


def test_the_corrections_recipe_goes_on_from_a_run_and_records_before_and_after(
    root: Path, tmp_path: Path, tiny_config: TrainConfig
) -> None:
    first = start.create(tiny_config, data=root, checkpoints=tmp_path)
    train(first, root, tmp_path)
    settings = ["dataset=squares", f"start_from=run:{first.id}", "epochs=1", "compute.threads=1"]
    config = override(get_recipe("corrections").config(), settings)
    run = start.create(config, data=root, checkpoints=tmp_path)
    extra = export_corrections(root)
    assert run.record["extra"] == {"name": extra.name, "hash": extra.hash, "images": FACES}
    assert run.record["config"]["sampling"]["extra"] == extra.name
    assert f"--set sampling.extra={extra.name}" in run.record["command"]
    assert run.record["parent"]["run"] == first.id
    train(run, root, tmp_path)
    found = read_baseline(run.folder)
    assert found is not None
    golden = max(row["validation"]["accuracy"] for row in read_metrics(first.folder))
    assert found.baseline_accuracy == pytest.approx(golden)
    (row,) = read_metrics(run.folder)
    assert (found.best_accuracy, found.images, found.extra) == (row["validation"]["accuracy"], 28, extra.name)
    assert sum(row["drawn"]) == 16 * 7 + 10 * len(extra.rows("train"))
    assert set(read_predictions(run.folder, "validation")["row"]) == set(
        open_dataset(root, "squares").rows("validation")
    )
    log = "\n".join(read_log(run.folder))
    assert f"images of “{extra.name}”, each 10 times an epoch." in log
    assert "Before: validation accuracy" in log


def test_a_child_run_names_the_corrections_it_was_given(root: Path, tmp_path: Path, tiny_config: TrainConfig) -> None:
    run = start.create(tiny_config, data=root, checkpoints=tmp_path)
    train(run, root, tmp_path)
    child = resume(f"{run.id}@epoch-1", ["sampling.extra=corrections"], data=root, checkpoints=tmp_path)
    name = export_corrections(root).name
    assert child.record["parent"]["changes"] == {"sampling.extra": ["", name]}
    assert f"--set sampling.extra={name}" in child.record["command"]
    assert train(child, root, tmp_path) == "finished"


def test_without_corrections_no_run_is_made(squares_root: Path, tmp_path: Path, tiny_config: TrainConfig) -> None:
    with pytest.raises(DatasetError, match="Nothing has been corrected yet"):
        start.create(override(tiny_config, ["sampling.extra=corrections"]), data=squares_root, checkpoints=tmp_path)
    assert not (tmp_path / "runs").exists()


def test_other_images_under_the_same_name_are_not_trained_on(
    root: Path, tmp_path: Path, tiny_config: TrainConfig
) -> None:
    export_corrections(root, "mine")
    run = start.create(override(tiny_config, ["sampling.extra=mine"]), data=root, checkpoints=tmp_path)
    delete_dataset(root, "mine")
    correct_one(root, 50)
    export_corrections(root, "mine")
    with pytest.raises(RunError, match="“mine” holds other images than when this run was made"):
        train(run, root, tmp_path)


def test_a_repeat_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"sampling\.extra_repeat is 0"):
        SamplingConfig(extra_repeat=0)
