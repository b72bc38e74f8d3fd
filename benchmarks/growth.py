"""How the time of each part grows with its size: images, faces, frames of video, runs.

    python benchmarks/growth.py [CLIP] [--model fernet]

For each, the sizes take turns, and a line is fitted to the logarithms of size and median time: its slope is the
exponent, 1 where twice as much takes twice as long, 0 where the size does not matter. Video is left out without a clip,
which is repeated to make longer ones; a new detector and analysis go with each. JPEGs are read one by one with OpenCV,
from a folder in the system's file cache.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from run_listing import EPOCHS, row
from video_memory import repeated

from ferdash.analyses.execution import execute
from ferdash.analyses.jobs import create_video_analysis
from ferdash.data.dataset import open_dataset, save_dataset
from ferdash.dynamics.summary import summarise
from ferdash.emotions import EMOTIONS
from ferdash.inference.detector import load_detector
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.engines import machine
from ferdash.models.loading import load_model
from ferdash.paths import checkpoints_root
from ferdash.runs.index import list_runs
from ferdash.runs.store import create_run, write_status
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.frame_table import empty_row, frames_table

IMAGES = (1000, 4000, 16_000, 64_000)
JPEGS = (1000, 2000, 4000, 8000)
FACES = (32, 128, 512, 2048)
MINUTES = (0.25, 0.5, 1.0)
LIVELY_S = (150, 600, 2400)
FPS = 30
RUNS = (30, 120, 480)


@dataclass
class Series:
    """One part at several sizes. prepare: makes ready what a size needs and returns what is timed, which may run only
    once. times: how often each size is."""

    title: str
    unit: str
    sizes: list[int]
    prepare: Callable[[int], Callable[[], object]]
    times: int = 3
    seconds: list[list[float]] = field(default_factory=list)

    def measure(self) -> None:
        for number in range(self.times + 1):
            turn = []
            for size in self.sizes:
                work = self.prepare(size)
                began = time.perf_counter()
                work()
                turn.append(time.perf_counter() - began)
            if number:  # the first turn warms up
                self.seconds.append(turn)

    def __str__(self) -> str:
        medians = [median(column) for column in zip(*self.seconds, strict=True)]
        exponent = np.polyfit(np.log(self.sizes), np.log(medians), 1)[0]
        cells = "".join(
            f"{f'{size:,}: {duration(value)}':>20}" for size, value in zip(self.sizes, medians, strict=True)
        )
        return f"{self.title:28}{self.unit:8}{exponent:>9.2f}  {cells}"


def duration(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def datasets(root: Path) -> Series:
    """Opening, from datasets of noise."""
    rng = np.random.default_rng(0)
    for size in IMAGES:
        save_dataset(
            root,
            f"noise-{size}",
            images=rng.integers(0, 256, (size, 48, 48), dtype=np.uint8),
            labels=np.arange(size) % len(EMOTIONS),
            splits=["train"] * size,
            sources=[f"{number:06d}" for number in range(size)],
            origin="noise",
        )
    return Series("open a dataset", "images", list(IMAGES), lambda size: lambda: open_dataset(root, f"noise-{size}"))


def jpegs(root: Path) -> Series:
    root.mkdir()
    rng = np.random.default_rng(0)
    paths = [str(root / f"{number}.jpg") for number in range(max(JPEGS))]
    for path in paths:
        cv2.imwrite(path, rng.integers(0, 256, (48, 48), dtype=np.uint8))

    def prepare(size: int) -> Callable[[], object]:
        return lambda: [cv2.imread(path, cv2.IMREAD_GRAYSCALE) for path in paths[:size]]

    return Series("read as many JPEGs", "images", list(JPEGS), prepare)


def classifying(model: EmotionModel) -> Series:
    faces = np.random.default_rng(0).integers(0, 256, (max(FACES), 48, 48), dtype=np.uint8)
    return Series("classify faces", "faces", list(FACES), lambda size: lambda: model.probabilities(faces[:size]))


def videos(clip: Path, model: EmotionModel, root: Path) -> Series:
    root.mkdir()
    by_frames = {}
    for minutes in MINUTES:
        video = repeated(clip, minutes, root / f"{minutes:g}{clip.suffix}")
        analysis = create_video_analysis(root, video, AnalysisSettings(), model=model.reference)
        by_frames[int(analysis.record["video"]["frames"])] = video

    def prepare(size: int) -> Callable[[], object]:
        detector = load_detector("centerface", checkpoints_root())
        analysis = create_video_analysis(root, by_frames[size], AnalysisSettings(), model=model.reference)
        return lambda: execute(analysis, model, detector)

    return Series("analyse a video", "frames", list(by_frames), prepare, times=2)


def films() -> Series:
    """Reading changes and segments out of an analysed film of a face that takes another look every second."""
    rng, frames = np.random.default_rng(0), max(LIVELY_S) * FPS
    looks = rng.dirichlet(np.full(len(EMOTIONS), 0.3), size=max(LIVELY_S) + 1)
    shown = np.repeat(looks, FPS, axis=0)[:frames] + rng.normal(0, 0.02, (frames, len(EMOTIONS)))
    shown = np.clip(shown, 1e-4, None)
    shown /= shown.sum(axis=1, keepdims=True)
    rows = [
        {**empty_row(frame, frame / FPS, ""), "track": 1, "detected": True, **dict(zip(EMOTIONS, values, strict=True))}
        for frame, values in enumerate(shown.tolist())
    ]
    table = frames_table(rows)
    sizes = [seconds * FPS for seconds in LIVELY_S]
    return Series("sum an analysis up", "frames", sizes, lambda size: lambda: summarise(table.iloc[:size]))


def listings(root: Path) -> Series:
    """The first listing of a process, which reads every run: each turn lists runs that were not listed before."""
    content = "".join(json.dumps(row(epoch)) + "\n" for epoch in range(EPOCHS))
    record = {
        "config": {"recipe": "fernet", "epochs": EPOCHS, "seed": 0, "evaluation": {"select": "accuracy"}},
        "dataset": {"name": "fer2013", "hash": "9079d33afbb7c79f"},
        "parent": None,
    }
    for size in RUNS:
        for number in range(size):
            run = create_run(root / str(size), f"20250101-{number:06d}-fernet-{number:04x}", record)
            (run.folder / "metrics.jsonl").write_text(content)
            write_status(run.folder, state="finished", best={"score": 0.99, "epoch": 30, "select": "accuracy"})
    moves = iter(range(1_000_000))

    def prepare(size: int) -> Callable[[], object]:
        # Under another name nothing of it is remembered.
        here = next(path for path in root.iterdir() if path.name.split("-")[0] == str(size))
        there = here.rename(root / f"{size}-{next(moves)}")
        return lambda: list_runs(there)

    return Series("list runs, unread so far", "runs", list(RUNS), prepare)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?")
    parser.add_argument("--model", default="fernet")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as workspace:
        folder = Path(workspace)
        model = load_model(arguments.model, checkpoints_root(), "cpu")
        print(f"{'':28}{'size in':8}{'exponent':>9}  size: median time")
        makers: list[Callable[[], Series]] = [
            lambda: datasets(folder / "data"),
            lambda: jpegs(folder / "jpegs"),
            lambda: classifying(model),
            films,
            lambda: listings(folder / "runs"),
        ]
        if arguments.clip is not None:
            makers.append(lambda: videos(arguments.clip, model, folder / "videos"))
        for make in makers:
            series = make()
            series.measure()
            print(series, flush=True)
    print(f"{machine()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
