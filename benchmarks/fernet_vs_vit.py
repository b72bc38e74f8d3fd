"""Faces a second: FerNet beside a ViT-base at 224 px, both loaded through ferdash.models.loading.load_model.

    python benchmarks/fernet_vs_vit.py [--fernet fernet]

The ViT has the architecture and image processor of the report's model and random weights: what it computes is as much
work as with trained ones. Each classifies uint8 48 x 48 faces, resizing included, in turns in one process.
"""

import argparse
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from ferdash.emotions import EMOTIONS
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import EmotionModel, load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.paths import checkpoints_root

FACES = {"FerNet": 512, "ViT-base/224": 8}
"""Faces a turn: enough of each for a steady time."""


def random_vit(folder: Path) -> str:
    labels = dict(enumerate(EMOTIONS))
    ViTForImageClassification(ViTConfig(id2label=labels, num_labels=len(labels))).save_pretrained(folder)
    ViTImageProcessorPil().save_pretrained(folder)
    return str(folder)


def random_fernet(folder: Path) -> str:
    FerNetForImageClassification(FerNetConfig()).save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)
    return str(folder)


def faces_per_second(model: EmotionModel, faces: np.ndarray) -> float:
    start = time.perf_counter()
    model.probabilities(faces)
    return len(faces) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fernet", default="", help="model reference; left out, a FerNet with random weights")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    faces = np.random.default_rng(0).integers(0, 256, (max(FACES.values()), 48, 48), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as workspace:
        references = {
            "FerNet": arguments.fernet or random_fernet(Path(workspace) / "fernet"),
            "ViT-base/224": random_vit(Path(workspace) / "vit"),
        }
        models = {name: load_model(reference, checkpoints_root()) for name, reference in references.items()}
        speeds: dict[str, list[float]] = {name: [] for name in models}
        for turn in range(arguments.turns + 1):
            for name, model in models.items():
                speed = faces_per_second(model, faces[: FACES[name]])
                if turn:  # the first turn warms up
                    speeds[name].append(speed)
    for name, model in models.items():
        print(f"{name:13} {model.parameters:>11,} parameters {median(speeds[name]):10,.1f} faces/s")
    ratio = median(a / b for a, b in zip(*speeds.values(), strict=True))
    print(f"FerNet classifies {ratio:,.0f} times as many faces a second (at least 20 wanted).")
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
