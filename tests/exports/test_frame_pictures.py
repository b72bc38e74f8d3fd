"""Pictures of single frames, compared with what is decoded one by one."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdash.analyses.jobs import create_video_analysis
from ferdash.analyses.writer import AnalysisWriter
from ferdash.errors import AnalysisError
from ferdash.exports.frame_pictures import FACE_PX, LONGEST_SIDE, FramePictures, frame_jpeg
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.frame_table import face_row, frames_table


def shades(path: Path, frames: int, width: int = 64) -> Path:
    """A video in which each frame has a grey of its own."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "8"})
        stream.width, stream.height, stream.pix_fmt = width, 64, "yuv420p"
        for frame in range(frames):
            picture = np.full((64, width, 3), 20 + 4 * frame, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def shaded(tmp_path: Path):
    root = tmp_path / "analyses"
    source = shades(tmp_path / "shades.mp4", 40, 2 * LONGEST_SIDE)
    analysis = create_video_analysis(root, source, AnalysisSettings(), model="fernet", name="shades")
    writer = AnalysisWriter(analysis)
    shares = np.full(7, 1 / 7)
    known = {"detected": True, "confidence": 0.9, "probabilities": shares}
    writer.append(frames_table([face_row(n, n / 25, 1, (200.0, 10.0, 240.0, 50.0), **known) for n in range(40)]))
    writer.finish()
    return root, analysis


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize("frame", [0, 15, 16, 39])
def test_it_is_the_very_frame(shaded, frame):
    root, analysis = shaded
    image = decoded(frame_jpeg(root, analysis.id, frame))
    assert image.shape[1] == LONGEST_SIDE
    assert image[-3:, -40:].mean() == pytest.approx(20 + 4 * frame, abs=1.5)


def test_the_face_is_cut_from_where_its_box_is_in_the_small_picture(shaded):
    root, analysis = shaded
    face = decoded(frame_jpeg(root, analysis.id, 7, person=1, face=True))
    assert face.shape == (FACE_PX, FACE_PX, 3)
    assert face.mean() == pytest.approx(48, abs=1.5)
    with pytest.raises(AnalysisError, match="Person 2 is not seen in frame 7"):
        frame_jpeg(root, analysis.id, 7, person=2, face=True)


def test_what_is_not_there_is_said(shaded):
    root, analysis = shaded
    with pytest.raises(AnalysisError, match="Frame 40 of shades was not analysed"):
        frame_jpeg(root, analysis.id, 40)
    for wanted in ("nobody", "../analyses", ".."):
        with pytest.raises(AnalysisError):
            frame_jpeg(root, wanted, 0)


def test_the_oldest_pictures_are_let_go(shaded):
    pictures = FramePictures(most_bytes=1)
    for frame in (0, 20, 39):
        assert pictures.picture(shaded[1], frame).image_rgb.mean() == pytest.approx(20 + 4 * frame, abs=1.5)
    assert len(pictures._kept) <= 16
