"""Exact resume is the promise of the loop: however a run is cut, it ends with the same weights, bit for bit."""

import itertools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ferdash.emotions import EMOTIONS
from ferdash.errors import CheckpointError, RunError
from ferdash.models.weights import read_checkpoint
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run, read_metrics, read_status
from ferdash.training import start
from ferdash.training.checkpoints import list_checkpoints
from ferdash.training.config import TrainConfig, override
from ferdash.training.control import Control, Progress

LAST = "epoch-002.pt"


def make_run(config: TrainConfig, root: Path, where: Path) -> Run:
    return start.create(config, data=root, checkpoints=where)


def train(run: Run, root: Path, where: Path, stop_after: int | None = None) -> str:
    """Train in this process, stopping after so many batches."""
    control, seen = Control(), 0

    def count(progress: Progress) -> None:
        nonlocal seen
        seen += progress.phase == "training"
        if seen == stop_after:
            control.stop.set()

    return start.execute(run, data=root, checkpoints=where, control=control, on_progress=count)


def assert_same_state(first: Path, second: Path) -> None:
    one, two = read_checkpoint(first), read_checkpoint(second)
    for part in (one["network"]["weights"], one["averaged"]):
        assert part
    for name, tensor in one["network"]["weights"].items():
        assert torch.equal(tensor, two["network"]["weights"][name]), name
        assert torch.equal(one["averaged"][name], two["averaged"][name]), name
    for index, moments in one["optimizer"]["state"].items():
        for name, tensor in moments.items():
            assert torch.equal(tensor, two["optimizer"]["state"][index][name])


@pytest.fixture(scope="module")
def uninterrupted(squares_root: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Run:
    where = tmp_path_factory.mktemp("uninterrupted")
    run = make_run(CONFIGS["adaptive"], squares_root, where)
    assert train(run, squares_root, where) == "finished"
    return run


def config_with(*settings: str) -> TrainConfig:
    base = [
        "dataset=squares",
        "epochs=2",
        "batch_size=16",
        "ema=0.9",
        "network.width=4",
        "network.depths=1,1",
        "optimizer.lr=5e-3",
        "optimizer.clip=1",
        "schedule.name=cosine",
        "augment.flip=0.5",
        "augment.rotation=10",
        "augment.erasing=0.3",
        "augment.mixup=0.2",
        "augment.small_size=36",
        "augment.small_epochs=1",
        "checkpoint.every_batches=2",
        "checkpoint.keep_last=20",
        "compute.threads=1",
        "compute.device=cpu",
        "compute.precision=float32",
    ]
    return override(TrainConfig(), base + list(settings))


CONFIGS = {
    "adaptive": config_with("sampling.mode=adaptive"),
    "accumulating": config_with("optimizer.accumulate=2", "optimizer.name=sgd", "loss.focal_gamma=2"),
}


@pytest.mark.parametrize("stop_after", [1, 3, 7, 8, 13])
def test_a_stopped_run_ends_like_one_that_never_stopped(
    stop_after: int, uninterrupted: Run, squares_root: Path, tmp_path: Path
) -> None:
    run = make_run(CONFIGS["adaptive"], squares_root, tmp_path)
    assert train(run, squares_root, tmp_path, stop_after) == "stopped"
    assert read_status(run.folder)["state"] == "stopped"
    assert train(run, squares_root, tmp_path) == "finished"
    assert_same_state(run.checkpoints / LAST, uninterrupted.checkpoints / LAST)
    pairs = zip(read_metrics(run.folder), read_metrics(uninterrupted.folder), strict=True)
    for row, golden in pairs:
        for name in ("train_loss", "train_accuracy", "validation", "weights", "drawn", "step"):
            assert row[name] == golden[name], name


KILLED_RUN = """
import sys
from pathlib import Path
from ferdash.runs.store import open_run
from ferdash.training import start
root, where, run_id = sys.argv[1:]
start.execute(open_run(Path(where) / "runs", run_id), data=Path(root), checkpoints=Path(where))
"""


def test_a_run_killed_at_random_moments_ends_like_one_that_never_was(
    uninterrupted: Run, squares_root: Path, tmp_path: Path, fork: Callable
) -> None:
    run = make_run(CONFIGS["adaptive"], squares_root, tmp_path)
    rng = np.random.default_rng(int(os.environ.get("FERDASH_KILL_SEED", "0")))
    kills = 0
    for _ in range(30):
        before = len(list_checkpoints(run.checkpoints))
        process = fork(KILLED_RUN, str(squares_root), str(tmp_path), run.id)
        # From the moment it is at work, let it live for a random while: in a batch, in a save, or between.
        while process.returncode is None and len(list_checkpoints(run.checkpoints)) == before:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.15))
        if process.returncode is None and kills < 4:
            process.kill()
            kills += 1
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors
        if process.returncode == 0:
            break
    assert kills >= 2
    assert_same_state(run.checkpoints / LAST, uninterrupted.checkpoints / LAST)


