"""Analyses from beginning to end, stopped, killed and gone on with."""

import signal
import threading
from itertools import pairwise

import cv2
import pandas as pd
import pytest

from ferdash.analyses.execution import estimate, execute, progress_of
from ferdash.analyses.jobs import create_sequence_analysis, create_video_analysis, unfinished
from ferdash.analyses.store import create_analysis
from ferdash.errors import AnalysisError, VideoError
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.decoding import probe
from ferdash.video.sample import write_sample

SETTINGS = AnalysisSettings(batch=8)


def test_an_analysis_from_beginning_to_end(root, clip, small_model, detector):
    analysis = create_video_analysis(root, clip(50), SETTINGS, model="small", model_title="Small")
    assert analysis.state == "queued"
    seen = []
    execute(analysis, small_model, detector, on_progress=seen.append)
    info = analysis.info
    assert (info["state"], info["frames"], info["video"]["frames"]) == ("done", 50, 50)
    assert analysis.frames()["frame"].tolist() == list(range(50))
    assert analysis.thumbnail(1) is not None
    frames = [progress.frames for progress in seen]
    assert frames[-1] == 50
    assert all(0 < after - before <= 8 for before, after in pairwise([0, *frames]))
    assert seen[-1].share == 1.0
    assert seen[-1].eta_s == 0.0
    assert all(progress.speed > 0 for progress in seen)
    assert progress_of(analysis).frames == 50
    assert {"decode", "detect", "follow", "classify", "write", "total"} <= set(info["timings"])
    assert info["engine"] == "torch"


def test_a_stopped_analysis_keeps_what_it_had_and_goes_on(root, clip, small_model, detector):
    analysis = create_video_analysis(root, clip(50), SETTINGS, model="small")
    stop = threading.Event()
    execute(analysis, small_model, detector, stop=stop, on_progress=lambda progress: stop.set())
    assert analysis.state == "stopped"
    assert analysis.frames()["frame"].tolist() == list(range(8))
    assert [one.id for one in unfinished(root)] == [analysis.id]
    execute(analysis, small_model, detector)
    table = analysis.frames()
    assert analysis.state == "done"
    assert table["frame"].tolist() == list(range(50))
    assert set(table["track"]) == {1}
    assert unfinished(root) == []


def test_however_often_it_is_stopped_the_figures_are_the_same(root, tmp_path, small_model, detector):
    """Two people, one of whom comes in and goes again, stopped after every piece."""
    film = write_sample(tmp_path / "sample.mp4", seconds=9.0)
    settings = AnalysisSettings(batch=24, start_s=5.2, stride=2)
    whole, broken = (create_video_analysis(root, film, settings, model="small") for _ in range(2))
    execute(whole, small_model, detector)
    stop, pieces = threading.Event(), 0
    stop.set()
    while broken.state != "done":
        execute(broken, small_model, detector, stop=stop)
        pieces += 1
    assert pieces >= 4
    assert set(whole.frames()["track"].dropna()) == {1, 2}
    pd.testing.assert_frame_equal(broken.frames(), whole.frames(), rtol=1e-5)
    boxes = ["frame", "track", "detected", "x0", "y0", "x1", "y1", "confidence", "reason"]
    pd.testing.assert_frame_equal(broken.frames()[boxes], whole.frames()[boxes], check_exact=True)


KILLED = """
import os, signal, sys
from pathlib import Path
from ferdash.inference.detector import load_detector
from ferdash.models.loading import load_model
from ferdash.analyses.execution import execute
from ferdash.analyses.store import open_analysis
root, analysis_id, checkpoints = sys.argv[1:]
finder = load_detector("centerface", Path(checkpoints))
def kill(progress):
    if progress.frames >= 24:
        os.kill(os.getpid(), signal.SIGKILL)
execute(open_analysis(Path(root), analysis_id), load_model("small", Path(checkpoints)), finder, on_progress=kill)
"""


def test_a_killed_analysis_keeps_what_it_had_and_goes_on(root, clip, checkpoints, small_model, detector, fork):
    analysis = create_video_analysis(root, clip(50), SETTINGS, model="small")
    process = fork(KILLED, str(root), analysis.id, str(checkpoints))
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    assert analysis.state == "interrupted"
    assert analysis.frames()["frame"].tolist() == list(range(24))
    execute(analysis, small_model, detector)
    assert analysis.frames()["frame"].tolist() == list(range(50))
    assert set(analysis.frames()["track"]) == {1}


