"""Videos shared among processes: each once, what is done is not done again, and what was begun is resumed."""

import gc
import re
from pathlib import Path

import distributed
import pytest

from ferdash.analyses.jobs import create_video_analysis
from ferdash.errors import ConfigError
from ferdash.exports.batch import VideoTask, run_on, work
from ferdash.models.reference import title_of
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.sample import write_sample

SETTINGS = AnalysisSettings(stride=10, end_s=1.0)
CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


@pytest.fixture
def task(tmp_path):
    def make(name: str) -> VideoTask:
        path = tmp_path / f"{name}.mp4"
        if not path.is_file():
            write_sample(path, 1.2)
        return VideoTask(
            path=str(path),
            folder=str(tmp_path / "out" / name),
            root=str(tmp_path / "analyses"),
            checkpoints=str(CHECKPOINTS),
            settings=SETTINGS.to_dict(),
            exports=("events.csv", "summary.json"),
            model="fernet",
            detector="centerface",
        )

    return make


def test_what_was_begun_is_resumed(task, tmp_path):
    begun = task("one")
    facts = {"model": begun.model, "model_title": title_of("fernet", CHECKPOINTS), "detector": begun.detector}
    known = create_video_analysis(tmp_path / "analyses", Path(begun.path), SETTINGS, **facts)
    found = work(begun)
    assert (found["error"], found["done"], found["analysis"]) == (None, "resumed", known.id)


def test_what_is_no_video_is_said(no_film):
    assert "bad.mp4" in work(no_film)["error"]


def run_quickly(scheduler, tasks, *, on_done=lambda one, workers: None, on_wait=lambda sentence: None, patience_s=30):
    return run_on(scheduler, tasks, on_done=on_done, on_wait=on_wait, patience_s=patience_s)


def test_an_address_where_nobody_is():
    with pytest.raises(ConfigError, match="dask scheduler"):
        run_quickly("not an address", [])
    gc.collect()  # Dask's half-made client would otherwise be taken down amid the start of a next test's


@pytest.fixture
def scheduler():
    """One of Dask in this process, without workers."""
    with distributed.LocalCluster(n_workers=0, processes=False, threads_per_worker=1, dashboard_address=None) as alone:
        yield alone


@pytest.fixture
def no_film(task, tmp_path):
    """A task that is quickly done."""
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    return task("bad")


def test_a_scheduler_without_workers_is_said_at_once_and_given_up(no_film, scheduler):
    address, said = scheduler.scheduler_address, []
    gave_up = f"No worker came to the scheduler at {address} within 0.5 s; start one with `dask worker {address}"
    with pytest.raises(ConfigError, match=re.escape(gave_up)):
        run_quickly(address, [no_film], on_wait=said.append, patience_s=0.5)
    (sentence,) = said
    assert sentence.startswith(f"The scheduler at {address} has no worker yet: waiting 0.5 s for one; ")


def test_a_worker_that_comes_late_does_the_work(no_film, scheduler):
    seen = []
    come = {"on_wait": lambda sentence: scheduler.scale(1), "on_done": lambda one, workers: seen.append(workers)}
    (done,) = run_quickly(scheduler.scheduler_address, [no_film], **come)
    assert "bad.mp4" in done["error"]
    assert seen == [1]
