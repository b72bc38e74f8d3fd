"""`ferdash train` with several runs at once: what it prints, and that it can be interrupted and resumed."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.cli.train import Bars
from ferdash.data.dataset import open_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, FerdashError
from ferdash.models.loading import load_model
from ferdash.paths import data_root
from ferdash.runs.index import summary_of
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import list_run_ids, open_run, read_meta, read_metrics, read_status

SMALL = ["network.width=4", "network.depths=1", "epochs=2", "compute.threads=1", "schedule.warmup_epochs=0"]
Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def interruption() -> Iterator[None]:
    """The command takes Ctrl-C for itself; afterwards it is the test runner's again."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def train(demo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("FERDASH_DATA", str(demo_root))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path))

    def invoke(*arguments: str, settings: list[str] = SMALL) -> Result:
        chosen = [part for setting in settings for part in ("--set", setting)]
        return CliRunner().invoke(app, ["train", *arguments, *chosen])

    return invoke


def test_an_estimate_trains_nothing(train: Invoke, tmp_path: Path) -> None:
    said = train("--dataset", "demo", "--estimate").stdout
    assert " images/s, " in said
    assert "MB on disk" in said
    found = json.loads(train("--dataset", "demo", "--estimate", "--json", settings=[*SMALL, "batch_size=16"]).stdout)
    assert found["fits"] == [16, 1]
    assert found["seconds"] > 0
    assert not (tmp_path / "runs").exists()
    with pytest.raises(ConfigError, match="leave --resume out"):
        raise train("--estimate", "--resume", "x").exception  # type: ignore[misc]


def test_seeds_are_trained_as_a_group_with_mean_and_spread(train: Invoke, tmp_path: Path) -> None:
    result = train("--dataset", "demo", "--seed", "4", "--seeds", "3", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert [open_run(tmp_path / "runs", run["run"]).record["config"]["seed"] for run in answer["runs"]] == [4, 5, 6]
    assert {run["state"] for run in answer["runs"]} == {"finished"}
    assert answer["summary"]["over"] == "3 seeds"
    last = [run["metrics"][-1]["validation"]["accuracy"] for run in answer["runs"]]
    spread = answer["summary"]["last"]["accuracy"]
    assert spread["mean"] == pytest.approx(np.mean(last))
    assert spread["std"] == pytest.approx(np.std(last, ddof=1))
    worst = [min(run["metrics"][-1]["validation"]["f1"]) for run in answer["runs"]]
    assert answer["summary"]["last"]["worst_f1"]["mean"] == pytest.approx(np.mean(worst))


def test_an_interrupted_cross_validation_is_taken_up_by_its_name(train: Invoke, tmp_path: Path) -> None:
    over = threading.Event()
    watcher = threading.Thread(target=_interrupt_after_an_epoch, args=(tmp_path / "runs", over))
    watcher.start()
    try:
        stopped = train("--dataset", "demo", "--folds", "2", settings=[*SMALL, "epochs=12"])
    finally:
        over.set()
        watcher.join()
    assert stopped.exit_code == 130
    ids = list_run_ids(tmp_path / "runs")
    assert [read_status(tmp_path / "runs" / run_id)["state"] for run_id in ids] == ["stopped", "stopped"]
    group = open_run(tmp_path / "runs", ids[0]).record["group"]
    assert "2 runs of the group left" in stopped.stderr
    assert f"--resume {group}" in stopped.stderr
    with pytest.raises(ConfigError, match="A group resumes as it was begun"):
        raise train("--resume", group).exception  # type: ignore[misc]
    finished = train("--resume", group, settings=[])
    assert finished.exit_code == 0
    assert "over 2 folds" in finished.stdout
    assert "points" in finished.stdout
    assert [read_status(tmp_path / "runs" / run_id)["state"] for run_id in ids] == ["finished", "finished"]


def test_a_name_given_with_resume_is_the_new_runs_name(train: Invoke, tmp_path: Path) -> None:
    assert train("--dataset", "demo", "--name", "first", "--json").exit_code == 0
    child = train("--resume", list_run_ids(tmp_path / "runs")[0], "--name", "second", "--json", settings=["epochs=3"])
    assert read_meta(tmp_path / "runs" / json.loads(child.stdout)["run"])["name"] == "second"
    names = {read_meta(tmp_path / "runs" / run)["name"] for run in list_run_ids(tmp_path / "runs")}
    assert names == {"first", "second"}


def test_the_bars_end_full(train: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Bars] = []

    class Kept(Bars):
        def __init__(self) -> None:
            super().__init__()
            kept.append(self)

    monkeypatch.setattr("ferdash.cli.train.Bars", Kept)
    stopped_early = [*SMALL, "evaluation.patience=1", "optimizer.lr=1e-9", "epochs=9"]
    for settings in (SMALL, stopped_early):
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        assert train("--dataset", "demo", settings=settings).exit_code == 0
        assert all(task.finished and task.time_remaining == 0 for task in kept[-1].tasks)
        run_id = list_run_ids(tmp_path / "runs")[0]
        assert kept[-1].tasks[0].total == len(read_metrics(tmp_path / "runs" / run_id)) < 9


def test_a_failed_start_leaves_no_run(train: Invoke, tmp_path: Path) -> None:
    assert isinstance(
        train("--dataset", "demo", "--model", "nothing-of-that-name", settings=[]).exception, FerdashError
    )
    assert list_run_ids(tmp_path / "runs") == []


def test_a_run_is_resumed_by_the_end_of_its_id_and_says_that_it_stops_early(train: Invoke, tmp_path: Path) -> None:
    settings = [*SMALL, "evaluation.patience=1", "evaluation.test=true", "optimizer.lr=1e-9", "epochs=9"]
    first = train("--dataset", "demo", settings=settings)
    assert first.exit_code == 0
    assert "Stopped early, after" in first.stderr
    (run_id,) = list_run_ids(tmp_path / "runs")
    folder = tmp_path / "runs" / run_id
    status = read_status(folder)
    assert status["note"].startswith("Stopped early, after")
    assert len(read_metrics(folder)) < 9
    # The test split was measured by the network of the best epoch, whose predictions are kept.
    assert status["test"]["epoch"] == status["best"]["epoch"]
    best = load_model(f"run:{run_id}", tmp_path)
    kept = read_predictions(folder, "test")
    faces = open_dataset(data_root(), "demo").images[kept["row"]]
    np.testing.assert_allclose(best.probabilities(faces), kept[list(EMOTIONS)], atol=1e-5)
    assert summary_of(tmp_path / "runs", run_id).test.accuracy == status["test"]["accuracy"]
    again = train("--resume", run_id[-4:], "--json", settings=["epochs=4", "evaluation.patience=0"])
    assert open_run(tmp_path / "runs", json.loads(again.stdout)["run"]).record["parent"]["run"] == run_id


def _interrupt_after_an_epoch(runs: Path, over: threading.Event) -> None:
    while not over.wait(0.02):
        if any(read_metrics(runs / run_id) for run_id in list_run_ids(runs)):
            os.kill(os.getpid(), signal.SIGINT)
            return
