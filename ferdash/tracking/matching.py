"""Which face is whose: costs of every pair, and the assignment with the least."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from ferdash.inference.detector import Face
from ferdash.tracking.appearance import difference
from ferdash.tracking.track import Track

Known = TypeVar("Known")
Seen = TypeVar("Seen")

IMPOSSIBLE = 1e6

MAX_DIFFERENCE_ANYWHERE = 0.3
MAX_DIFFERENCE_NEARBY = 0.45
"""Differences of appearance (see `difference`, 0 to 1) below which a returning face is the same wherever it appears, or
only near its expected place."""


def costs_of(known: Sequence[Known], seen: Sequence[Seen], cost: Callable[[Known, Seen], float]) -> np.ndarray:
    """float64 (len(known), len(seen)): the cost of each pair."""
    costs = [[cost(one, other) for other in seen] for one in known]
    return np.array(costs, dtype=np.float64).reshape(len(known), len(seen))


def assign(costs: np.ndarray, below: float = IMPOSSIBLE) -> dict[int, int]:
    """Row -> column of the assignment with the least cost in all, without pairs that cost `below` or more."""
    rows, columns = linear_sum_assignment(costs)
    return {int(r): int(c) for r, c in zip(rows, columns, strict=True) if costs[r, c] < below}


def stay_cost(track: Track, face: Face, appearance: np.ndarray, weight: float) -> float:
    """Of a detected face being that of a present track: it lies where the track is and is about as large. weight: of
    the difference in appearance, beside what of the boxes does not overlap."""
    box = np.array(face.box_xyxy)
    common = overlap(track.box, box)
    side = max(box[2] - box[0], box[3] - box[1])
    near = np.linalg.norm(track.centre - (box[:2] + box[2:]) / 2) < 0.5 * track.side
    if (common > 0.2 or near) and 0.5 < side / track.side < 2:
        return 1 - common + weight * difference(track.appearance, appearance)
    return IMPOSSIBLE


def return_cost(track: Track, face: Face, appearance: np.ndarray, timestamp_s: float) -> float:
    """Of a face being that of a lost track: of about its appearance, or of a similar one near where it should be by
    now."""
    away_s = max(0.0, timestamp_s - track.seen_s)
    box = np.array(face.box_xyxy)
    # Nobody keeps walking for long where the camera does not see it.
    expected = track.centre + track.velocity * min(away_s, 1.0)
    apart = float(np.linalg.norm(expected - (box[:2] + box[2:]) / 2)) / max(track.side, 1.0)
    unlike = difference(track.appearance, appearance)
    if unlike < MAX_DIFFERENCE_ANYWHERE or (unlike < MAX_DIFFERENCE_NEARBY and apart < 1 + 2 * away_s):
        return unlike + 0.1 * min(apart, 3.0)
    return IMPOSSIBLE


def _intersection(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return float(max(width, 0.0) * max(height, 0.0))


def _area(box: np.ndarray) -> float:
    return float(max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0))


def shared(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over the smaller box."""
    smaller = min(_area(a), _area(b))
    return _intersection(a, b) / smaller if smaller > 0 else 0.0


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    common = _intersection(a, b)
    union = _area(a) + _area(b) - common
    return common / union if union > 0 else 0.0
