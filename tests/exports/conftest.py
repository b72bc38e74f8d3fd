"""Sessions that were never analysed but say what they would: a real face moved about, with results made up."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from ferdash.emotions import EMOTIONS
from ferdash.temporal.analysis import AnalysisSettings
from ferdash.temporal.frames import empty_row, face_row, frames_table
from ferdash.temporal.jobs import create_video_session
from ferdash.temporal.sessions import Session, SessionWriter

FPS = 25
FRAMES = 100


def _video(path: Path, frames: int) -> Path:
    import av

    picture = np.ascontiguousarray(astronaut()[0:240, 64:384])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def analysed(tmp_path: Path) -> Callable[..., Session]:
    """A finished session of one person, who turns from `first` to `then` at 2 s; frame 3 has no face."""

    def make(name: str = "clip", first: str = "neutral", then: str = "happy", frames: int = FRAMES) -> Session:
        video = _video(tmp_path / f"{name}.mp4", frames)
        session = create_video_session(
            tmp_path / "sessions", video, AnalysisSettings(), model="fernet", model_title="FerNet", name=name
        )
        rng = np.random.default_rng(len(name))
        rows = []
        for frame in range(frames):
            if frame == 3:
                rows.append(empty_row(frame, frame / FPS, "no_face"))
                continue
            shares = np.full(7, 0.02)
            shares[EMOTIONS.index(first if frame < 50 else then)] = 0.88
            shares = shares + rng.normal(0, 0.005, 7)
            box = (124.0, 40.0, 204.0, 120.0)
            rows.append(
                face_row(frame, frame / FPS, 1, box, detected=True, confidence=0.9, probabilities=shares / shares.sum())
            )
        writer = SessionWriter(session)
        writer.append(frames_table(rows))
        writer.thumbnail(1, np.ascontiguousarray(astronaut()[0:240, 64:384]), (124.0, 40.0, 204.0, 120.0))
        writer.finish(timings={"total": 1.0})
        return session

    return make
