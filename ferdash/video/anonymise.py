"""Faces of a film made unrecognisable, wherever the analysis saw one shortly before or after.

A face that is missed in a frame would show all there is to hide, so each box counts for a while in both directions. Who
was never found stays visible: look at the film before you hand it out.
"""

import cv2
import numpy as np
import pandas as pd

from ferdash.video.frame_table import boxes_of

HOLD_S = 0.5
"""How long before and after it was seen a box is covered."""

SPREAD = 1.5
"""Side of the covered square, in sides of the box: hair, ears and chin tell people apart too."""

BLOCKS = 6
"""Across a face. Faces of so few blocks are not told apart by people; the blur after it takes the edges away."""


class FaceCover:
    """Covers the faces of a frames table; times in seconds as there."""

    def __init__(self, frames: pd.DataFrame, hold_s: float = HOLD_S) -> None:
        faces = frames[frames["track"].notna()].sort_values("timestamp_s")
        self._times_s = faces["timestamp_s"].to_numpy(dtype=np.float64)
        self._boxes = boxes_of(faces).astype(np.float64)
        self._hold_s = hold_s

    def boxes_near(self, timestamp_s: float) -> np.ndarray:
        """float64 (N, 4), the boxes seen within `hold_s` of a time, in pixels of the analysed frame."""
        first, last = np.searchsorted(self._times_s, [timestamp_s - self._hold_s, timestamp_s + self._hold_s + 1e-9])
        return self._boxes[first:last]

    def __call__(self, image_rgb: np.ndarray, timestamp_s: float, scale: float = 1.0) -> np.ndarray:
        """A copy of a uint8 RGB picture with its faces covered. scale: its pixels for one of the analysed frame."""
        boxes = self.boxes_near(timestamp_s)
        if not len(boxes):
            return image_rgb.copy()
        mask = np.zeros(image_rgb.shape[:2], np.uint8)
        for x0, y0, x1, y1 in boxes * scale:
            side = SPREAD * max(x1 - x0, y1 - y0)
            centre = round((x0 + x1) / 2), round((y0 + y1) / 2)
            cv2.ellipse(mask, centre, (round(side / 2), round(0.58 * side)), 0, 0, 360, 255, cv2.FILLED)
        widest = float((boxes[:, 2] - boxes[:, 0]).max()) * scale
        return np.where(mask[:, :, None] > 0, _blocks(image_rgb, max(widest / BLOCKS, 2.0)), image_rgb)


def _blocks(image_rgb: np.ndarray, block: float) -> np.ndarray:
    """The whole picture in blocks of so many pixels, smoothed."""
    height, width = image_rgb.shape[:2]
    size = max(1, round(width / block)), max(1, round(height / block))
    small = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), (0, 0), block / 3)
