"""A detected face, cut out upright and as FER2013 frames its faces.

FER2013's 48 x 48 images were cut by a face detector, so a network trained on them expects eyes, mouth and chin at
certain places. The constants here were measured by benchmarks/framing.py on training faces of FER2013: where in the
48 x 48 frame the detectors' boxes and landmarks lie. Shares are of the frame's side, from its centre.
"""

import math

import numpy as np

from ferdash.geometry import CropBox, cut_out
from ferdash.inference.faces import Face
from ferdash.inference.landmarks import Landmarks, roll_of, yaw_of

CROP_SIZE = 48

EYES_TO_MOUTH = 0.363
"""Median distance from the midpoint of the eyes to that of the mouth. A turned head brings the eyes together but not
the mouth nearer, and of all that landmarks tell, this one follows the side of the frame most closely."""

LEAST_OF_EYES = 0.8
"""A head bent far down or up brings mouth and eyes together: at least this share of the distance between the eyes
counts instead. On frontal faces it is 0.95."""

MIDDLE_BELOW = 0.079
"""How far below the centre of the frame the middle between eyes and mouth lies."""

MIDDLE_ASIDE = 0.14
"""How far that middle lies to the side of the centre when the head is turned by 90 degrees; by the angle's sine when it
is turned by less."""

BOXES: dict[str, tuple[float, float, float]] = {
    "centerface": (0.951, 0.0, 0.010),
    "haar": (0.969, 0.0, -0.007),
}
"""By detector, for boxes without landmarks: longer side of the box, and where its centre lies to the right of and
below that of the frame."""


def crop_box(face: Face) -> CropBox:
    """The square that FER2013 would have cut, turned with the head; it may reach beyond the picture's border."""
    if face.landmarks is not None:
        return _from_landmarks(face.landmarks)
    box = CropBox.from_xyxy(*face.box_xyxy)
    if face.detector not in BOXES:
        return box
    share, aside, below = BOXES[face.detector]
    side = box.side / share
    return CropBox(box.x - aside * side, box.y - below * side, side)


def crop_face(image_rgb: np.ndarray, box: CropBox) -> np.ndarray:
    """uint8 grey (48, 48) of a box of a uint8 RGB picture, see `cut_out`."""
    return cut_out(image_rgb, box, CROP_SIZE, grey=True)


def _from_landmarks(points: Landmarks) -> CropBox:
    """The box from right eye, left eye, nose, right and left mouth corner."""
    right_eye, left_eye, _, right_mouth, left_mouth = points
    eyes = (right_eye[0] + left_eye[0]) / 2, (right_eye[1] + left_eye[1]) / 2
    mouth = (right_mouth[0] + left_mouth[0]) / 2, (right_mouth[1] + left_mouth[1]) / 2
    between_eyes, to_mouth = math.dist(right_eye, left_eye), math.dist(eyes, mouth)
    side = max(to_mouth, LEAST_OF_EYES * between_eyes, 1.0) / EYES_TO_MOUTH
    roll_deg = roll_of(points)
    aside, below = -MIDDLE_ASIDE * math.sin(math.radians(yaw_of(points))) * side, -MIDDLE_BELOW * side
    cosine, sine = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    x, y = (eyes[0] + mouth[0]) / 2, (eyes[1] + mouth[1]) / 2
    return CropBox(x + aside * cosine - below * sine, y + aside * sine + below * cosine, side, roll_deg)
