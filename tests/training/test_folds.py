import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.data.audit import audit_dataset
from ferdash.data.dataset import FaceDataset, open_dataset, save_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError
from ferdash.runs.store import create_run
from ferdash.training import start
from ferdash.training.config import TrainConfig, override, to_dict
from ferdash.training.continuation import resume
from ferdash.training.folds import assign_folds, in_fold, require_unseen
from ferdash.training.settings import FoldsConfig


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """420 noise images, 60 of an emotion, a sixth of them in test. Every tenth is a copy of the one before it, every
    tenth a brighter version of the one two places before it; both under another emotion and maybe in another split."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 200, (420, 48, 48), dtype=np.uint8)
    images[1::10] = images[0::10]
    images[5::10] = images[3::10] + 30
    splits = [("test", "validation", "train")[min(number % 6, 2)] for number in range(420)]
    return save_dataset(
        tmp_path_factory.mktemp("photographs"),
        "photographs",
        images=images,
        labels=np.arange(420) % len(EMOTIONS),
        splits=splits,
        sources=[f"{number:04d}" for number in range(420)],
        origin="noise",
    )


@given(count=st.integers(2, 8))
def test_folds_divide_training_and_validation_and_leave_test_alone(photographs: FaceDataset, count: int) -> None:
    fold = assign_folds(photographs, count)
    test = photographs.rows("test")
    assert set(fold[test]) == {-1}
    assert set(np.delete(fold, test)) == set(range(count))


@given(count=st.integers(2, 8))
def test_versions_of_one_photograph_are_in_one_fold(photographs: FaceDataset, count: int) -> None:
    fold = assign_folds(photographs, count)
    number = photographs.table["source"].astype(int).to_numpy()
    row_of = np.argsort(number)
    for copies, originals in ((row_of[1::10], row_of[0::10]), (row_of[5::10], row_of[3::10])):
        both = (fold[copies] >= 0) & (fold[originals] >= 0)
        assert both.sum() > 20
        np.testing.assert_array_equal(fold[copies[both]], fold[originals[both]])


@given(count=st.integers(2, 8))
def test_every_fold_has_its_share_of_each_emotion(photographs: FaceDataset, count: int) -> None:
    fold = assign_folds(photographs, count)
    for label in range(len(EMOTIONS)):
        images = np.bincount(fold[(photographs.labels == label) & (fold >= 0)], minlength=count)
        # A group of two labels is counted with one of them, so a fold may be a few images off.
        assert np.abs(images - images.sum() / count).max() <= 6


def test_each_fold_is_validation_once_and_otherwise_train(photographs: FaceDataset) -> None:
    seen = np.zeros(len(photographs), dtype=int)
    for index in range(5):
        view = in_fold(photographs, FoldsConfig(5, index))
        assert set(view.rows("train")).isdisjoint(view.rows("validation"))
        assert not view.duplicates_training()[view.rows("validation")].any()
        np.testing.assert_array_equal(view.rows("test"), photographs.rows("test"))
        assert len(view.rows("train")) + len(view.rows("validation")) == len(photographs) - len(view.rows("test"))
        seen[view.rows("validation")] += 1
    assert set(np.delete(seen, photographs.rows("test"))) == {1}


def test_without_folds_it_is_the_dataset_itself(photographs: FaceDataset) -> None:
    assert in_fold(photographs, FoldsConfig()) is photographs


def test_too_many_folds_are_refused(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    splits, sources = ["train", "train", "validation"], ["a", "b", "c"]
    few = save_dataset(
        tmp_path, "few", images=images, labels=np.zeros(3), splits=splits, sources=sources, origin="noise"
    )
    with pytest.raises(ConfigError, match="“few” has too few images for 9 folds"):
        assign_folds(few, 9)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["folds.count=1"], "folds.count is 1"),
        (["folds.count=3", "folds.index=3"], "folds.index is 3"),
        (["folds.index=1"], "folds.index is 1"),
    ],
)
def test_impossible_folds_are_refused(settings: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        override(TrainConfig(), settings)


def test_a_run_trains_on_the_other_folds(squares_root: Path, tmp_path: Path, tiny_config: TrainConfig) -> None:
    config = override(tiny_config, ["epochs=1", "folds.count=4", "folds.index=2"])
    run = start.create(config, data=squares_root, checkpoints=tmp_path)
    assert start.execute(run, data=squares_root, checkpoints=tmp_path) == "finished"
    dataset = open_dataset(squares_root, "squares")
    (row,) = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert row["validation"]["images"] == (assign_folds(dataset, 4) == 2).sum() == 35
    assert sum(row["drawn"]) == 105
    with pytest.raises(ConfigError, match="The folds cannot change on the way"):
        resume(run.id, ["folds.index=3"], data=squares_root, checkpoints=tmp_path)


def test_a_network_that_has_seen_the_folds_is_refused(squares_root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(squares_root, "squares")
    record = {"config": to_dict(TrainConfig()), "dataset": {"name": "squares", "hash": dataset.hash}}
    create_run(tmp_path / "runs", "earlier", record)
    model = tmp_path / "models" / "mine"
    model.mkdir(parents=True)
    evaluation = {"evaluations": [{"protocol": {"dataset_hash": dataset.hash}}]}
    (model / "evaluation.json").write_text(json.dumps(evaluation))
    for reference in ("run:earlier@best", "mine"):
        config = override(TrainConfig(), ["dataset=squares", "folds.count=3", f"start_from={reference}"])
        with pytest.raises(ConfigError, match=f"{reference} has seen images of “squares”"):
            require_unseen(config, dataset, tmp_path)
        require_unseen(override(config, ["folds.count=0"]), dataset, tmp_path)
    # A model from elsewhere, and a run of the very same fold, have not seen what the fold validates on.
    require_unseen(override(config, ["start_from=someone/else"]), dataset, tmp_path)
    same = override(TrainConfig(), ["dataset=squares", "folds.count=3"])
    create_run(tmp_path / "runs", "same", record | {"config": to_dict(same)})
    require_unseen(override(same, ["start_from=run:same"]), dataset, tmp_path)
    with pytest.raises(ConfigError, match=r"raters\.npy has seen images of “squares”"):
        require_unseen(override(same, ["loss.teachers=raters.npy"]), dataset, tmp_path)


@pytest.mark.parametrize("between", [0, 1, 4])
@pytest.mark.parametrize("how", ["started from", "continued", "learned from", "promoted", "extra", "imported twice"])
def test_it_is_refused_through_any_number_of_generations(
    squares_root: Path, tmp_path: Path, how: str, between: int
) -> None:
    dataset = open_dataset(squares_root, "squares")
    elsewhere = {"name": "other", "hash": "0"}
    seen = {"name": "squares", "hash": dataset.hash}
    root = tmp_path / "runs"

    def made(run_id: str, settings: list[str], data: dict[str, str] = elsewhere, **record: object) -> str:
        create_run(root, run_id, {"config": to_dict(override(TrainConfig(), settings)), "dataset": data, **record})
        return f"run:{run_id}"

    if how == "extra":
        last = made("first", [], extra={"name": "corrections-1", "hash": dataset.hash})
    elif how == "imported twice":
        copy = {
            "labels": dataset.labels,
            "splits": list(dataset.table["split"]),
            "sources": list(dataset.table["source"]),
        }
        if not (squares_root / "again").exists():
            save_dataset(squares_root, "again", images=dataset.images[::-1], origin="", **copy)
        last = made("first", [], {"name": "again", "hash": open_dataset(squares_root, "again").hash})
    else:
        last = made("first", [], seen)
    if how == "promoted":
        (tmp_path / "models" / "mine").mkdir(parents=True)
        (tmp_path / "models" / "mine" / "evaluation.json").write_text(json.dumps({"run": "first", "evaluations": []}))
        last = "mine"
    for number in range(between):
        before = last.removeprefix("run:")
        if how == "continued":
            last = made(f"then-{number}", [], parent={"run": before, "checkpoint": "best", "changes": {}})
        elif how == "learned from":
            last = made(f"then-{number}", [f"loss.teachers={last}@best"])
        else:
            last = made(f"then-{number}", [f"start_from={last}"])
    config = override(TrainConfig(), ["dataset=squares", "folds.count=3", f"start_from={last}"])
    with pytest.raises(ConfigError, match="has seen images of “squares”"):
        require_unseen(config, dataset, tmp_path)
    made("clean", [])
    assert require_unseen(override(config, ["start_from=run:clean"]), dataset, tmp_path) == []
    unknown = require_unseen(override(config, ["start_from=owner/name"]), dataset, tmp_path)
    assert unknown == ["owner/name"]


def test_folds_follow_from_the_content_alone(photographs: FaceDataset, tmp_path: Path) -> None:
    (photographs.folder / "audit.json").unlink(missing_ok=True)
    before = assign_folds(photographs, 5)
    audit_dataset(photographs)
    np.testing.assert_array_equal(assign_folds(photographs, 5), before)
