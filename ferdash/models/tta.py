"""Test-time augmentation: probabilities averaged over variants of a face. A teacher uses it too."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.evaluation.protocol import TTA

MARGIN = 1 / 24
"""Share of a face's size by which its border is continued on each side before crops of its own size are cut: 2 px of
48. Chosen on FER2013's validation split, where the FerNet of that time recognised 71.5% so, 71.2% with 1 px and
70.9% with 3 px. Crops of 46 px, enlarged again, gave 70.7%: enlarging blurs them, and faces there are cropped closely
already."""


class Classifier(Protocol):
    """Whatever turns faces into probabilities as EmotionModel does."""

    def probabilities(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray: ...


def titled(title: str, tta: str) -> str:
    """What a model is called that looks so."""
    return title if tta == "plain" else f"{title}, {tta} TTA"


def mirrored(faces: np.ndarray) -> np.ndarray:
    """uint8 faces (N, H, W) or (N, H, W, 3), left and right exchanged."""
    return np.ascontiguousarray(faces[:, :, ::-1])


def ten_crops(faces: np.ndarray) -> list[np.ndarray]:
    """The four corners and the centre of each face, its border continued by repeating the outermost pixels, and their
    mirror images: ten arrays of uint8 (N, H, W[, 3]), of which the ninth is the face itself.

    Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks" (2012), section 4.1.
    """
    height, width = faces.shape[1:3]
    down, right = round(height * MARGIN), round(width * MARGIN)
    borders = [(0, 0), (down, down), (right, right)] + [(0, 0)] * (faces.ndim - 3)
    larger = np.pad(faces, borders, mode="edge")
    corners = [(0, 0), (0, 2 * right), (2 * down, 0), (2 * down, 2 * right), (down, right)]
    crops = [larger[:, top : top + height, left : left + width] for top, left in corners]
    return [variant for crop in crops for variant in (np.ascontiguousarray(crop), mirrored(crop))]


_VARIANTS = {
    "plain": lambda faces: [faces],
    "flip": lambda faces: [faces, mirrored(faces)],
    "ten-crop": ten_crops,
}
"""Of TTA: uint8 faces in, a list of arrays of the same faces out."""


def variants(tta: str, faces: np.ndarray) -> list[np.ndarray]:
    """The uint8 faces over which an augmentation averages, an array each of the same N faces."""
    return _VARIANTS[tta](faces)


def check_tta(tta: str) -> None:
    """Raise ModelError for a name that is none of TTA."""
    if tta not in TTA:
        raise ModelError(f"There is no test-time augmentation “{tta}”; there are {', '.join(TTA)}.")


def average_probabilities(models: Sequence[Classifier], variants: list[np.ndarray]) -> np.ndarray:
    """Mean over models and variants of the probabilities, float32 (N, 7). variants: arrays of the same N faces."""
    total = np.zeros((len(variants[0]), len(EMOTIONS)), dtype=np.float64)
    for model in models:
        for variant in variants:
            total += model.probabilities(variant, batch_size=256)
    return (total / (len(models) * len(variants))).astype(np.float32)
