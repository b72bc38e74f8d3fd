"""Where the faces are: CenterFace, which comes with ferdash, or another detector by name.

A detector can be used from several threads at once.
"""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from ferdash.errors import ModelError
from ferdash.inference.centerface import CenterFaceDetector, centerface_file
from ferdash.inference.faces import Face, suppress_duplicates
from ferdash.inference.haar import HaarDetector
from ferdash.inference.yunet import YuNetDetector, fetch_yunet

__all__ = [
    "DEFAULT_DETECTOR",
    "DETECTORS",
    "CenterFaceDetector",
    "Detector",
    "Face",
    "HaarDetector",
    "YuNetDetector",
    "find_faces",
    "load_detector",
    "suppress_duplicates",
    "whole_picture",
]

logger = logging.getLogger(__name__)

DETECTORS = {"centerface": "CenterFace", "haar": "Haar cascade", "yunet": "YuNet"}
"""Each detector's name in settings and records, and as a person reads it."""

DEFAULT_DETECTOR = "centerface"

SMALLEST_WHOLE, WHOLE_SIDE = 12, 64
"""A picture with both sides within these is taken for a face that was cut out already; fewer pixels show none."""


class Detector(Protocol):
    """Anything that finds faces in a uint8 RGB picture."""

    name: str

    def __call__(self, image_rgb: np.ndarray, *, min_side: int = 0, quick: bool = False) -> list[Face]:
        """The faces, from left to right. To save time, where a detector can: min_side, in pixels, below which faces
        need not be found; quick, for a look that may miss one now and then."""
        ...


def load_detector(name: str, checkpoints: Path) -> Detector:
    """The detector of that name; files are looked for in `checkpoints`/detectors, YuNet's is fetched if need be.

    Where ONNX Runtime is not installed, the Haar cascade stands in for CenterFace, and the log says so. Raises
    ModelError for an unknown name, and when a detector's file is neither there nor to be had.
    """
    if name == "centerface":
        if find_spec("onnxruntime") is None:
            logger.warning(
                "ONNX Runtime is not installed, so OpenCV's Haar cascade looks for faces, and misses tilted and "
                "covered ones; `pip install -r requirements.txt` installs it."
            )
            return HaarDetector()
        return CenterFaceDetector(centerface_file(checkpoints))
    if name == "haar":
        return HaarDetector()
    if name == "yunet":
        return YuNetDetector(fetch_yunet(checkpoints))
    raise ModelError(f"There is no face detector “{name}”; choose one of {', '.join(DETECTORS)}.")


def whole_picture(image_rgb: np.ndarray) -> Face:
    """The whole picture as one face, for faces that were cut out already."""
    height, width = image_rgb.shape[:2]
    return Face((0.0, 0.0, float(width), float(height)), 1.0, "whole")


def find_faces(image_rgb: np.ndarray, detector: Detector, whole: bool | None = None) -> list[Face]:
    """Faces of a uint8 RGB picture, left to right. whole: True takes the picture itself for a face, False never does,
    None does so where both its sides are within SMALLEST_WHOLE and WHOLE_SIDE pixels."""
    if whole or (whole is None and all(SMALLEST_WHOLE <= side <= WHOLE_SIDE for side in image_rgb.shape[:2])):
        return [whole_picture(image_rgb)]
    return detector(image_rgb)
