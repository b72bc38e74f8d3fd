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
    right_eye, left_eye, _, right_mouth, left_mouth = _floats(landmarks)
    down_x = (right_mouth[0] + left_mouth[0] - right_eye[0] - left_eye[0]) / 2
    down_y = (right_mouth[1] + left_mouth[1] - right_eye[1] - left_eye[1]) / 2
    return math.degrees(math.atan2(left_eye[1] - right_eye[1] - down_x, left_eye[0] - right_eye[0] + down_y))


def yaw_of(landmarks: Landmarks) -> float:
    """By how many degrees, -90 to 90, the head is turned; positive towards the right of the picture as seen upright.

    Seen from afar, eyes at (-e, e) and a nose NOSE_DEPTH * 2e before them come to 2e cos(yaw) apart and 2e NOSE_DEPTH
    sin(yaw) aside when the head turns: their ratio gives the angle, whatever the size of the face.
    """
    points = _floats(landmarks)
    turn = math.radians(roll_of(points))
    cosine, sine = math.cos(turn), math.sin(turn)
    across = [x * cosine + y * sine for x, y in points]
    down = [y * cosine - x * sine for x, y in points]
    eyes, mouth = (across[0] + across[1]) / 2, (across[3] + across[4]) / 2
    eyes_down = (down[0] + down[1]) / 2
    height = (down[3] + down[4]) / 2 - eyes_down
    share = min(max((down[2] - eyes_down) / height, 0.0), 1.0) if height > 0 else 0.5
    aside = across[2] - ((1 - share) * eyes + share * mouth)
    return math.degrees(math.atan2(aside / NOSE_DEPTH, max(across[1] - across[0], 0.0)))


def _floats(landmarks: Landmarks) -> list[list[float]]:
    """Plain numbers: for five points they are several times as quick as arrays, and a video has thousands of faces."""
    return [[float(x), float(y)] for x, y in landmarks]
