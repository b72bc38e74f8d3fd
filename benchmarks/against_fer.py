"""Analysing a clip with ferdash against the `fer` package's Video.analyze with its OpenCV detector, in turns.

    python -m venv build/ferenv
    build/ferenv/bin/pip install --no-deps fer==25.10.3
    build/ferenv/bin/pip install "setuptools<81" tensorflow-cpu "opencv-contrib-python<5" pandas requests tqdm Pillow
    python benchmarks/against_fer.py CLIP --fer-python build/ferenv/bin/python [--model fernet] [--turns 3]

Without its dependencies, because those of its other detector take gigabytes. Both have loaded their models before the
clock starts, and both classify every frame. ferdash makes an analysis as the app does, results written, with each
engine that the model is there for (`ferdash export-onnx fernet` first for those of ONNX Runtime); fer runs twice each
turn: as its defaults have it, which also draws each frame, writes a video and zips pictures, and with all of that off.
"""

import argparse
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from ferdash.analyses.execution import execute
from ferdash.analyses.jobs import create_video_analysis
from ferdash.inference.detector import load_detector
from ferdash.models.engines import Engine, machine
from ferdash.models.exported import FILES
from ferdash.models.loading import load_model
from ferdash.models.reference import export_folder
from ferdash.paths import checkpoints_root
from ferdash.video.analysis import AnalysisSettings

BAR = 8.0
ENGINES: dict[Engine, str] = {"torch": "ferdash, PyTorch", "onnx": "ferdash, ONNX Runtime", "int8": "ferdash, int8"}
DEFAULTS, LEAN = "fer, its defaults", "fer, results alone"

FER = """
import sys, tempfile, time
import fer
from fer.classes import Video
from fer.fer import FER
detector = FER(mtcnn=False)
print("ready", fer.__version__, flush=True)
for line in sys.stdin:
    saving, clip = line.rstrip("\\n").split(" ", 1)
    with tempfile.TemporaryDirectory() as folder:
        keep = saving == "True"
        options = dict(save_frames=keep, save_video=keep, annotate_frames=keep, zip_images=keep)
        began = time.perf_counter()
        results = Video(clip, outdir=folder).analyze(detector, display=False, **options)
        print("took", time.perf_counter() - began, len(results), flush=True)
"""
"""What the other Python runs: one line in for each analysis, one line out."""


class OtherPython:
    """A process that analyses on demand."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.version = self._answer("ready")[0]

    def analyse(self, clip: Path, *, saving: bool) -> tuple[float, int]:
        """Seconds, and frames in which a face was found."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{saving} {clip}\n")
        self.process.stdin.flush()
        seconds, found = self._answer("took")
        return float(seconds), int(found)

    def _answer(self, word: str) -> list[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:  # the package prints lines of its own
            first, *rest = line.split() or [""]
            if first == word:
                return rest
        raise SystemExit("The other Python ended early; what it says stands above.")


@contextmanager
def other_python(python: Path) -> Iterator[OtherPython]:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [str(python), "-c", FER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            cwd=folder,
            env=environment,
        )
        try:
            yield OtherPython(process)
        except SystemExit:
            said.seek(0)
            print(said.read().decode(errors="replace")[-2000:])
            raise
        finally:
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--fer-python", type=Path, required=True, help="the Python of an environment that has fer")
    parser.add_argument("--model", default="fernet")
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    clip = arguments.clip.resolve()
    exported = export_folder(arguments.model, checkpoints_root())
    models = {
        title: load_model(arguments.model, checkpoints_root(), engine=engine)
        for engine, title in ENGINES.items()
        if engine == "torch" or (exported / FILES[engine]).is_file()
    }
    detector = load_detector("centerface", checkpoints_root())
    ours: dict[str, list[float]] = {title: [] for title in models}
    theirs: dict[str, list[float]] = {DEFAULTS: [], LEAN: []}
    with tempfile.TemporaryDirectory() as folder, other_python(arguments.fer_python.absolute()) as other:
        for turn in range(arguments.turns + 1):
            taken = {}
            for title, model in models.items():
                analysis = create_video_analysis(Path(folder), clip, AnalysisSettings(), model=arguments.model)
                began = time.perf_counter()
                execute(analysis, model, detector)
                taken[title] = time.perf_counter() - began
            counts = {name: other.analyse(clip, saving=name == DEFAULTS) for name in theirs}
            if turn:  # the first turn warms up
                for title, seconds in taken.items():
                    ours[title].append(seconds)
                for name, (seconds, _) in counts.items():
                    theirs[name].append(seconds)
        table, video, version = analysis.frames(), analysis.record["video"], other.version
    frames = table["frame"].nunique()
    classified = table.loc[table["reason"] == "", "frame"].nunique()
    print(f"{machine()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; fer {version}")
    print(f"{video['name']}: {frames:,} frames of {video['width']} x {video['height']}, {video['duration_s']:.1f} s")
    print(f"{'':24}{'seconds':>9}{'frames/s':>10}{'with a face':>13}" + "".join(f"{title:>24}" for title in ours))
    for title, seconds in ours.items():
        print(f"{title:24}{median(seconds):>9.2f}{frames / median(seconds):>10.0f}{classified:>13,}")
    for name, seconds in theirs.items():
        ratios = [median(b / a for a, b in zip(each, seconds, strict=True)) for each in ours.values()]
        print(
            f"{name:24}{median(seconds):>9.2f}{frames / median(seconds):>10.0f}{counts[name][1]:>13,}"
            + "".join(f"{ratio:>23.1f}x" for ratio in ratios)
        )
    print(f"medians of {arguments.turns} turns (the bar is {BAR:g})")


if __name__ == "__main__":
    main()
