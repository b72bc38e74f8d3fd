"""What many tests start from: a small dataset of drawn faces, made once; a video with made-up results; videos whose
truth is known; and processes that start in no time."""

import io
import multiprocessing
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import settings
from skimage.data import astronaut

from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.data.demo import make_demo
from ferdash.emotions import EMOTIONS
from ferdash.inference.detector import Detector, load_detector
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.preprocess import Preprocess
from ferdash.paths import checkpoints_root
from ferdash.runs import predictions, store
from ferdash.training.config import TrainConfig, override, to_dict

# pytest-xdist sets it for its workers, and a console that is made with it keeps that width, whatever a test sets.
os.environ.pop("COLUMNS", None)

# What imports PyTorch, transformers or scikit-learn is imported where it is used: pytest-xdist first reads this file in
# the process that only hands out the tests, and starts the others after that.

# A busy machine may take its time over one example without anything being wrong.
settings.register_profile("ferdash", deadline=None, max_examples=50)
settings.load_profile("ferdash")


@pytest.fixture(scope="session", autouse=True)
def nobody_cuts_the_power() -> Iterator[None]:
    """What is written waits for no disk: a kill, which tests do, loses none of it, and a power cut they do not do. Each
    file waits for 10 to 25 ms otherwise, and so does each line that goes to a database."""
    real = sqlite3.dbapi2.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = real(*arguments, **options)
        with suppress(sqlite3.Error):  # no database, or one that is locked: whoever uses it shall find out
            connection.execute("PRAGMA synchronous=OFF")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(sqlite3.dbapi2, "connect", connect)
        yield


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root that holds the dataset "demo", 210 images; treat it as read-only."""
    root = tmp_path_factory.mktemp("data")
    make_demo(root, images=210)
    return root


@pytest.fixture
def demo_dataset(demo_root: Path) -> FaceDataset:
    return open_dataset(demo_root, "demo")


@pytest.fixture(scope="session")
def write_run() -> Callable[..., store.Run]:
    """Write a finished run without training: write_run(runs folder, dataset, id, right, *settings, ...). Its best epoch
    is right on `right` of the validation images, the first ones or the last ones."""
    from ferdash.evaluation.metrics import compute_metrics

    def write(
        folder: Path,
        dataset: FaceDataset,
        run_id: str,
        right: int,
        *settings: str,
        last: bool = False,
        name: str = "",
        group: str = "",
        without: str = "",
    ) -> store.Run:
        rows = dataset.rows("validation")
        if without:
            rows = rows[dataset.labels[rows] != EMOTIONS.index(without)]
        labels = dataset.labels[rows]
        config = to_dict(override(TrainConfig(), [f"dataset={dataset.name}", *settings]))
        record = {
            "config": config,
            "dataset": {"name": dataset.name, "hash": dataset.hash, "images": len(dataset)},
            "code": "0123456789ab",
            "versions": {"python": "3.11"},
            "command": f"ferdash train --name {run_id}",
            "parent": None,
            "group": group,
        }
        run = store.create_run(folder, run_id, record, name=name)
        hit = np.arange(len(rows)) >= len(rows) - right if last else np.arange(len(rows)) < right
        probabilities = np.full((len(rows), 7), 0.05)
        probabilities[np.arange(len(rows)), np.where(hit, labels, (labels + 1) % 7)] = 0.7
        metrics = compute_metrics(y_true=labels, probabilities=probabilities)
        row = {"epoch": 0, "step": 4, "train_loss": 1.5, "seconds": 3.0, "images_per_s": 50.0}
        store.append_metrics(run.folder, {**row, "validation": metrics.to_dict()})
        predictions.write_predictions(run.folder, "validation", rows=rows, labels=labels, probabilities=probabilities)
        best = {"score": metrics.accuracy, "epoch": 0, "select": "accuracy"}
        store.write_status(run.folder, state="finished", best=best)
        return run

    return write


@pytest.fixture
def made_analysis(tmp_path: Path) -> Callable:
    """Make a finished analysis without any model: made_analysis(root, name, first=..., then=..., frames=...).

    One person, a real face, is `first` until frame 50, which is 2 s, and then `then`; frame 3 has no face. second: the
    box of another person, who shows the same.
    """
    from ferdash.analyses.jobs import create_video_analysis
    from ferdash.analyses.writer import AnalysisWriter
    from ferdash.video.analysis import AnalysisSettings
    from ferdash.video.frame_table import empty_row, face_row, frames_table

    picture, box = np.ascontiguousarray(astronaut()[0:240, 64:384]), (124.0, 40.0, 204.0, 120.0)

    def make(
        root: Path,
        name: str = "clip",
        *,
        first: str = "neutral",
        then: str = "happy",
        frames: int = 100,
        second: tuple[float, float, float, float] | None = None,
    ):
        video = tmp_path / f"{name}.mp4"
        video.write_bytes(_still_video(frames))
        analysis = create_video_analysis(
            root, video, AnalysisSettings(), model="fernet", model_title="FerNet", name=name
        )
        rng = np.random.default_rng(len(name))
        rows = []
        for frame in range(frames):
            shares = np.full(7, 0.02) + np.eye(7)[EMOTIONS.index(first if frame < 50 else then)] * 0.86
            shares = shares + rng.normal(0, 0.004, 7)
            known = {"detected": True, "confidence": 0.9, "probabilities": shares / shares.sum()}
            if frame == 3:
                rows.append(empty_row(frame, frame / 25, "no_face"))
                continue
            boxes = [box] if second is None else [box, second]
            rows += [face_row(frame, frame / 25, track, one, **known) for track, one in enumerate(boxes, start=1)]
        writer = AnalysisWriter(analysis)
        writer.append(frames_table(rows))
        writer.thumbnail(1, picture, box)
        writer.finish(timings={"total": 1.0})
        return analysis

    return make


@cache
def _still_video(frames: int) -> bytes:
    """The video of `made_analysis`, so many times the same picture."""
    picture = np.ascontiguousarray(astronaut()[0:240, 64:384])
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return content.getvalue()


# --- videos whose truth is known: a real face, free to use, drawn at known places and times ---

WIDTH, HEIGHT = 320, 240


def head(person: str = "she") -> np.ndarray:
    """uint8 RGB (200, 200, 3) of a head with its surroundings; "other" is somebody else: mirrored, of other colours."""
    picture = np.ascontiguousarray(astronaut()[20:220, 125:325])
    return picture if person == "she" else np.ascontiguousarray(255 - (255 - picture[:, ::-1, ::-1]) // 2)


def canvas(*heads: tuple[np.ndarray, float, float, float], size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """A picture with heads of given centre and side in pixels, the last in front; they may reach beyond the border."""
    width, height = size
    picture = np.repeat(np.linspace(60, 90, width, dtype=np.uint8)[None, :, None], height, axis=0)
    picture = np.repeat(picture, 3, axis=2)
    for image, x, y, side in heads:
        scale = side / len(image)
        move = np.array([[scale, 0, x - side / 2], [0, scale, y - side / 2]])
        ones = np.full(image.shape[:2], 255, np.uint8)
        mask = cv2.warpAffine(ones, move, (width, height), flags=cv2.INTER_AREA)
        placed = cv2.warpAffine(image, move, (width, height), flags=cv2.INTER_AREA)
        picture = np.where(mask[..., None] > 127, placed, picture)
    return picture


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    times_ms: Iterable[int] | None = None,
    *,
    rotation: int = 0,
    matrix: Sequence[int] = (),
    gop: int = 12,
    options: dict[str, str] | None = None,
) -> Path:
    """H.264 of uint8 RGB pictures at 25 frames a second, or at given times."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "12"})
        stream.pix_fmt, stream.codec_context.gop_size = "yuv420p", gop
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        if matrix:
            stream.set_display_matrix(matrix)
        listed = list(frames)
        stream.width, stream.height = listed[0].shape[1], listed[0].shape[0]
        for image, time_ms in zip(listed, times_ms or range(0, 40 * len(listed), 40), strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def damage(path: Path, positions: Iterable[int]) -> Path:
    """Overwrite some packets, counted in the order of the file, with noise."""
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    noise = np.random.default_rng(0)
    for position in positions:
        start, size = packets[position]
        content[start + 4 : start + size] = noise.integers(0, 256, size - 4, dtype=np.uint8).tobytes()
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def detector() -> Detector:
    return load_detector("centerface", checkpoints_root())


@pytest.fixture(scope="session")
def small_model() -> EmotionModel:
    """A little network with random weights: what it says depends on the picture, which is all that is needed here."""
    import torch

    from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
    from ferdash.models.torch_model import TorchModel

    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=8, depths=[1, 1, 1, 1])).eval().requires_grad_(False)
    return TorchModel("small", "Small", list(range(7)), Preprocess(), network, torch.device("cpu"))


