"""Analyses from beginning to end, stopped, killed and gone on with."""

import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from ferdash.analyses import execution
from ferdash.analyses.execution import estimate, execute, progress_of
from ferdash.analyses.jobs import create_stills_session, create_video_session, unfinished
from ferdash.errors import SessionError, VideoError
from ferdash.video.analysis import AnalysisSettings

SETTINGS = AnalysisSettings(batch=8)


def test_an_analysis_from_beginning_to_end(root, clip, small_model, detector):
    session = create_video_session(root, clip(50), SETTINGS, model="small", model_title="Small")
    assert session.state == "queued"
    seen = []
    execute(session, small_model, detector, on_progress=seen.append)
    info = session.info
    assert (info["state"], info["frames"], info["video"]["frames"]) == ("done", 50, 50)
    assert session.frames()["frame"].tolist() == list(range(50))
    assert session.thumbnail(1) is not None
    frames = [progress.frames for progress in seen]
    assert frames[-1] == 50
    assert all(0 < after - before <= 8 for before, after in pairwise([0, *frames]))
    assert seen[-1].share == 1.0
    assert seen[-1].eta_s == 0.0
    assert all(progress.speed > 0 for progress in seen)
    assert progress_of(session).frames == 50
    assert {"decode", "detect", "follow", "classify", "write", "total"} <= set(info["timings"])
    assert info["engine"] == "torch"


def test_a_stopped_analysis_keeps_what_it_had_and_goes_on(root, clip, small_model, detector):
    session = create_video_session(root, clip(50), SETTINGS, model="small")
    stop = threading.Event()
    execute(session, small_model, detector, stop=stop, on_progress=lambda progress: stop.set())
    assert session.state == "stopped"
    assert session.frames()["frame"].tolist() == list(range(8))
    assert [one.id for one in unfinished(root)] == [session.id]
    execute(session, small_model, detector)
    table = session.frames()
    assert session.state == "done"
    assert table["frame"].tolist() == list(range(50))
    assert set(table["track"]) == {1}
    assert unfinished(root) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from ferdash.inference.detector import load_detector
from ferdash.models.loading import load_model
from ferdash.analyses.execution import execute
from ferdash.analyses.store import open_session
root, session_id, checkpoints = sys.argv[1:]
finder = load_detector("centerface", Path(checkpoints))
def kill(progress):
    if progress.frames >= 24:
        os.kill(os.getpid(), signal.SIGKILL)
execute(open_session(Path(root), session_id), load_model("small", Path(checkpoints)), finder, on_progress=kill)
"""


def test_a_killed_analysis_keeps_what_it_had_and_goes_on(root, clip, checkpoints, small_model, detector):
    session = create_video_session(root, clip(50), SETTINGS, model="small")
    command = [sys.executable, "-c", KILLED, str(root), session.id, str(checkpoints)]
    assert subprocess.run(command, cwd=Path(execution.__file__).parents[2], check=False).returncode == -9
    assert session.state == "interrupted"
    assert session.frames()["frame"].tolist() == list(range(24))
    execute(session, small_model, detector)
    assert session.frames()["frame"].tolist() == list(range(50))
    assert set(session.frames()["track"]) == {1}


def test_an_error_inside_is_told_and_loses_nothing(root, clip, small_model, detector):
    class Breaking:
        calls, engine = 0, "torch"

        def probabilities(self, faces):
            self.calls += 1
            if self.calls == 3:
                raise RuntimeError("the network fell over")
            return small_model.probabilities(faces)

    session = create_video_session(root, clip(50), SETTINGS, model="small")
    with pytest.raises(RuntimeError, match="fell over"):
        execute(session, Breaking(), detector)
    assert session.state == "failed"
    assert "RuntimeError: the network fell over" in session.info["error"]
    assert len(session.frames()) == 16


def test_a_video_that_is_gone(root, clip, small_model, detector):
    path = clip(10)
    session = create_video_session(root, path, SETTINGS, model="small")
    path.unlink()
    with pytest.raises(SessionError, match=r"its video is no longer at .*clip\.mp4; put it back"):
        execute(session, small_model, detector)
    assert session.state == "failed"
    assert "put it back" in session.info["error"]


def test_a_video_cut_short_is_noted(root, clip, small_model, detector):
    path = clip(60, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    session = execute(create_video_session(root, path, SETTINGS, model="small"), small_model, detector)
    assert session.state == "done"
    assert "should have 60 frames and ends after" in session.info["note"]


def test_a_part_beyond_the_end_is_noted(root, clip, small_model, detector):
    settings = AnalysisSettings(start_s=60.0)
    session = execute(create_video_session(root, clip(10), settings, model="small"), small_model, detector)
    assert session.info["note"] == "There is no frame between 60 s and the end; the video is about 0.4 s long."
    assert session.frames().empty


def test_an_estimate_before_the_start(clip, small_model, detector):
    guess = estimate(clip(75), AnalysisSettings(stride=3), small_model, detector)
    assert guess.frames == 25
    assert guess.seconds > 0
    assert guess.speed == pytest.approx(75 / 25 / guess.seconds, rel=1e-6)


def test_an_estimate_of_no_video(tmp_path, small_model, detector):
    with pytest.raises(VideoError, match="There is no file"):
        estimate(tmp_path / "gone.mp4", SETTINGS, small_model, detector)


def test_photos_from_beginning_to_end(root, film, small_model, detector):
    photos = []
    for number in range(3):
        image = film.canvas((film.head(), 100 + 30 * number, 120, 150))
        photos.append((f"day {number}.png", cv2.imencode(".png", image[..., ::-1])[1].tobytes()))
    session = create_stills_session(root, photos, SETTINGS, model="small", interval_s=2.0)
    execute(session, small_model, detector)
    table = session.frames()
    assert session.state == "done"
    assert table["timestamp_s"].tolist() == [0.0, 2.0, 4.0]
    assert set(table["track"]) == {1}
    assert session.image(1).shape == (240, 320, 3)
    assert session.record["source"]["photos"] == ["day 0.png", "day 1.png", "day 2.png"]
    with pytest.raises(SessionError, match="has no photo number 3"):
        session.image(3)
