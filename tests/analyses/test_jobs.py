"""Analyses made, queued, cancelled and gone on with."""

import threading

import pytest

from ferdash.analyses.jobs import VideoJobs, create_sequence_analysis
from ferdash.analyses.store import list_analyses, open_analysis
from ferdash.errors import AnalysisError, VideoError
from ferdash.models.emotion_model import EmotionModel
from ferdash.video.analysis import AnalysisSettings

SETTINGS = AnalysisSettings(batch=8)


@pytest.fixture
def manager(root, checkpoints):
    manager = VideoJobs(root, checkpoints)
    yield manager
    manager.close()


class Gate:
    """A model that waits for leave before each batch, so that a test can act in between."""

    def __init__(self, model: EmotionModel) -> None:
        self.model, self.open, self.engine = model, threading.Semaphore(0), model.engine

    def probabilities(self, faces):
        assert self.open.acquire(timeout=20)
        return self.model.probabilities(faces)


def test_too_few_photos(root):
    with pytest.raises(AnalysisError, match="needs two photos or more"):
        create_sequence_analysis(root, [("a.png", b"")], SETTINGS, model="small")
    with pytest.raises(AnalysisError, match="0 s apart"):
        create_sequence_analysis(root, [("a.png", b"")] * 2, SETTINGS, model="small", interval_s=0)
    assert not root.exists()


def test_a_start_past_the_end_makes_no_analysis(manager, root, clip):
    with pytest.raises(VideoError, match=r"clip\.mp4 ends at 0\.8 s, before the start at 5 s"):
        manager.submit(clip(20), AnalysisSettings(start_s=5.0), model="small")
    assert list_analyses(root) == []


def test_a_queue_is_worked_off(manager, root, clip):
    path = clip(20)
    first = manager.submit(path, SETTINGS, model="small")
    second = manager.submit(path, SETTINGS, model="small", name="Second")
    assert manager.wait(60)
    assert [open_analysis(root, one).state for one in (first, second)] == ["done", "done"]
    assert manager.progress(second).frames == 20
    assert manager.current is None
    with pytest.raises(AnalysisError, match="Second is complete"):
        manager.resume(second)


def test_the_one_at_work_and_waiting_ones_are_cancelled_and_gone_on_with(manager, root, clip, small_model, monkeypatch):
    gate = Gate(small_model)
    monkeypatch.setattr(manager, "_model", lambda reference: gate)
    path = clip(40)
    first, second = (manager.submit(path, SETTINGS, model="small") for _ in range(2))
    gate.open.release()
    poll(lambda: manager.progress(first) is not None)
    assert (manager.current, manager.queued) == (first, [second])
    with pytest.raises(AnalysisError, match="is at work or in the queue already"):
        manager.resume(second)
    manager.cancel(second)
    manager.cancel(first)
    gate.open.release(100)
    assert manager.wait(20)
    assert [open_analysis(root, one).state for one in (first, second)] == ["stopped", "stopped"]
    assert len(open_analysis(root, first).frames()) in (8, 16)
    with pytest.raises(AnalysisError, match="neither at work nor in the queue"):
        manager.cancel(first)
    manager.resume(first)
    assert manager.wait(20)
    assert open_analysis(root, first).frames()["frame"].tolist() == list(range(40))


def test_what_fails_does_not_stop_the_queue(manager, root, clip):
    path = clip(10)
    missing = manager.submit(path, SETTINGS, model="nobody")
    good = manager.submit(path, SETTINGS, model="small")
    assert manager.wait(60)
    info = open_analysis(root, missing).info
    assert info["state"] == "failed"
    assert "There is no model “nobody”" in info["error"]
    assert open_analysis(root, good).state == "done"


def test_closing_keeps_what_there_is(root, checkpoints, clip, small_model, monkeypatch):
    manager = VideoJobs(root, checkpoints)
    gate = Gate(small_model)
    monkeypatch.setattr(manager, "_model", lambda reference: gate)
    path = clip(40)
    first, second = (manager.submit(path, SETTINGS, model="small") for _ in range(2))
    gate.open.release()
    poll(lambda: manager.progress(first) is not None)
    closing = threading.Thread(target=manager.close)
    closing.start()
    poll(lambda: manager.queued == [])
    gate.open.release(100)
    closing.join(20)
    assert [open_analysis(root, one).state for one in (first, second)] == ["stopped", "stopped"]
    assert not open_analysis(root, first).frames().empty


def poll(condition, timeout_s: float = 20.0) -> None:
    waiting = threading.Event()
    for _ in range(int(timeout_s / 0.01)):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("it did not come to pass in time")
