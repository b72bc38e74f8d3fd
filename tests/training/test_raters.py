from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import open_dataset
from ferdash.errors import ConfigError
from ferdash.training import start
from ferdash.training.config import TrainConfig, override
from ferdash.training.raters import label_given_votes


def _noisy(count: int = 700, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What faces show, labels of which three in ten are drawn by lot, and ten votes of which eight are right."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 7
    labels = np.where(rng.random(count) < 0.3, rng.integers(0, 7, count), truth)
    votes = np.zeros((count, 10), dtype=np.uint8)
    votes[np.arange(count), truth] = 8
    votes[np.arange(count), (truth + 1) % 7] = 2
    return truth, labels, votes


def test_votes_say_what_the_label_usually_is() -> None:
    truth, labels, votes = _noisy()
    table = label_given_votes(labels, votes)
    assert table.dtype == np.float32
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-6)
    assert (table.argmax(axis=1) == truth).all()
    # Three labels in ten were drawn among seven, so about 0.7 + 0.3 / 7 of them are what the face shows.
    assert table.max(axis=1).mean() == pytest.approx(0.7 + 0.3 / 7, abs=0.04)


def test_no_label_has_a_part_in_its_own_guess() -> None:
    # Where labels are drawn by lot a guess can only be right by chance, unless it has seen the label.
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 7, 210)
    votes = rng.integers(0, 6, (210, 10)).astype(np.uint8)
    assert label_given_votes(labels, votes)[np.arange(210), labels].mean() < 1 / 7 + 0.02


def test_features_say_what_votes_cannot() -> None:
    # The raters cannot tell 5 from 6 here; one of the features can.
    truth, labels, votes = _noisy()
    votes[np.isin(truth, (5, 6))] = np.array([0, 0, 0, 0, 0, 5, 5, 0, 0, 0], dtype=np.uint8)
    rng = np.random.default_rng(3)
    features = rng.normal(size=(len(truth), 4)).astype(np.float32)
    features[:, 0] += 6 * (truth == 6)
    votes[9] = 0
    blind, seeing = label_given_votes(labels, votes), label_given_votes(labels, votes, features)
    hard = np.isin(truth, (5, 6))
    assert (blind[hard].argmax(axis=1) == truth[hard]).mean() < 0.7
    assert (seeing[hard].argmax(axis=1) == truth[hard]).mean() > 0.95
    assert seeing[9].tolist() == np.eye(7)[labels[9]].tolist()


def test_an_image_without_votes_keeps_its_label() -> None:
    _, labels, votes = _noisy()
    votes[5] = 0
    assert label_given_votes(labels, votes)[5].tolist() == np.eye(7)[labels[5]].tolist()


def test_no_votes_and_too_few_images_are_said() -> None:
    with pytest.raises(ConfigError, match="the dataset has no raters' votes"):
        label_given_votes(np.zeros(3, dtype=int), None)
    _, labels, votes = _noisy(28)
    with pytest.raises(ConfigError, match="needs 5 images of each emotion"):
        label_given_votes(labels, votes)


def test_a_run_learns_from_the_votes(tmp_path: Path, voted_root: Path, tiny_config: TrainConfig) -> None:
    config = override(
        tiny_config, ["dataset=voted", "epochs=1", "loss.teachers=votes", "loss.teacher_share=0.5", "folds.count=3"]
    )
    run = start.create(config, data=voted_root, checkpoints=tmp_path)
    assert start.execute(run, data=voted_root, checkpoints=tmp_path) == "finished"
    assert np.load(run.folder / "teacher_probs.npy").max(axis=1).min() > 0.5
    once_more = override(config, [f"loss.teachers=votes:run:{run.id}@best", "folds.count=0"])
    distilled = start.create(once_more, data=voted_root, checkpoints=tmp_path)
    assert start.execute(distilled, data=voted_root, checkpoints=tmp_path) == "finished"
    voted = open_dataset(voted_root, "voted")
    guessed = np.load(distilled.folder / "teacher_probs.npy").argmax(axis=1)
    assert (guessed == voted.labels[voted.rows("train")]).mean() > 0.95  # the votes say it, whatever the features do
