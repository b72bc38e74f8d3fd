"""A run whose dataset has votes measures itself against them, and can be chosen by them."""

from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import FaceDataset, open_dataset, save_dataset
from ferdash.errors import ConfigError
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import read_metrics, read_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, override


def with_votes(root: Path, squares: FaceDataset, name: str, counts: tuple[int, int, int]) -> None:
    """The squares with ten votes each: for the label, for the next emotion, for not a face."""
    votes = np.zeros((len(squares), 10), np.uint8)
    rows = np.arange(len(squares))
    votes[rows, squares.labels], votes[rows, (squares.labels + 1) % 7], votes[:, 9] = counts
    save_dataset(
        root,
        name,
        images=np.asarray(squares.images),
        labels=squares.labels,
        splits=squares.table["split"].astype(str).tolist(),
        sources=squares.table["source"].tolist(),
        origin="squares",
        votes=votes,
    )


@pytest.fixture
def root(squares_root: Path, tmp_path: Path) -> Path:
    squares = open_dataset(squares_root, "squares")
    for name, counts in {"next": (3, 7, 0), "none": (5, 5, 0), "blind": (0, 1, 9)}.items():
        with_votes(tmp_path / "data", squares, name, counts)
    return tmp_path / "data"


def test_a_run_is_measured_and_chosen_by_the_majority(root: Path, tmp_path: Path, tiny_config: TrainConfig) -> None:
    settings = ["dataset=next", "loss.soft_votes=true", "evaluation.select=majority", "evaluation.baseline=true"]
    run = start.create(override(tiny_config, settings), data=root, checkpoints=tmp_path)
    assert start.execute(run, data=root, checkpoints=tmp_path) == "finished"
    best = read_status(run.folder)["best"]
    table = read_predictions(run.folder, "validation")
    answers = table.iloc[:, 2:].to_numpy().argmax(axis=1)
    assert best["select"] == "majority"
    assert best["score"] == pytest.approx((answers == (table["label"] + 1) % 7).mean())
    rows = read_metrics(run.folder)
    assert best["score"] == max(row["validation"]["raters"]["agreement"] for row in rows)
    assert "with the raters' majority" in (run.folder / "log.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["squares", "none", "blind"])
def test_choosing_by_a_majority_needs_one(
    root: Path, squares_root: Path, tmp_path: Path, tiny_config: TrainConfig, name: str
) -> None:
    data = squares_root if name == "squares" else root
    config = override(tiny_config, [f"dataset={name}", "evaluation.select=majority"])
    run = start.create(config, data=data, checkpoints=tmp_path)
    with pytest.raises(
        ConfigError, match=rf"select=majority needs raters' votes, but on no .* of “{name}” do over half"
    ):
        start.execute(run, data=data, checkpoints=tmp_path)


def test_votes_that_a_dataset_lacks_cannot_be_learned(
    squares_root: Path, tmp_path: Path, tiny_config: TrainConfig
) -> None:
    run = start.create(override(tiny_config, ["loss.soft_votes=true"]), data=squares_root, checkpoints=tmp_path)
    with pytest.raises(ConfigError, match=r"the dataset “squares” has none\. Import it with fer2013new\.csv"):
        start.execute(run, data=squares_root, checkpoints=tmp_path)