@pytest.fixture
def checkpoints(tmp_path: Path, small_model: EmotionModel) -> Path:
    """A folder with the small model as models/small."""
    from ferdash.models.processing import FerNetImageProcessor

    folder = tmp_path / "checkpoints" / "models" / "small"
    small_model.network.save_pretrained(folder)
    FerNetImageProcessor().save_pretrained(folder)
    return tmp_path / "checkpoints"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where analyses are kept."""
    return tmp_path / "analyses"


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a short clip of one still head: clip(frames=50, name="clip.mp4", **options of write_video)."""

    def make(frames: int = 50, name: str = "clip.mp4", **options) -> Path:
        return write_video(tmp_path / name, [canvas((head(), 160, 120, 150))] * frames, **options)

    return make


# --- processes to be killed, stopped and watched, without the seconds that importing PyTorch and transformers takes ---

IN_A_FORK = """
import os, sys
for stream, path in ((1, out), (2, err)):
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
os.environ.clear()
os.environ.update(environment)
sys.argv = ["-c", *arguments]
exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
"""


class Fork:
    """A program of Python in a process of its own, as subprocess.Popen([sys.executable, "-c", program, *arguments])
    would be, but with the heavy packages imported already. stdout and stderr go to files of the folder given."""

    def __init__(self, folder: Path, program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        names = {"out": str(self._out), "err": str(self._err), "program": program}
        names |= {"arguments": list(arguments), "environment": dict(environment)}
        self._process = multiprocessing.get_context("forkserver").Process(target=exec, args=(IN_A_FORK, names))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """As of subprocess.Popen: of a signal, its number below zero; None while it is at work."""
        return self._process.exitcode

    def communicate(self, timeout: float = 240.0) -> tuple[str, str]:
        """What it printed, to stdout and to stderr, once it has ended."""
        self._process.join(timeout)
        assert self.returncode is not None, f"at work after {timeout} s: {self._err.read_text()}"
        return self._out.read_text(), self._err.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


@pytest.fixture
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Fork]]:
    """Start a program of Python: fork(program, *arguments, **environment), the latter beside that of this process. What
    is at work when the test ends is killed."""
    # One process of each test run imports what is named here, at the first call; it ends with the test run.
    multiprocessing.get_context("forkserver").set_forkserver_preload(["ferdash.training.start", "ferdash.cli.main"])
    started: list[Fork] = []

    def start(program: str, *arguments: str, **environment: str) -> Fork:
        folder = tmp_path_factory.mktemp("fork")
        started.append(Fork(folder, program, arguments, os.environ | environment))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture(scope="session")
def film() -> SimpleNamespace:
    """The functions above, for tests that draw their own."""
    return SimpleNamespace(head=head, canvas=canvas, write=write_video, damage=damage)
