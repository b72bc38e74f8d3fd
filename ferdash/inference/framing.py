"""A detected face, cut out as FER2013 frames its faces.

FER2013's 48 x 48 images were cut by a face detector, so a network trained on them expects eyes, mouth and chin at
certain places. The constants here were measured by benchmarks/framing.py on training faces of FER2013, enlarged and
with their border continued: where the Haar box lies in the 48 x 48 frame, and where the eyes do.
"""

import cv2
import numpy as np

from ferdash.inference.detector import Face

CROP_SIZE = 48

HAAR_SIDE = 0.969
HAAR_CENTRE = (0.500, 0.493)
"""Median side and centre of the Haar box, as shares of the frame's side from its top left corner."""

EYE_DISTANCE = 0.383
EYE_CENTRE = (0.497, 0.390)
"""Median distance between the eyes' centres, and their midpoint, as shares of the frame's side."""

EYES_TO_MOUTH = 0.866
"""Distance between the eyes over that from eyes to mouth on a frontal face, from the five-point template of Deng et
al., "ArcFace" (2019). A turned head brings the eyes together but not the mouth nearer."""


def frame_of(face: Face) -> tuple[float, float, float, float]:
    """The square that FER2013 would have cut, x0 y0 x1 y1 in pixels of the picture; it may reach beyond the border."""
    x0, y0, x1, y1 = face.box_xyxy
    if face.landmarks is not None:
        return _frame_from_landmarks(np.asarray(face.landmarks, dtype=np.float64))
    if face.detector == "whole":
        side = max(x1 - x0, y1 - y0)
        return _square((x0 + x1) / 2, (y0 + y1) / 2, side, (0.5, 0.5))
    side = max(x1 - x0, y1 - y0) / HAAR_SIDE
    return _square((x0 + x1) / 2, (y0 + y1) / 2, side, HAAR_CENTRE)


def crop_face(image_rgb: np.ndarray, box_xyxy: tuple[float, float, float, float]) -> np.ndarray:
    """uint8 grey (48, 48) of a box of a uint8 RGB picture; what lies beyond the border repeats the border.

    Reduced by averaging areas, enlarged by linear interpolation.
    """
    height, width = image_rgb.shape[:2]
    x0, y0 = (round(value) for value in box_xyxy[:2])
    x1, y1 = max(round(box_xyxy[2]), x0 + 1), max(round(box_xyxy[3]), y0 + 1)
    # At least one pixel of the picture, even for a box that lies outside it.
    left, top = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    right, bottom = min(max(x1, left + 1), width), min(max(y1, top + 1), height)
    inside = cv2.cvtColor(image_rgb[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    above, below = max(top - y0, 0), max(y1 - bottom, 0)
    before, after = max(left - x0, 0), max(x1 - right, 0)
    inside = cv2.copyMakeBorder(inside, above, below, before, after, cv2.BORDER_REPLICATE)
    reduced = min(inside.shape) >= CROP_SIZE
    return cv2.resize(inside, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA if reduced else cv2.INTER_LINEAR)


def _frame_from_landmarks(points: np.ndarray) -> tuple[float, float, float, float]:
    """The frame from right eye, left eye, nose, right and left mouth corner, (5, 2)."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    between_eyes = float(np.linalg.norm(points[1] - points[0]))
    to_mouth = float(np.linalg.norm(mouth - eyes))
    distance = max(between_eyes, EYES_TO_MOUTH * to_mouth, 1.0)
    return _square(float(eyes[0]), float(eyes[1]), distance / EYE_DISTANCE, EYE_CENTRE)


def _square(x: float, y: float, side: float, share: tuple[float, float]) -> tuple[float, float, float, float]:
    """A square of which (x, y) lies at `share` of its side."""
    left, top = x - share[0] * side, y - share[1] * side
    return float(left), float(top), float(left + side), float(top + side)
