"""What can make a face hard to read: its size, tilt and turn, its light and its sharpness, and whether it is one."""

from dataclasses import asdict, dataclass

import numpy as np

from ferdash.data.sharpness import sharpness
from ferdash.geometry import CropBox
from ferdash.inference.faces import Face
from ferdash.inference.landmarks import roll_of, yaw_of

SMALL_PX = 40
"""A face of fewer pixels has to be enlarged to the 48 that models here look at."""

AWAY_DEG, TILTED_DEG = 35.0, 35.0
"""Nine in ten of FER2013's faces are turned away by less, and hardly any is tilted so far."""

DARK, BRIGHT = 45.0, 210.0
"""Mean grey levels that one in a hundred of FER2013's images is darker, or brighter, than."""

BLURRED = 0.03
"""Sharpness over the square of the contrast. Of FER2013's images 99 in 100 have over 0.23; blurred by a Gaussian with a
standard deviation of 1.5 pixels, half of them have less than 0.023."""

UNSURE = 0.55


@dataclass(frozen=True)
class FaceFacts:
    """Measures of one face.

    size_px: side of the square that was cut out, in pixels of the picture. roll_deg: how far the head is tilted
    clockwise, as seen. yaw_deg: how far it is turned, an estimate from five landmarks; positive towards the right of
    the picture. Both None without landmarks. sharpness: variance of the Laplacian of the 48 x 48 cut-out. brightness,
    contrast: mean and standard deviation of its grey levels, 0 to 255. confidence: the detector's, 0 to 1; None where
    none was asked.
    """

    size_px: float
    roll_deg: float | None
    yaw_deg: float | None
    sharpness: float
    brightness: float
    contrast: float
    confidence: float | None

    def rounded(self) -> dict[str, float | None]:
        """As plain data for tables and JSON, with the digits that mean something."""
        digits = {"confidence": 3}
        values = asdict(self).items()
        return {name: None if value is None else round(float(value), digits.get(name, 1)) for name, value in values}


def face_facts(face: Face, box: CropBox, crop: np.ndarray) -> FaceFacts:
    """The measures of a face with its box and its uint8 grey cut-out."""
    points = None if face.landmarks is None else np.array(face.landmarks)
    return FaceFacts(
        size_px=box.side,
        roll_deg=None if points is None else roll_of(points),
        yaw_deg=None if points is None else yaw_of(points),
        sharpness=float(sharpness(crop[None])[0]),
        brightness=float(crop.mean()),
        contrast=float(crop.std()),
        confidence=None if face.detector == "whole" else face.confidence,
    )


def reasons(facts: FaceFacts) -> list[str]:
    """What speaks against trusting what a model says of the face, the gravest first; none for a good picture.

    >>> reasons(FaceFacts(22.0, 3.0, -58.0, 900.0, 120.0, 50.0, 0.9))
    ['turned away by about 60 degrees', 'small: 22 px']
    """
    said = []
    if facts.confidence is not None and facts.confidence < UNSURE:
        said.append(f"may be no face: the detector is {facts.confidence:.0%} sure")
    if facts.yaw_deg is not None and abs(facts.yaw_deg) >= AWAY_DEG:
        said.append(f"turned away by about {_tens(facts.yaw_deg)} degrees")
    if facts.roll_deg is not None and abs(facts.roll_deg) >= TILTED_DEG:
        said.append(f"tilted by about {_tens(facts.roll_deg)} degrees")
    if facts.size_px < SMALL_PX:
        said.append(f"small: {facts.size_px:.0f} px")
    if facts.brightness < DARK:
        said.append("dark")
    elif facts.brightness > BRIGHT:
        said.append("overexposed")
    if facts.sharpness < BLURRED * facts.contrast**2:
        said.append("blurred")
    return said


def _tens(degrees: float) -> int:
    return round(abs(degrees) / 10) * 10
