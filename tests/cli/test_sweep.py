"""`ferdash sweep`: one study in one process, in two, and in one that is killed; what is printed of it."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.errors import ConfigError, StudyError
from ferdash.runs.store import list_run_ids, read_log
from ferdash.runs.studies import list_studies, read_study

SMALL = [
    *("--dataset", "demo", "--epochs", "1"),
    *("--set", "network.width=4", "--set", "network.depths=1", "--set", "compute.threads=1"),
    *("--set", "schedule.warmup_epochs=0"),
]
PATIENCE_S = 120
Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def interruption() -> Iterator[None]:
    """The command takes Ctrl-C for itself; afterwards it is the test runner's again."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def roots(demo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoints root that the command uses."""
    monkeypatch.setenv("FERDASH_DATA", str(demo_root))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path))
    monkeypatch.delenv("FERDASH_STUDIES", raising=False)
    return tmp_path


@pytest.fixture
def url(roots: Path) -> str:
    return f"sqlite:///{roots / 'studies.db'}"


@pytest.fixture
def sweep(roots: Path) -> Invoke:
    return lambda *arguments: CliRunner().invoke(app, ["sweep", *arguments])


@pytest.fixture
def start(fork: Callable, roots: Path) -> Callable:
    """Start the command in a process of its own."""
    return lambda *arguments: fork("from ferdash.cli import main; main()", "sweep", *arguments)


def test_a_study_is_made_gone_on_with_and_shown(sweep: Invoke, url: str) -> None:
    first = sweep("--study", "s", "--trials", "1", *SMALL)
    assert first.exit_code == 0, first.stderr
    assert "Trial 1 of 1 (k " in first.stderr
    assert "1 trial of 1 on the Pareto front" in " ".join(first.stdout.split())
    more = sweep("--study", "s", "--trials", "2", "--json")
    answer = json.loads(more.stdout)
    assert [trial["state"] for trial in answer["trials"]] == ["finished", "finished"]
    assert set(answer["front"]) <= {1, 2}
    assert answer["definition"]["config"]["sampling"]["mode"] == "adaptive"
    assert answer["definition"]["config"]["evaluation"]["select"] == "balanced"
    assert json.loads(sweep("--study", "s", "--show", "--json").stdout) == answer
    assert "one run from one seed" in " ".join(sweep("--study", "s", "--show").stdout.split())
    assert sweep("--show").stdout.split() == ["s"]
    assert json.loads(sweep("--show", "--json").stdout)["studies"] == ["s"]
    with pytest.raises(StudyError, match="epochs is 1, not 3"):
        raise sweep("--study", "s", *SMALL, "--epochs", "3").exception  # type: ignore[misc]
    assert list_studies(url) == ["s"]


def test_what_is_varied_can_be_told_setting_by_setting(sweep: Invoke) -> None:
    vary = ("--vary", "optimizer.lr=1e-4..1e-2:log", "--vary", "schedule.name=constant|cosine")
    result = sweep("--trials", "1", *SMALL, *vary, "--sampler", "nsga2", "--seed", "7", "--json")
    answer = json.loads(result.stdout)
    assert answer["definition"]["vary"] == ["optimizer.lr=0.0001..0.01:log", "schedule.name=constant|cosine"]
    assert (answer["definition"]["sampler"], answer["definition"]["seed"]) == ("nsga2", 7)
    assert answer["study"].startswith("fernet-quick-own-")
    assert set(answer["trials"][0]["settings"]) == {"optimizer.lr", "schedule.name"}


def test_a_named_space_can_be_narrowed(sweep: Invoke) -> None:
    narrowed = ("--space", "optimizer", "--vary", "batch_size=16|32")
    answer = json.loads(sweep("--trials", "1", *SMALL, *narrowed, "--json").stdout)
    assert "batch_size=16|32" in answer["definition"]["vary"]
    assert len(answer["definition"]["vary"]) == 4


def test_without_a_study_the_command_to_start_one_is_said(sweep: Invoke) -> None:
    result = sweep("--show")
    assert result.exit_code == 0
    assert "Start with: ferdash sweep" in result.stderr
    with pytest.raises(StudyError, match="There is no study “s”"):
        raise sweep("--study", "s", "--show").exception  # type: ignore[misc]
    with pytest.raises(ConfigError, match=r"no setting called optimizer\.lrr"):
        raise sweep("--dataset", "demo", "--vary", "optimizer.lrr=1..2").exception  # type: ignore[misc]


def test_two_processes_share_one_study(start: Callable, roots: Path, url: str) -> None:
    both = [start("--study", "s", "--trials", "6", *SMALL, "--json") for _ in range(2)]
    told = [process.communicate(timeout=PATIENCE_S) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    trials = read_study(url, "s").trials
    assert [trial.state for trial in trials] == ["finished"] * 6
    assert sorted(trial.run for trial in trials) == sorted(list_run_ids(roots / "runs"))
    assert len({trial.settings["optimizer.lr"] for trial in trials}) == 6
    assert sum(stderr.count("Trial ") for _, stderr in told) == 6


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_a_process_that_ends_early_loses_nothing(
    how: int, start: Callable, sweep: Invoke, roots: Path, url: str
) -> None:
    process = start("--study", "s", "--trials", "1", *SMALL, "--epochs", "40")
    deadline = time.monotonic() + PATIENCE_S
    while not list((roots / "runs").glob("*/checkpoints/[a-z]*-*.pt")):
        assert time.monotonic() < deadline
        assert process.returncode is None, process.communicate()
        time.sleep(0.02)
    os.kill(process.pid, how)
    _, stderr = process.communicate(timeout=PATIENCE_S)
    (run_id,) = list_run_ids(roots / "runs")
    if how == signal.SIGINT:
        assert process.returncode == 0
        assert "Resume with: ferdash sweep --study s --trials 1" in stderr
    assert read_study(url, "s").finished == []
    assert sweep("--study", "s", "--trials", "1").exit_code == 0
    (trial,) = read_study(url, "s").trials
    assert (trial.state, trial.run) == ("finished", run_id)
    assert any("Resuming from checkpoint" in line for line in read_log(roots / "runs" / run_id))


def test_another_database_is_named_in_the_commands(sweep: Invoke, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'shared' / 'studies.db'}"
    result = sweep("--study", "s", "--trials", "1", *SMALL, "--storage", other)
    assert f"--storage {other}" in result.stderr, result.stderr
    assert list_studies(other) == ["s"]
