"""Whether detector and models answer as they did where they were made: one known face, and what is known of it.

known_face.png is Eileen Collins, a photograph by NASA in the public domain. known_answers.json is written by
scripts/known_answers.py: the face that CenterFace found, and each shipped model's probabilities of that face, turned
and mirrored, by a digest of the files that it was opened from.
"""

import json
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferdash.diagnosis.check import Check, State
from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError
from ferdash.inference.detector import load_detector
from ferdash.models.catalogue import SHIPPED
from ferdash.models.engines import Engine
from ferdash.models.exported import digest_of
from ferdash.models.loading import load_model
from ferdash.models.reference import source_files
from ferdash.paths import named_model
from ferdash.pictures import read_image

FACE, ANSWERS = "known_face.png", "known_answers.json"
BOX_TOLERANCE_PX = 1.0
TOLERANCES: dict[Engine, float] = {"onnx": 2e-3, "int8": 0.25, "torch": 2e-3}
"""Largest difference of a probability from PyTorch's; 8-bit integers cost up to 0.11, and more on other processors."""


def known_face() -> np.ndarray:
    """uint8 RGB (256, 256, 3)."""
    return read_image(files(__package__).joinpath(FACE).read_bytes(), FACE)


def known_crops() -> np.ndarray:
    """uint8 grey (8, 48, 48): the face cut out at a fixed place, turned and mirrored, so that models have to think."""
    grey = cv2.cvtColor(known_face(), cv2.COLOR_RGB2GRAY)
    crop = cv2.resize(grey[48:192, 56:200], (48, 48), interpolation=cv2.INTER_AREA)
    return np.stack([np.rot90(one, turns) for one in (crop, crop[:, ::-1]) for turns in range(4)])


def known_answers() -> dict[str, Any]:
    """detector: the face's box_xyxy in pixels; models: digest -> name, and probabilities (8, 7) of `known_crops`."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath(ANSWERS).read_text(encoding="utf-8"))
    return found


def answers(checkpoints: Path, known: dict[str, Any] | None = None) -> list[Check]:
    """The detector, then each shipped model in each engine, against `known`."""
    known = known or known_answers()
    found = [_detector(checkpoints, known["detector"]["box_xyxy"])]
    for name in SHIPPED:
        if not named_model(name, checkpoints).is_dir():
            advice = f"Put it back, or unset FERDASH_CHECKPOINTS; {checkpoints / 'models'} was looked through."
            found.append(Check("Models", name, State.FAILED, "not there", advice))
            continue
        stored = known["models"].get(digest_of(source_files(name, checkpoints)))
        found += [_model(name, engine, checkpoints, stored) for engine in TOLERANCES]
    return found


def _detector(checkpoints: Path, box_xyxy: list[float]) -> Check:
    started = time.perf_counter()
    try:
        faces = load_detector("centerface", checkpoints)(known_face())
    except FerdashError as error:
        return Check("Models", "face detector", State.FAILED, "cannot be opened", str(error))
    took = time.perf_counter() - started
    if len(faces) != 1 or faces[0].detector != "centerface":
        found = f"{len(faces)} faces in a picture of one, by {faces[0].detector if faces else 'nobody'}"
        return Check("Models", "face detector", State.FAILED, found, "Install ferdash and onnxruntime again.")
    off = float(np.abs(np.subtract(faces[0].box_xyxy, box_xyxy)).max())
    found = f"CenterFace, box within {off:.2f} px of the stored one, {1000 * took:.0f} ms with opening"
    if off > BOX_TOLERANCE_PX:
        return Check("Models", "face detector", State.FAILED, found, "Install ferdash and onnxruntime again.")
    return Check("Models", "face detector", State.GOOD, found)


def _model(name: str, engine: Engine, checkpoints: Path, stored: dict[str, Any] | None) -> Check:
    label = f"{name}, {engine}"
    try:
        probabilities = load_model(name, checkpoints, engine=engine).probabilities(known_crops())
    except FerdashError as error:
        return Check("Models", label, State.FAILED, "gives no answer", str(error))
    said = f"{EMOTIONS[int(probabilities[0].argmax())]} {100 * probabilities[0].max():.1f}%"
    if stored is None:
        return Check("Models", label, State.NOTE, f"{said}; nothing is stored of these weights to compare with")
    off = float(np.abs(probabilities - np.array(stored["probabilities"])).max())
    found = f"{said}, all probabilities within {off:.4f} of the stored ones"
    if off > TOLERANCES[engine]:
        return Check("Models", label, State.FAILED, found, "Install ferdash again, or export the model again.")
    return Check("Models", label, State.GOOD, found)
