"""`ferdash video FOLDER --scheduler`, from the command line to processes of a real cluster, one of which is killed."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dask
import distributed
import pytest
from typer.testing import CliRunner, Result

from ferdash.analyses.store import Analysis, list_analyses
from ferdash.cli.main import app
from ferdash.video.sample import FPS, write_sample

SHIPPED = Path(__file__).parents[2] / "checkpoints"
SECONDS = 6.0
"""Of the films: several pieces, so that a worker can be killed between two."""
WAIT_S = 240.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    first = write_sample(folder / "one.mp4", SECONDS)
    shutil.copyfile(first, folder / "two.mp4")
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(SHIPPED))
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["video", *map(str, arguments), "--model", "fernet", "--json"])

    return invoke


def outcome(result: Result) -> dict[str, str]:
    """What became of each video: what was there of it before, or the error."""
    assert result.exit_code == 0, result.output
    videos = json.loads(result.stdout)["videos"]
    return {Path(one["file"]).stem: one["error"] or one["done"] for one in videos}


class Killer(threading.Thread):
    """Kills the first process that has written a piece of an analysis, and remembers whose it was."""

    def __init__(self, root: Path) -> None:
        super().__init__(daemon=True)
        self.root, self.killed = root, ""
        self.kept: dict[Path, int] = {}

    def run(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while not self.killed and time.monotonic() < deadline:
            for analysis in list_analyses(self.root) if self.root.is_dir() else []:
                if not self.killed and analysis.state == "running" and analysis.parts():
                    self._kill(analysis)
            time.sleep(0.005)

    def _kill(self, analysis: Analysis) -> None:
        os.kill(int(analysis.info["pid"]), signal.SIGKILL)
        self.killed = analysis.name
        self.kept = written(analysis)


def written(analysis: Analysis) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in analysis.parts()}


def test_the_video_of_a_killed_worker_is_done_by_another_and_nothing_twice(run, cluster, films, tmp_path):
    command = (films, "--out", tmp_path / "out", "--only", "summary.json", "--scheduler", cluster.scheduler_address)
    killer = Killer(tmp_path / "data" / "analyses")
    killer.start()
    first = outcome(run(*command))
    assert killer.killed
    assert first == {"one": "new", "two": "new"} | {killer.killed: "resumed"}
    analyses = {one.name: one for one in list_analyses(killer.root)}
    assert len(analyses) == len(list_analyses(killer.root)) == 2
    for analysis in analyses.values():
        assert list(analysis.frames()["frame"].unique()) == list(range(round(SECONDS * FPS)))
    assert killer.kept.items() <= written(analyses[killer.killed]).items(), "what it had written is kept"
    assert analyses["one"].frames().equals(analyses["two"].frames()), "a kill changes no number"

    before = [written(one) for one in analyses.values()]
    write_sample(films / "three.mp4", 1.0)
    assert outcome(run(*command)) == {"one": "before", "two": "before", "three": "new"}
    assert [written(one) for one in analyses.values()] == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one", "three", "two"]


def test_a_scheduler_that_is_gone_is_one_sentence(run, films, tmp_path):
    printed: list[logging.LogRecord] = []
    printer = logging.Handler()
    printer.emit = printed.append
    logging.getLogger("distributed.client").addHandler(printer)
    known = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    scheduler = subprocess.Popen([*command, "--scheduler-file", str(known)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + WAIT_S
        while not known.is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        address = json.loads(known.read_text())["address"]
        threading.Timer(3.0, scheduler.kill).start()
        with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
            result = run(films, "--out", tmp_path / "out", "--scheduler", address)
    finally:
        scheduler.kill()
        scheduler.wait()
        logging.getLogger("distributed.client").removeHandler(printer)
    assert f"The scheduler at {address} is gone." in str(result.exception)
    assert [one.getMessage() for one in printed if one.levelno >= logging.ERROR] == []
