"""A recorded camera is an analysis whose table and video belong together, frame by frame."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ferdash.analyses.execution import Progress, progress_of
from ferdash.analyses.store import list_analyses, open_analysis, write_status
from ferdash.emotions import EMOTIONS, emotion_index
from ferdash.errors import AnalysisError
from ferdash.geometry import CropBox
from ferdash.inference.detector import Face
from ferdash.inference.photos import ClassifiedFace
from ferdash.live.recording import LiveRecording
from ferdash.live.view import LiveFace, LiveSettings
from ferdash.tracking.track import TrackedFace
from ferdash.video.decoding import frame_at, read_frames

FACTS = {"fps": 20.0, "settings": LiveSettings(), "model": "fernet", "model_title": "FerNet", "detector": "haar"}


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., LiveRecording]:
    return partial(LiveRecording, tmp_path, size=(160, 120), **FACTS)


def picture(number: int, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    """A picture whose brightness tells its number."""
    return np.full((size[1], size[0], 3), 20 + 10 * number, dtype=np.uint8)


def face(track: int = 1) -> LiveFace:
    box = (40.0, 20.0, 100.0, 80.0)
    raw = np.full(len(EMOTIONS), 0.05, dtype=np.float32)
    raw[emotion_index("happy")] = 0.7
    found = Face(box, 0.9, "haar")
    classified = ClassifiedFace(track, found, CropBox.from_xyxy(*box), np.zeros((48, 48), np.uint8), raw)
    return LiveFace(TrackedFace(track, box, True, 0.9), classified, raw, None)


def test_table_and_video_have_the_same_frames_and_times(record, tmp_path):
    recording = record(name="me")
    times = [100.0, 100.05, 100.05, 100.3, 103.0, 103.1]  # two at once, and a pause
    for number, time_s in enumerate(times):
        recording.add(picture(number), time_s, (face(),) if number % 2 else (), neutral=False)
    assert recording.state().frames == 6
    assert recording.state().seconds == pytest.approx(3.1)
    recording.close()

    analysis = open_analysis(tmp_path, recording.analysis)
    assert (analysis.kind, analysis.state, analysis.name) == ("live", "done", "me")
    table = analysis.frames()
    assert table["frame"].tolist() == list(range(6))
    assert table["track"].isna().tolist() == [True, False] * 3
    assert (table["reason"] == "no_face").tolist() == [True, False] * 3
    np.testing.assert_allclose(table["timestamp_s"], [0, 0.05, 0.05 + 1 / 90_000, 0.3, 3.0, 3.1], atol=1e-5)
    np.testing.assert_allclose(table.loc[1, list(EMOTIONS)].to_numpy(float), face().raw, atol=1e-6)
    frames = list(read_frames(analysis.source()))
    np.testing.assert_allclose([frame.timestamp_s for frame in frames], table["timestamp_s"], atol=1e-4)
    for number in range(6):
        assert analysis.image(number).mean() == pytest.approx(20 + 10 * number, abs=4)
    assert analysis.info["video"]["duration_s"] > 3
    assert analysis.thumbnail(1) is not None


def test_what_was_cut_off_still_opens(record, tmp_path):
    recording = record()
    for number in range(150):
        recording.add(picture(number % 20), number / 30, (face(),), neutral=False)
    # Nobody closes it: what is on the disk now is all there is after a power cut.
    analysis = open_analysis(tmp_path, recording.analysis)
    written = len(analysis.frames())
    assert written >= 60
    assert frame_at(analysis.source(), 40).mean() == pytest.approx(20, abs=4)
    progress = progress_of(analysis)
    assert progress is not None
    assert progress.frames == written
    assert progress.timestamp_s == pytest.approx((written - 1) / 30, abs=1e-3)
    assert progress.share == 0
    recording.close()
    assert len(analysis.frames()) == 150
    # As earlier versions kept it.
    write_status(analysis.folder, state="done", progress={"frames": 150, "seconds": 4.967})
    assert progress_of(open_analysis(tmp_path, recording.analysis)) == Progress(150, 0, 4.967, 1.0, None)


def test_neutral_frames_are_marked_in_the_analysis(record, tmp_path):
    recording = record()
    for number in range(4):
        recording.add(picture(number), number / 30, (face(1), face(2)), neutral=number in (1, 2))
    recording.close()
    assert open_analysis(tmp_path, recording.analysis).neutral() == {1: [1, 2], 2: [1, 2]}


def test_frames_of_another_size_are_brought_to_that_of_the_video(record, tmp_path):
    recording = record()
    recording.add(picture(0), 0.0, (), neutral=False)
    recording.add(picture(1, (320, 240)), 0.1, (face(),), neutral=False)
    recording.close()
    analysis = open_analysis(tmp_path, recording.analysis)
    assert analysis.image(1).shape == (120, 160, 3)
    np.testing.assert_allclose(analysis.frames().loc[1, ["x0", "y0", "x1", "y1"]].to_numpy(float), [20, 10, 50, 40])


def test_odd_sides_become_even(tmp_path):
    recording = LiveRecording(tmp_path, size=(161, 121), **FACTS)
    recording.add(picture(3, (161, 121)), 0.0, (), neutral=False)
    recording.close()
    assert open_analysis(tmp_path, recording.analysis).image(0).shape == (120, 160, 3)


def test_a_problem_is_kept_with_what_was_recorded(record, tmp_path):
    recording = record()
    recording.add(picture(0), 0.0, (face(),), neutral=False)
    recording.close("The camera was pulled out.")
    info = open_analysis(tmp_path, recording.analysis).info
    assert (info["state"], info["error"]) == ("failed", "The camera was pulled out.")
    assert len(open_analysis(tmp_path, recording.analysis).frames()) == 1


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(AnalysisError, match="cannot be written"):
        LiveRecording(blocked, size=(160, 120), **FACTS)
    assert list_analyses(blocked) == []


def test_a_video_that_cannot_be_written_fails_the_analysis(record, tmp_path, monkeypatch):
    recording = record()
    recording.add(picture(0), 0.0, (), neutral=False)

    def full(frame: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording, "_encode", full)
    with pytest.raises(AnalysisError, match=r"cannot be written .*No space left.*what was written before is kept"):
        recording.add(picture(1), 0.1, (), neutral=False)
    recording.close("The disk is full.")
    assert open_analysis(tmp_path, recording.analysis).info["error"] == "The disk is full."
