"""A found face, and what all detectors do with theirs: bring them to the picture's pixels, drop doubles, sort."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """One face in a picture.

    box_xyxy: as the detector drew it, in pixels. confidence: 0 to 1. detector: centerface, haar, yunet or whole.
    landmarks: right eye, left eye, nose, right and left mouth corner as (x, y), where the detector knows them; right
    and left are the person's, so that on an upright picture the right eye is on the left.
    """

    box_xyxy: Box
    confidence: float
    detector: str
    landmarks: tuple[tuple[float, float], ...] | None = None

    def mapped(self, scale: float, x: float = 0.0, y: float = 0.0) -> "Face":
        """The face of a picture that was cut out at (x, y) and then divided by `scale`, in the whole one's pixels."""
        x0, y0, x1, y1 = (value * scale for value in self.box_xyxy)
        points = self.landmarks and tuple((px * scale + x, py * scale + y) for px, py in self.landmarks)
        return replace(self, box_xyxy=(x0 + x, y0 + y, x1 + x, y1 + y), landmarks=points)


def suppress_duplicates(faces: list[Face], overlap: float = 0.5) -> list[Face]:
    """Of boxes that share more than `overlap` of the smaller one's area, keep the most confident."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if all(_shared(face.box_xyxy, other.box_xyxy) <= overlap for other in kept):
            kept.append(face)
    return kept


def merged(first: list[Face], second: list[Face], overlap: float = 0.5) -> list[Face]:
    """All of the first, and those of the second that share no more than `overlap` of the smaller area with any."""
    new = (one for one in second if all(_shared(one.box_xyxy, face.box_xyxy) <= overlap for face in first))
    return [*first, *new]


def from_left(faces: list[Face]) -> list[Face]:
    """Sorted from left to right, then from top to bottom."""
    return sorted(faces, key=lambda face: (face.box_xyxy[0], face.box_xyxy[1]))


def in_rows(faces: list[Face]) -> list[Face]:
    """As a group photo is read: row by row from the top, each from left to right. Faces whose boxes share a height, or
    that others join so, are of one row: people who stand beside each other are, however tall."""
    rows: list[list[Face]] = []
    bottom = -math.inf
    for face in sorted(faces, key=lambda face: face.box_xyxy[1]):
        if face.box_xyxy[1] >= bottom:
            rows.append([])
        rows[-1].append(face)
        bottom = max(bottom, face.box_xyxy[3])
    return [face for row in rows for face in from_left(row)]


def reduced(image: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """The picture with its longer side at no more than `side` pixels, and the factor back to its own pixels."""
    scale = max(image.shape[:2]) / side
    if scale <= 1:
        return image, 1.0
    size = (max(1, round(image.shape[1] / scale)), max(1, round(image.shape[0] / scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def _shared(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(width, 0.0) * max(height, 0.0) / smaller if smaller > 0 else 1.0
