"""Boxes followed from one frame to the next by optical flow.

After Kalal et al., "Forward-Backward Error: Automatic Detection of Tracking Failures" (2010): points in the box are
followed forth and back, those that do not return are dropped, and the rest vote on shift and scale by their medians.
"""

from functools import cache

import cv2
import numpy as np

MAX_POINTS = 30
MIN_POINTS = 6
"""With fewer points that return, the box counts as lost."""

WINDOW = 0.5
"""How far around the box, as a share of its side, the pictures are looked at: a face that moves further from one frame
to the next is lost."""

FACE_PX = 96
"""To this width, in pixels, larger faces are reduced: points are followed to a twentieth of a pixel."""

SEARCH = {"winSize": (15, 15), "maxLevel": 2, "criteria": (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)}
"""Three sizes of the picture and ten steps in each: a face of FACE_PX moves by less than half its width."""

RETURN_PX = 1.0
STEP = (0.9, 1.1)
"""A face's size changes by no more than this from frame to frame."""


def follow(
    previous: np.ndarray, current: np.ndarray, box_xyxy: np.ndarray, avoid: list[np.ndarray]
) -> np.ndarray | None:
    """The box of uint8 grey `previous` in `current`, float64 (4,); None when it cannot be found there.

    avoid: boxes of other faces, whose points are left out since they would pull this one along.
    """
    window = _window(previous, box_xyxy)
    if window is None:
        return None
    columns, rows, factor = window
    corner = np.array([columns.start, rows.start], dtype=np.float64)
    near = [_reduced(picture[rows, columns], factor) for picture in (previous, current)]
    boxes = [((np.asarray(box).reshape(2, 2) - corner) * factor).ravel() for box in (box_xyxy, *avoid)]
    moved = _follow(near[0], near[1], boxes[0], boxes[1:])
    return None if moved is None else (moved.reshape(2, 2) / factor + corner).ravel()


def _window(picture: np.ndarray, box_xyxy: np.ndarray) -> tuple[slice, slice, float] | None:
    """Columns and rows around the box, and the factor that reduces what is there; None for a box that lies outside."""
    height, width = picture.shape
    side = float(max(box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1]))
    reach = WINDOW * side
    x0, y0 = max(0, int(box_xyxy[0] - reach)), max(0, int(box_xyxy[1] - reach))
    x1, y1 = min(width, int(box_xyxy[2] + reach) + 1), min(height, int(box_xyxy[3] + reach) + 1)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return None
    return slice(x0, x1), slice(y0, y1), min(1.0, FACE_PX / side)


def _reduced(picture: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1.0:
        return picture
    # Linear where so little is left out that no pixel is, as it is much quicker than the mean over areas.
    kind = cv2.INTER_LINEAR if factor > 2 / 3 else cv2.INTER_AREA
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=kind)


def _follow(
    previous: np.ndarray, current: np.ndarray, box_xyxy: np.ndarray, avoid: list[np.ndarray]
) -> np.ndarray | None:
    start = _points(previous, box_xyxy, avoid)
    if len(start) < MIN_POINTS:
        return None
    forth, found, _ = cv2.calcOpticalFlowPyrLK(previous, current, start, None, **SEARCH)  # type: ignore[call-overload]
    back, returned, _ = cv2.calcOpticalFlowPyrLK(current, previous, forth, None, **SEARCH)  # type: ignore[call-overload]
    distance = np.linalg.norm((back - start).reshape(-1, 2), axis=1)
    good = (found.ravel() == 1) & (returned.ravel() == 1) & (distance < RETURN_PX)
    if good.sum() < MIN_POINTS:
        return None
    before = start.reshape(-1, 2)[good].astype(np.float64)
    after = forth.reshape(-1, 2)[good].astype(np.float64)
    return _moved(box_xyxy, before, after)


def _points(grey: np.ndarray, box_xyxy: np.ndarray, avoid: list[np.ndarray]) -> np.ndarray:
    """Corners within the inner four fifths of the box, float32 (N, 1, 2)."""
    height, width = grey.shape
    side = float(max(box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1]))
    inset = 0.1 * side
    x0, y0 = max(0, round(box_xyxy[0] + inset)), max(0, round(box_xyxy[1] + inset))
    x1, y1 = min(width, round(box_xyxy[2] - inset)), min(height, round(box_xyxy[3] - inset))
    none = np.empty((0, 1, 2), np.float32)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return none
    corners = cv2.goodFeaturesToTrack(grey[y0:y1, x0:x1], MAX_POINTS, 0.01, max(2.0, side / 12))
    if corners is None:
        return none
    points = corners + np.array([x0, y0], np.float32)
    x, y = points[:, 0, 0], points[:, 0, 1]
    for other in avoid:
        outside = (x < other[0]) | (x > other[2]) | (y < other[1]) | (y > other[3])
        points, x, y = points[outside], x[outside], y[outside]
    return points


def _moved(box_xyxy: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The box shifted by the median shift and scaled by the median ratio of distances between points, (N, 2) each."""
    shift = np.median(after - before, axis=0)
    one, other = _pairs(len(before))
    apart, now = (np.hypot(*(points[one] - points[other]).T) for points in (before, after))
    ratios = now[apart > 1] / apart[apart > 1]
    scale = float(np.clip(np.median(ratios), *STEP)) if len(ratios) else 1.0
    centre = (box_xyxy[:2] + box_xyxy[2:]) / 2 + shift
    half = (box_xyxy[2:] - box_xyxy[:2]) / 2 * scale
    return np.concatenate([centre - half, centre + half])


@cache
def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(count, 1)
