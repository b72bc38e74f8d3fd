import errno
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import torch

from ferdash.errors import DatasetError, RunError
from ferdash.runs.store import open_run, read_log, read_metrics, read_status, write_status
from ferdash.training.config import TrainConfig, override
from ferdash.training.jobs import JobManager

PATIENCE_S = 60.0


@pytest.fixture
def manager(squares_root: Path, tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(data=squares_root, checkpoints=tmp_path)
    yield manager
    manager.close()


def config(*settings: str) -> TrainConfig:
    base = ["dataset=squares", "epochs=2", "batch_size=16", "network.width=4", "network.depths=1", "compute.threads=1"]
    return override(TrainConfig(), base + list(settings))


def until(condition: Callable[[], bool]) -> None:
    """Poll until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.01)


def state_of(tmp_path: Path, run_id: str) -> str:
    return str(read_status(tmp_path / "runs" / run_id)["state"])


def test_queued_runs_are_trained_one_after_the_other(manager: JobManager, tmp_path: Path) -> None:
    ids = [manager.submit(config(f"seed={seed}")) for seed in range(2)]
    assert manager.wait(PATIENCE_S)
    for run_id in ids:
        assert state_of(tmp_path, run_id) == "finished"
        assert len(read_metrics(tmp_path / "runs" / run_id)) == 2
    assert manager.current is None


def test_stop_saves_and_resume_goes_on(manager: JobManager, tmp_path: Path) -> None:
    run_id = manager.submit(config("epochs=500"))
    folder = tmp_path / "runs" / run_id
    until(lambda: len(read_metrics(folder)) >= 1)
    manager.stop(run_id)
    assert manager.wait(PATIENCE_S)
    assert state_of(tmp_path, run_id) == "stopped"
    done = len(read_metrics(folder))
    assert manager.resume(run_id) == run_id
    until(lambda: len(read_metrics(folder)) > done)
    assert any("Resuming from checkpoint" in line for line in read_log(folder))


def test_pause_holds_the_run_and_unpause_lets_it_go_on(manager: JobManager, tmp_path: Path) -> None:
    run_id = manager.submit(config("epochs=500"))
    folder = tmp_path / "runs" / run_id
    until(lambda: manager.current == run_id and len(read_metrics(folder)) >= 1)
    manager.pause(run_id)
    until(lambda: state_of(tmp_path, run_id) == "paused")
    held = len(read_metrics(folder))
    time.sleep(0.3)
    assert len(read_metrics(folder)) == held
    manager.unpause(run_id)
    until(lambda: len(read_metrics(folder)) > held)


def test_a_waiting_run_can_be_taken_from_the_queue(manager: JobManager, tmp_path: Path) -> None:
    first = manager.submit(config("epochs=500"))
    second = manager.submit(config())
    until(lambda: manager.current == first)
    assert manager.queued == [second]
    with pytest.raises(RunError, match="already at work or in the queue"):
        manager.resume(second)
    manager.stop(second)
    assert manager.queued == []
    assert state_of(tmp_path, second) == "stopped"
    with pytest.raises(RunError, match="neither at work nor in the queue"):
        manager.stop(second)
    with pytest.raises(RunError, match="not at work in this app"):
        manager.pause(second)


def test_a_failed_run_says_why_and_the_queue_goes_on(manager: JobManager, tmp_path: Path) -> None:
    bad = manager.submit(config("optimizer.lr=1e30"))
    good = manager.submit(config())
    assert manager.wait(PATIENCE_S)
    status = read_status(tmp_path / "runs" / bad)
    assert status["state"] == "failed"
    assert "lower optimizer.lr" in status["error"]
    assert state_of(tmp_path, good) == "finished"


def test_a_full_disk_keeps_the_last_checkpoint_and_the_queue_goes_on(
    manager: JobManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn_save(packed: dict[str, Any], file: BinaryIO) -> None:
        if packed.get("position", {}).get("epoch") == 2:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(packed, file)

    save = torch.save
    monkeypatch.setattr("ferdash.training.checkpoints.torch.save", torn_save)
    first = manager.submit(config("epochs=3", "checkpoint.every_batches=0"))
    assert manager.wait(PATIENCE_S)
    folder = tmp_path / "runs" / first
    assert read_status(folder)["state"] == "failed"
    assert "The disk is full" in read_status(folder)["error"]
    assert not list(folder.glob("checkpoints/.*"))  # the torn file does not stay to fill the disk
    monkeypatch.undo()
    second = manager.submit(config("seed=1"))
    manager.resume(first)
    assert manager.wait(PATIENCE_S)
    assert [state_of(tmp_path, run_id) for run_id in (first, second)] == ["finished", "finished"]
    assert any("Resuming from checkpoint epoch-001" in line for line in read_log(folder))


def test_a_dataset_that_vanished_fails_its_run_alone(squares_root: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("squares", "gone"):
        shutil.copytree(squares_root / "squares", data / name)
    manager = JobManager(data=data, checkpoints=tmp_path)
    try:
        first = manager.submit(config("epochs=500"))
        until(lambda: manager.current == first)
        second, third = manager.submit(config("dataset=gone")), manager.submit(config())
        shutil.rmtree(data / "gone")
        manager.stop(first)
        assert manager.wait(PATIENCE_S)
        assert [state_of(tmp_path, run_id) for run_id in (second, third)] == ["failed", "finished"]
        assert "gone" in read_status(tmp_path / "runs" / second)["error"]
    finally:
        manager.close()


def test_a_missing_dataset_is_said_at_once(manager: JobManager) -> None:
    with pytest.raises(DatasetError, match="no dataset called “nothing”"):
        manager.submit(config("dataset=nothing"))


def test_a_second_manager_waits_for_the_first(manager: JobManager, squares_root: Path, tmp_path: Path) -> None:
    first = manager.submit(config("epochs=500"))
    until(lambda: state_of(tmp_path, first) == "running")
    other = JobManager(data=squares_root, checkpoints=tmp_path)
    try:
        second = other.submit(config())
        until(lambda: other.current == second)
        time.sleep(0.3)
        assert state_of(tmp_path, second) == "queued"
        manager.stop(first)
        assert other.wait(PATIENCE_S)
        assert state_of(tmp_path, second) == "finished"
    finally:
        other.close()


def test_an_interrupted_run_is_resumed(manager: JobManager, squares_root: Path, tmp_path: Path) -> None:
    run_id = manager.submit(config("epochs=500"))
    until(lambda: len(read_metrics(tmp_path / "runs" / run_id)) >= 1)
    manager.close()
    folder = open_run(tmp_path / "runs", run_id).folder
    write_status(folder, state="running")
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps({**status, "heartbeat": 0}))
    assert read_status(folder)["state"] == "interrupted"
    again = JobManager(data=squares_root, checkpoints=tmp_path)
    try:
        done = len(read_metrics(folder))
        again.resume(run_id)
        until(lambda: len(read_metrics(folder)) > done)
    finally:
        again.close()
