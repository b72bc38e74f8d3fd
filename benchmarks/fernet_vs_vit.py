"""Faces a second: FerNet in PyTorch, ONNX Runtime and 8-bit integers beside a ViT-base at 224 px in transformers' own
image-classification pipeline; and how long one face takes.

    python benchmarks/fernet_vs_vit.py [--fernet fernet]

The ViT has the architecture and image processor of the report's model and random weights: what it computes is as much
work as with trained ones. Its row at 112 px is the same network through ferdash (`@size=112`, interpolated position
embeddings); what that costs in accuracy takes trained weights to say: `ferdash evaluate owner/name@size=112`.

All take turns in one process. FerNet gets uint8 48 x 48 faces, resizing included; the pipeline gets PIL images of the
same faces, 8 to a batch.
"""

import argparse
import os
import platform
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil, pipeline

from ferdash.emotions import EMOTIONS
from ferdash.inference.compression import export_onnx
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.engines import machine
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.onnx_export import export_float32, quantise
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.reference import export_folder, model_folder
from ferdash.models.torch_loading import load_in_torch
from ferdash.paths import checkpoints_root

RATIO_WANTED, MS_WANTED = 40, 4.0
PIPELINE = "ViT-base/224, transformers' pipeline"
FACES = 512
VIT_FACES = 8
"""Faces a turn: enough of each for a steady time."""

ONE_FACE = 50
"""Times that one face is classified for its median."""


def random_vit(folder: Path) -> str:
    labels = dict(enumerate(EMOTIONS))
    ViTForImageClassification(ViTConfig(id2label=labels, num_labels=len(labels))).save_pretrained(folder)
    ViTImageProcessorPil().save_pretrained(folder)
    return str(folder)


def fernet_in(folder: Path, reference: str) -> Path:
    """A copy, so that exports of it do not stay beside the model; without a reference, random weights."""
    if reference:
        shutil.copytree(model_folder(reference, checkpoints_root()), folder)
        return folder
    FerNetForImageClassification(FerNetConfig()).save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)
    return folder


def engines_of(folder: Path, faces: np.ndarray) -> dict[str, EmotionModel]:
    """The FerNet in `folder` with each engine, exported there, the integers with ranges from these faces."""
    reference, checkpoints = str(folder), folder.parent
    exported = export_folder(reference, checkpoints)
    model = load_in_torch(reference, checkpoints, "cpu")
    export_onnx(model, exported)
    with tempfile.TemporaryDirectory() as workspace:
        quantise(export_float32(model, Path(workspace)), exported, [model.preprocess.array(faces[:64])])
    names = {"torch": "FerNet, PyTorch", "onnx": "FerNet, ONNX Runtime", "int8": "FerNet, ONNX Runtime int8"}
    return {title: load_model(reference, checkpoints, "cpu", engine=engine) for engine, title in names.items()}


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fernet", default="", help="model reference; left out, a FerNet with random weights")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    faces = np.random.default_rng(0).integers(0, 256, (FACES, 48, 48), dtype=np.uint8)
    pictures = [Image.fromarray(face) for face in faces[:VIT_FACES]]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as workspace:
        fernet = fernet_in(Path(workspace) / "fernet", arguments.fernet)
        vit = random_vit(Path(workspace) / "vit")
        models = engines_of(fernet, faces)
        smaller = load_model(f"{vit}@size=112", checkpoints_root(), "cpu")
        classify = pipeline("image-classification", model=vit, device="cpu", use_fast=False)
        batches: dict[str, tuple[int, Callable[[], Any]]] = {
            name: (FACES, lambda model=model: model.probabilities(faces)) for name, model in models.items()
        }
        batches["ViT-base/112, ferdash"] = (VIT_FACES, lambda: smaller.probabilities(faces[:VIT_FACES]))
        batches[PIPELINE] = (VIT_FACES, lambda: classify(pictures, batch_size=VIT_FACES))
        singles: dict[str, tuple[int, Callable[[], Any]]] = {
            name: (ONE_FACE, lambda model=model: model.probabilities(faces[:1])) for name, model in models.items()
        }
        singles["ViT-base/112, ferdash"] = (3, lambda: smaller.probabilities(faces[:1]))
        singles[PIPELINE] = (3, lambda: classify(pictures[0]))
        speeds: dict[str, list[float]] = {name: [] for name in batches}
        delays: dict[str, list[float]] = {name: [] for name in singles}
        for turn in range(arguments.turns + 1):
            for name, (images, work) in batches.items():
                speed = images / seconds(work)
                if turn:  # the first turn warms up
                    speeds[name].append(speed)
            for name, (times, work) in singles.items():
                taken = [1000 * seconds(work) for _ in range(times)]
                if turn:
                    delays[name] += taken
        parameters = {name: model.parameters for name, model in models.items()}
        parameters |= dict.fromkeys(("ViT-base/112, ferdash", PIPELINE), smaller.parameters)
    print(f"{'':37}{'parameters':>12}{'faces/s':>10}{'one face':>12}{'times the pipeline':>20}")
    ratios = {}
    for name in batches:
        ratios[name] = median(a / b for a, b in zip(speeds[name], speeds[PIPELINE], strict=True))
        print(
            f"{name:37}{parameters[name]:>12,}{median(speeds[name]):>10,.1f}{median(delays[name]):>9,.2f} ms"
            f"{ratios[name]:>20,.1f}"
        )
    plain = "FerNet, PyTorch"
    print(f"FerNet in PyTorch: {ratios[plain]:,.0f} times the faces a second (at least {RATIO_WANTED} wanted),")
    print(f"and one face in {median(delays[plain]):.2f} ms at the median (under {MS_WANTED:g} wanted).")
    print(
        f"{machine()}, {platform.machine()}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}"
    )


if __name__ == "__main__":
    main()
