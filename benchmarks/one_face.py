"""One face in ONNX Runtime, alone and while other programs keep every core busy.

    python benchmarks/one_face.py [--model fernet] [--faces 300]

Times are medians, from the uint8 face to its probabilities. The load is one process for each core that multiplies
matrices of its own without pause; quiet and busy turns alternate, so that whatever else the machine does meets both.
Whoever exported no model has to do so first (`ferdash export-onnx fernet`).
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import numpy as np

from ferdash.models.emotion_model import EmotionModel
from ferdash.models.engines import Engine, machine
from ferdash.models.loading import load_model
from ferdash.models.runtime import processors
from ferdash.paths import checkpoints_root

BARS: dict[Engine, float] = {"onnx": 4.0, "int8": 2.0}
BUSY_BAR = 2.0
TURNS = 5


def burn() -> None:
    """Keep a core busy until the process is ended."""
    rows = np.random.default_rng(0).standard_normal((200, 200))
    while True:
        rows @ rows


@contextmanager
def busy_cores() -> Iterator[None]:
    """Every core at work for somebody else."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one thread for each process that is started from here
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=burn, daemon=True) for _ in range(processors())]
    for other in others:
        other.start()
    time.sleep(1.5)  # until they have imported NumPy
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.join()


def milliseconds(model: EmotionModel, faces: np.ndarray) -> list[float]:
    model.probabilities(faces[:1])
    taken = []
    for face in faces:
        began = time.perf_counter()
        model.probabilities(face[None])
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="fernet")
    parser.add_argument("--faces", type=int, default=300)
    arguments = parser.parse_args()
    faces = np.random.default_rng(0).integers(0, 256, (arguments.faces, 48, 48), dtype=np.uint8)
    models = {engine: load_model(arguments.model, checkpoints_root(), engine=engine) for engine in BARS}
    quiet: dict[Engine, list[float]] = {engine: [] for engine in BARS}
    busy: dict[Engine, list[float]] = {engine: [] for engine in BARS}
    load = os.getloadavg()[0]
    for _ in range(TURNS):
        for engine, model in models.items():
            quiet[engine] += milliseconds(model, faces)
        with busy_cores():
            for engine, model in models.items():
                busy[engine] += milliseconds(model, faces)
    print(f"{machine()}, {processors()} cores, load {load:.1f} before")
    for engine, bar in BARS.items():
        alone, beside = median(quiet[engine]), median(busy[engine])
        print(
            f"{engine:5} one face {alone:.2f} ms (the bar is {bar:g}); with every core busy {beside:.2f} ms, "
            f"{beside / alone:.2f} times (the bar is {BUSY_BAR:g})"
        )


if __name__ == "__main__":
    main()
