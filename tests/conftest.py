"""What many tests start from: a small dataset of drawn faces, made once; and a video with made-up results."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.data.demo import make_demo
from ferdash.emotions import EMOTIONS

# A busy machine may take its time over one example without anything being wrong.
settings.register_profile("ferdash", deadline=None, max_examples=50)
settings.load_profile("ferdash")


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root that holds the dataset "demo", 210 images; treat it as read-only."""
    root = tmp_path_factory.mktemp("data")
    make_demo(root, images=210)
    return root


@pytest.fixture
def demo_dataset(demo_root: Path) -> FaceDataset:
    return open_dataset(demo_root, "demo")


@pytest.fixture
def made_session(tmp_path: Path) -> Callable:
    """Make a finished session without any model: made_session(root, name, first=..., then=..., frames=...).

    One person, a real face, is `first` until frame 50, which is 2 s, and then `then`; frame 3 has no face.
    """
    from skimage.data import astronaut

    from ferdash.temporal.analysis import AnalysisSettings
    from ferdash.temporal.frames import empty_row, face_row, frames_table
    from ferdash.temporal.jobs import create_video_session
    from ferdash.temporal.sessions import SessionWriter

    picture, box = np.ascontiguousarray(astronaut()[0:240, 64:384]), (124.0, 40.0, 204.0, 120.0)

    def make(root: Path, name: str = "clip", *, first: str = "neutral", then: str = "happy", frames: int = 100):
        video = _still_video(tmp_path / f"{name}.mp4", picture, frames)
        session = create_video_session(root, video, AnalysisSettings(), model="fernet", model_title="FerNet", name=name)
        rng = np.random.default_rng(len(name))
        rows = []
        for frame in range(frames):
            shares = np.full(7, 0.02) + np.eye(7)[EMOTIONS.index(first if frame < 50 else then)] * 0.86
            shares = shares + rng.normal(0, 0.004, 7)
            known = {"detected": True, "confidence": 0.9, "probabilities": shares / shares.sum()}
            seen = face_row(frame, frame / 25, 1, box, **known)
            rows.append(seen if frame != 3 else empty_row(frame, frame / 25, "no_face"))
        writer = SessionWriter(session)
        writer.append(frames_table(rows))
        writer.thumbnail(1, picture, box)
        writer.finish(timings={"total": 1.0})
        return session

    return make


def _still_video(path: Path, picture: np.ndarray, frames: int) -> Path:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