def test_an_error_inside_is_told_and_loses_nothing(root, clip, small_model, detector):
    class Breaking:
        calls, engine = 0, "torch"

        def probabilities(self, faces):
            self.calls += 1
            if self.calls == 3:
                raise RuntimeError("the network fell over")
            return small_model.probabilities(faces)

    analysis = create_video_analysis(root, clip(50), SETTINGS, model="small")
    with pytest.raises(RuntimeError, match="fell over"):
        execute(analysis, Breaking(), detector)
    assert analysis.state == "failed"
    assert "RuntimeError: the network fell over" in analysis.info["error"]
    assert len(analysis.frames()) == 16


def test_a_video_that_is_gone(root, clip, small_model, detector):
    path = clip(10)
    analysis = create_video_analysis(root, path, SETTINGS, model="small")
    path.unlink()
    with pytest.raises(AnalysisError, match=r"its video is no longer at .*clip\.mp4; put it back"):
        execute(analysis, small_model, detector)
    assert analysis.state == "failed"
    assert "put it back" in analysis.info["error"]


def test_another_video_in_its_place_is_not_gone_on_with(root, clip, small_model, detector):
    analysis = create_video_analysis(root, clip(50), SETTINGS, model="small")
    stop = threading.Event()
    stop.set()
    execute(analysis, small_model, detector, stop=stop)
    clip(51)
    with pytest.raises(AnalysisError, match="another video than the one that was analysed"):
        execute(analysis, small_model, detector)
    assert len(analysis.frames()) == 8


def test_a_video_cut_short_is_noted(root, clip, small_model, detector):
    path = clip(60, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    analysis = execute(create_video_analysis(root, path, SETTINGS, model="small"), small_model, detector)
    assert analysis.state == "done"
    assert "should have 60 frames and ends after" in analysis.info["note"]


def test_a_part_that_turns_out_to_hold_no_frame_is_noted(root, clip, small_model, detector):
    path, settings = clip(10), AnalysisSettings(start_s=0.38).to_dict()
    made = create_analysis(root, kind="video", source=path, video=probe(path).to_dict(), settings=settings)
    analysis = execute(made, small_model, detector)
    assert analysis.info["note"] == "There is no frame between 0.38 s and the end; the video is about 0.4 s long."
    assert analysis.frames().empty


def test_an_estimate_before_the_start(clip, small_model, detector):
    guess = estimate(clip(75), AnalysisSettings(stride=3), small_model, detector)
    assert guess.frames == 25
    assert guess.seconds > 0
    assert guess.speed == pytest.approx(75 / 25 / guess.seconds, rel=1e-6)


def test_an_estimate_of_a_part_past_the_end(clip, small_model, detector):
    with pytest.raises(VideoError, match=r"clip\.mp4 ends at 0\.4 s, before the start at 60 s"):
        estimate(clip(10), AnalysisSettings(start_s=60.0), small_model, detector)


def test_an_estimate_of_no_video(tmp_path, small_model, detector):
    with pytest.raises(VideoError, match="There is no file"):
        estimate(tmp_path / "gone.mp4", SETTINGS, small_model, detector)


def test_photos_from_beginning_to_end(root, film, small_model, detector):
    photos = []
    for number in range(3):
        image = film.canvas((film.head(), 100 + 30 * number, 120, 150))
        photos.append((f"day {number}.png", cv2.imencode(".png", image[..., ::-1])[1].tobytes()))
    analysis = create_sequence_analysis(root, photos, SETTINGS, model="small", interval_s=2.0)
    execute(analysis, small_model, detector)
    table = analysis.frames()
    assert analysis.state == "done"
    assert table["timestamp_s"].tolist() == [0.0, 2.0, 4.0]
    assert set(table["track"]) == {1}
    assert analysis.image(1).shape == (240, 320, 3)
    assert analysis.record["source"]["photos"] == ["day 0.png", "day 1.png", "day 2.png"]
    with pytest.raises(AnalysisError, match="has no photo number 3"):
        analysis.image(3)
