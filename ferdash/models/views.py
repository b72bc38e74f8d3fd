"""Several looks at one face, whose probabilities are averaged: at test time, and by a teacher."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError

MARGIN = 1 / 24
"""Share of a face's size by which its border is continued on each side before crops of its own size are cut: 2 px of
48. Chosen on FER2013's validation split, where the FerNet of that time recognised 71.5 % so, 71.2 % with 1 px and
70.9 % with 3 px. Crops of 46 px, enlarged again, gave 70.7 %: enlarging blurs them, and faces there are cropped closely
already."""


class Classifier(Protocol):
    """Whatever turns faces into probabilities as EmotionModel does."""

    def probabilities(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray: ...


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
    return [view for crop in crops for view in (np.ascontiguousarray(crop), mirrored(crop))]


VIEWS = {
    "plain": lambda faces: [faces],
    "flip": lambda faces: [faces, mirrored(faces)],
    "ten-crop": ten_crops,
}
"""The ways of looking that can be chosen by name: uint8 faces in, a list of arrays of the same faces out."""


def check_views(views: str) -> None:
    """Raise ModelError for a name that is none of VIEWS."""
    if views not in VIEWS:
        raise ModelError(f"A face can be seen as {', '.join(VIEWS)}, but not as “{views}”.")


def average_probabilities(models: Sequence[Classifier], views: list[np.ndarray]) -> np.ndarray:
    """Mean over models and views of the probabilities, float32 (N, 7). views: arrays of the same N faces."""
    total = np.zeros((len(views[0]), len(EMOTIONS)), dtype=np.float64)
    for model in models:
        for view in views:
            total += model.probabilities(view, batch_size=256)
    return (total / (len(models) * len(views))).astype(np.float32)
