"""What five landmarks say of a head: how it is tilted and how far it is turned away. Pure geometry.

Landmarks are right eye, left eye, nose, right and left mouth corner, the person's, as (x, y) in pixels, (5, 2).
"""

import math
from collections.abc import Sequence

import numpy as np

Landmarks = Sequence[Sequence[float]] | np.ndarray

NOSE_DEPTH = 0.45
"""How far the tip of the nose stands out of the plane of eyes and mouth, as a share of the distance between the eyes'
centres."""


def roll_of(landmarks: Landmarks) -> float:
    """By how many degrees, -180 to 180, the head is tilted clockwise as seen.

    The eyes' line and the line from eyes to mouth both tell; each counts by its length, so that a profile, whose eyes
    all but coincide, is decided by the other.

    >>> round(roll_of([(0, 0), (10, 10), (0, 20), (-10, 10), (0, 20)]), 1)
    45.0
    """
    points = np.asarray(landmarks, dtype=np.float64)
    down = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    across = points[1] - points[0] + np.array([down[1], -down[0]])
    return math.degrees(math.atan2(across[1], across[0]))


def yaw_of(landmarks: Landmarks) -> float:
    """By how many degrees, -90 to 90, the head is turned; positive towards the right of the picture as seen upright.

    Seen from afar, eyes at (-e, e) and a nose NOSE_DEPTH * 2e before them come to 2e cos(yaw) apart and 2e NOSE_DEPTH
    sin(yaw) aside when the head turns: their ratio gives the angle, whatever the size of the face.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    turn = math.radians(roll_of(points))
    across = points @ np.array([math.cos(turn), math.sin(turn)])
    down = points @ np.array([-math.sin(turn), math.cos(turn)])
    eyes, mouth = across[:2].mean(), across[3:].mean()
    height = down[3:].mean() - down[:2].mean()
    share = float(np.clip((down[2] - down[:2].mean()) / height, 0.0, 1.0)) if height > 0 else 0.5
    aside = across[2] - ((1 - share) * eyes + share * mouth)
    return math.degrees(math.atan2(aside / NOSE_DEPTH, max(across[1] - across[0], 0.0)))
