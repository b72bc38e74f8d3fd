"""Videos shared among processes: each once, what is done is not done again, and what was begun is resumed."""

from pathlib import Path

import distributed
import pytest

from ferdash.analyses.jobs import create_video_analysis
from ferdash.analyses.store import list_analyses
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
            write_sample(path)
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


def test_two_processes_share_the_videos_and_a_second_time_nothing_is_analysed(task, tmp_path):
    tasks = [task(name) for name in ("one", "two")]
    seen = []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        done = run_on(cluster.scheduler_address, tasks, on_done=lambda one, workers: seen.append(workers))
        assert [(Path(one["file"]).stem, one["error"], one["done"]) for one in done] == [
            ("one", None, "new"),
            ("two", None, "new"),
        ]
    assert seen == [2, 2]
    assert [work(one)["done"] for one in tasks] == ["before"] * 2
    assert len(list_analyses(tmp_path / "analyses")) == 2
    assert sorted(path.name for path in (tmp_path / "out" / "two").iterdir()) == ["events.csv", "summary.json"]


def test_what_was_begun_is_resumed_and_what_is_no_video_is_said(task, tmp_path):
    begun = task("one")
    facts = {"model": begun.model, "model_title": title_of("fernet", CHECKPOINTS), "detector": begun.detector}
    known = create_video_analysis(tmp_path / "analyses", Path(begun.path), SETTINGS, **facts)
    found = work(begun)
    assert (found["error"], found["done"], found["analysis"]) == (None, "resumed", known.id)
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    assert "bad.mp4" in work(task("bad"))["error"]


def test_an_address_where_nobody_is():
    with pytest.raises(ConfigError, match="dask scheduler"):
        run_on("not an address", [], on_done=lambda one, workers: None)
