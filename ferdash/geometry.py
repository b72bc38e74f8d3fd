"""A square in a picture that may be turned, and what it holds as an upright picture.

Coordinates are continuous: a pixel covers the square from its index to the next, so that (0, 0) is the picture's top
left corner and (width, height) its bottom right one.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

SAMPLES = 8
"""From this many pixels of the picture for one of the cut-out on, the picture is first reduced by averaging areas."""


@dataclass(frozen=True)
class CropBox:
    """The square with its centre at (x, y) and sides of `side` pixels.

    roll_deg: by how much it is turned clockwise, as seen; 0 is upright.
    """

    x: float
    y: float
    side: float
    roll_deg: float = 0.0

    @classmethod
    def from_xyxy(cls, x0: float, y0: float, x1: float, y1: float) -> "CropBox":
        """The upright square around the same centre, as wide as the longer side of the box."""
        return cls((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0))

    @property
    def axes(self) -> np.ndarray:
        """Unit vectors to the right and down within the square, float64 (2, 2), one a row."""
        turn = math.radians(self.roll_deg)
        return np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])

    @property
    def corners(self) -> np.ndarray:
        """Top left, top right, bottom right, bottom left, as float64 (4, 2).

        >>> CropBox(10, 10, 4, roll_deg=90).corners.round().tolist()
        [[12.0, 8.0], [12.0, 12.0], [8.0, 12.0], [8.0, 8.0]]
        """
        shares = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
        found: np.ndarray = np.array([self.x, self.y]) + self.side * shares @ self.axes
        return found

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The same square without its turn: x0 y0 x1 y1."""
        half = self.side / 2
        return self.x - half, self.y - half, self.x + half, self.y + half

    def scaled(self, factor: float) -> "CropBox":
        """The same square in the picture enlarged by `factor`."""
        return replace(self, x=self.x * factor, y=self.y * factor, side=self.side * factor)

    def to_picture(self, points: np.ndarray, size: int) -> np.ndarray:
        """Points of the cut-out of `size` pixels, (N, 2), in the picture."""
        found: np.ndarray = np.array([self.x, self.y]) + (np.asarray(points) / size - 0.5) * self.side @ self.axes
        return found


def cut_out(image: np.ndarray, box: CropBox, size: int, *, grey: bool = False) -> np.ndarray:
    """uint8 (size, size, 3), or (size, size) in grey, of a box of a uint8 RGB picture; beyond the border, the border
    is repeated.

    Reduced by averaging areas, enlarged by linear interpolation.
    """
    part, left, top = _surroundings(image, box)
    if grey:
        part = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    samples = max(1, math.ceil(box.side / size - 1e-6))
    across = down = 1.0
    if samples >= SAMPLES:
        height, width = part.shape[:2]
        reduction = samples // (SAMPLES // 2)
        part = cv2.resize(part, (-(-width // reduction), -(-height // reduction)), interpolation=cv2.INTER_AREA)
        across, down = part.shape[1] / width, part.shape[0] / height
        samples = math.ceil(samples / reduction)
    # warpAffine counts from the centre of a pixel to that of another, hence the halves.
    step = box.side / (size * samples)
    turn = (box.axes.T * step) * np.array([[across], [down]])
    start = np.array([(box.x - left) * across, (box.y - top) * down]) - 0.5
    shift = start + turn @ np.full(2, 0.5 - size * samples / 2)
    warped = cv2.warpAffine(
        part,
        np.column_stack([turn, shift]),
        (size * samples, size * samples),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return warped if samples == 1 else cv2.resize(warped, (size, size), interpolation=cv2.INTER_AREA)


def whole_face(image_rgb: np.ndarray, size: int) -> np.ndarray:
    """uint8 grey (size, size) of a uint8 RGB picture that is a face already, in the square around it."""
    height, width = image_rgb.shape[:2]
    return cut_out(image_rgb, CropBox.from_xyxy(0, 0, width, height), size, grey=True)


def _surroundings(image: np.ndarray, box: CropBox) -> tuple[np.ndarray, int, int]:
    """The part of the picture that the box covers, with a pixel around it, and where that part begins. At least one
    pixel, even for a box that lies outside."""
    height, width = image.shape[:2]
    low, high = np.floor(box.corners.min(axis=0)).astype(int) - 1, np.ceil(box.corners.max(axis=0)).astype(int) + 1
    left, top = int(np.clip(low[0], 0, width - 1)), int(np.clip(low[1], 0, height - 1))
    right, bottom = int(np.clip(high[0], left + 1, width)), int(np.clip(high[1], top + 1, height))
    return image[top:bottom, left:right], left, top