def test_accumulated_gradients_resume_exactly_too(squares_root: Path, tmp_path: Path) -> None:
    config = CONFIGS["accumulating"]
    whole, cut = (make_run(config, squares_root, tmp_path) for _ in range(2))
    train(whole, squares_root, tmp_path)
    train(cut, squares_root, tmp_path, stop_after=4)
    train(cut, squares_root, tmp_path)
    assert_same_state(whole.checkpoints / LAST, cut.checkpoints / LAST)


def test_it_learns_and_records_what_it_measured(uninterrupted: Run, squares_root: Path, tmp_path: Path) -> None:
    gentle = ["augment.mixup=0", "augment.flip=0", "augment.rotation=0", "augment.small_epochs=0", "ema=0"]
    config = config_with("epochs=24", "network.width=8", "schedule.name=constant", *gentle)
    run = make_run(config, squares_root, tmp_path)
    train(run, squares_root, tmp_path)
    rows = read_metrics(run.folder)
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    status = read_status(run.folder)
    best = max(row["validation"]["accuracy"] for row in rows)
    assert best > 0.6
    assert status["best"]["score"] == best
    predictions = read_predictions(run.folder, "validation")
    p = predictions.drop(columns=["row", "label"]).to_numpy()
    assert (p.argmax(1) == predictions["label"]).mean() == best


def test_adaptive_focus_is_on_record(uninterrupted: Run) -> None:
    first, second = read_metrics(uninterrupted.folder)
    assert first["weights"] is None
    assert sum(first["drawn"]) == sum(second["drawn"]) == 7 * 16
    assert second["focus"] == first["next_focus"]
    assert sorted(weight > 1 for weight in second["weights"]) == [False] * 5 + [True] * 2
    f1 = first["validation"]["f1"]
    assert max(f1[i] for i in range(7) if second["weights"][i] > 1) <= min(
        f1[i] for i in range(7) if second["weights"][i] == 1
    )


def test_the_smoothed_f1_is_carried_on_from_epoch_to_epoch(squares_root: Path, tmp_path: Path) -> None:
    smoothed = ["sampling.mode=adaptive", "sampling.focus.smoothing=0.6", "sampling.focus.k=3", "epochs=4"]
    config = config_with(*smoothed)
    whole, cut = (make_run(config, squares_root, tmp_path) for _ in range(2))
    train(whole, squares_root, tmp_path)
    mean = None
    for row, following in itertools.pairwise(read_metrics(whole.folder)):
        f1 = np.array(row["validation"]["f1"], dtype=float)
        mean = f1 if mean is None else 0.6 * mean + 0.4 * f1
        worst = np.argsort(mean, kind="stable")[:3]
        assert following["focus"] == [EMOTIONS[index] for index in worst]
        lag = mean.max() - mean[worst]
        assert [following["weights"][index] for index in worst] == pytest.approx(list(3 + 2 * lag / lag.max()))
    train(cut, squares_root, tmp_path, stop_after=17)
    train(cut, squares_root, tmp_path)
    assert [row["weights"] for row in read_metrics(cut.folder)] == [
        row["weights"] for row in read_metrics(whole.folder)
    ]


def test_zero_epochs_only_measures(squares_root: Path, tmp_path: Path) -> None:
    run = make_run(config_with("epochs=0"), squares_root, tmp_path)
    assert train(run, squares_root, tmp_path) == "finished"
    (row,) = read_metrics(run.folder)
    assert row["validation"]["images"] == 28


def test_patience_ends_a_run_that_no_longer_improves(squares_root: Path, tmp_path: Path) -> None:
    config = config_with("epochs=40", "optimizer.lr=1e-9", "ema=0", "evaluation.patience=2")
    run = make_run(config, squares_root, tmp_path)
    assert train(run, squares_root, tmp_path) == "finished"
    rows = read_metrics(run.folder)
    scores = [row["validation"]["accuracy"] for row in rows]
    assert len(rows) == scores.index(max(scores)) + 1 + 2


def test_a_loss_that_is_not_a_number_fails_the_run_with_a_sentence(squares_root: Path, tmp_path: Path) -> None:
    run = make_run(config_with("optimizer.lr=1e30", "optimizer.clip=0"), squares_root, tmp_path)
    with pytest.raises(RunError, match="Continue from the last checkpoint with a lower"):
        train(run, squares_root, tmp_path)
    status = read_status(run.folder)
    assert status["state"] == "failed"
    assert "optimizer.lr" in status["error"]


def test_a_torn_checkpoint_is_passed_over_for_the_one_before(squares_root: Path, tmp_path: Path) -> None:
    run = make_run(CONFIGS["adaptive"], squares_root, tmp_path)
    train(run, squares_root, tmp_path, stop_after=9)
    newest = list_checkpoints(run.checkpoints)[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    assert train(run, squares_root, tmp_path) == "finished"


def test_a_run_without_any_readable_checkpoint_says_so(squares_root: Path, tmp_path: Path) -> None:
    run = make_run(CONFIGS["adaptive"], squares_root, tmp_path)
    train(run, squares_root, tmp_path, stop_after=1)
    for path in list_checkpoints(run.checkpoints):
        path.write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="no usable checkpoint"):
        train(run, squares_root, tmp_path)
