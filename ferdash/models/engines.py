"""Which engine computes: PyTorch, or ONNX Runtime where the model has been exported and that is faster here.

The choice never changes a probability by more than TOLERANCE: only engines in float32 are chosen by themselves, after
their answers were compared. 8-bit integers are used on request alone.
"""

import hashlib
import json
import logging
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any, Literal, get_args

import numpy as np
import torch

from ferdash.errors import ModelError
from ferdash.files import write_json
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.sessions import FILES, open_session, read_export
from ferdash.models.weights import fingerprint_of

Engine = Literal["auto", "torch", "onnx", "int8"]
TOLERANCE = 1e-4
"""How far a probability of ONNX Runtime in float32 may be from PyTorch's. Measured for FerNet: 0.000002."""

CHOICES_FILE = "engines.json"
"""In the folder of checkpoints: what was measured on this machine, so that it is measured once."""

FACES = (1, 32)
"""Faces at once that are measured: a face before a camera, and a batch of photos or frames."""

TURNS = 7
FASTER = 1.1
"""ONNX Runtime is taken from this speed-up on, the geometric mean over FACES: below, the next measurement might say the
reverse."""

logger = logging.getLogger(__name__)


def check_engine(engine: str, device: str | None = None) -> None:
    """Raise ModelError for an engine that does not exist, or that does not work on the device asked for."""
    if engine not in get_args(Engine):
        raise ModelError(f"There is no engine “{engine}”; choose one of {', '.join(get_args(Engine))}.")
    if engine in FILES and device not in (None, "cpu"):
        raise ModelError(f"The engine {engine} runs on the processor (cpu), not on {device}; leave the device out.")


def choose_engine(model: EmotionModel, engine: Engine, folder: Path, checkpoints: Path) -> EmotionModel:
    """The model with the engine asked for, from the export in `folder`.

    engine: auto takes ONNX Runtime where it is installed, the export is of these weights, its probabilities agree
    within TOLERANCE, and it is faster on this machine; else PyTorch. What was measured is kept in `checkpoints`.

    Raises ModelError, for an engine other than auto, when the model has no such export or it cannot be opened.
    """
    if engine == "torch":
        return model
    if engine == "auto":
        return _fastest(model, folder, checkpoints)
    problem = _why_not(model, engine, folder)
    if problem is not None:
        raise ModelError(f"{problem} Run `ferdash export-onnx {model.reference}` first, or use the engine torch.")
    return replace(model, session=open_session(folder, engine))


def machine() -> str:
    """The processor, as far as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _why_not(model: EmotionModel, engine: str, folder: Path) -> str | None:
    """Why an export cannot stand in for the model, as a sentence; None when it can."""
    export = read_export(folder)
    if export is None or not (folder / FILES[engine]).is_file():
        what = "quantised to 8-bit integers" if engine == "int8" else "exported to ONNX"
        return f"{model.reference} has not been {what}."
    shape = (model.preprocess.channels, model.preprocess.height, model.preprocess.width)
    if export.weights != fingerprint_of(model.network) or export.input_shape != shape:
        return f"{model.reference} has changed since it was exported to ONNX."
    return None


def _fastest(model: EmotionModel, folder: Path, checkpoints: Path) -> EmotionModel:
    if find_spec("onnxruntime") is None or _why_not(model, "onnx", folder) is not None:
        return model
    try:
        candidate = replace(model, session=open_session(folder, "onnx"))
    except ModelError as error:
        logger.warning("PyTorch is used instead of ONNX Runtime: %s", error)
        return model
    key, known = _key(model), _read_choices(checkpoints)
    if key not in known:
        known[key] = _measure(model, candidate)
        _keep_choices(checkpoints, known)
    measured = known[key]
    agrees = measured["difference"] <= TOLERANCE
    if not agrees:
        logger.warning(
            "PyTorch is used for %s: probabilities of its export differ by %.1g",
            model.reference,
            measured["difference"],
        )
    return candidate if agrees and measured["speed_up"] >= FASTER else model


def _measure(model: EmotionModel, candidate: EmotionModel) -> dict[str, Any]:
    """Median milliseconds of both for each of FACES, in turns, and how far their probabilities are apart."""
    faces = np.random.default_rng(0).integers(0, 256, (max(FACES), 48, 48), dtype=np.uint8)
    difference = float(np.abs(model.probabilities(faces) - candidate.probabilities(faces)).max())
    medians = {images: _medians(model, candidate, faces[:images]) for images in FACES}
    return {
        "model": model.reference,
        "ms": {str(images): {"torch": slow, "onnx": fast} for images, (slow, fast) in medians.items()},
        "speed_up": geometric_mean(slow / fast for slow, fast in medians.values()),
        "difference": difference,
        "machine": machine(),
    }


def _medians(model: EmotionModel, candidate: EmotionModel, faces: np.ndarray) -> tuple[float, float]:
    model.logits(faces), candidate.logits(faces)  # the first calls of a size choose kernels and ask for memory
    times = [(_ms(lambda: model.logits(faces)), _ms(lambda: candidate.logits(faces))) for _ in range(TURNS)]
    slow, fast = zip(*times, strict=True)
    return round(median(slow), 3), round(median(fast), 3)


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def _key(model: EmotionModel) -> str:
    """Names the weights, input size, versions, processor and threads that a measurement holds for."""
    facts = [
        fingerprint_of(model.network),
        str((model.preprocess.height, model.preprocess.width)),
        torch.__version__,
        _version("onnxruntime"),
        machine(),
        str(torch.get_num_threads()),
    ]
    return hashlib.blake2b("\n".join(facts).encode(), digest_size=16).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a build of it under another name, such as onnxruntime-gpu
        return "unknown"


def _read_choices(checkpoints: Path) -> dict[str, dict[str, Any]]:
    path = checkpoints / CHOICES_FILE
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        logger.warning("%s cannot be read and is measured anew (%s)", path, error)
        return {}


def _keep_choices(checkpoints: Path, known: dict[str, dict[str, Any]]) -> None:
    try:
        write_json(checkpoints / CHOICES_FILE, known)
    except OSError as error:  # shared models may be read-only: then it is measured each time
        logger.warning("The choice of an engine cannot be kept (%s)", error)
