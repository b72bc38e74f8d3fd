"""Numbered boxes in the emotions' colours, drawn into a picture."""

from dataclasses import replace

import cv2
import numpy as np

from ferdash.emotions import COLOURS
from ferdash.geometry import CropBox
from ferdash.inference.photos import UNCERTAIN_BELOW, ClassifiedFace

UNCERTAIN_COLOUR = "#8A8F98"

UPRIGHT_DEG = 3.0
"""A box that is tilted by less is drawn upright, so that the lines do not tremble with the landmarks."""


def draw_boxes(
    image_rgb: np.ndarray, faces: list[ClassifiedFace], scale: float = 1.0, threshold: float = UNCERTAIN_BELOW
) -> np.ndarray:
    """A copy of a uint8 RGB picture with each face's frame, number and emotion; one whose top
    probability is below `threshold` is grey with “?”.

    scale: pixels of this picture for one of the photo the faces were found in (a preview's `preview_scale`).
    """
    canvas = image_rgb.copy()
    height, width = canvas.shape[:2]
    line = max(2, round(max(height, width) / 400))
    size = max(height, width) / 1100 + 0.25
    for face in faces:
        uncertain = face.uncertain(threshold)
        colour = _rgb(UNCERTAIN_COLOUR if uncertain else COLOURS[face.emotion])
        corner = draw_square(canvas, face.crop_box.scaled(scale), colour, line)
        label = f"{face.number} {face.emotion}{'?' if uncertain else ''}"
        _label(canvas, label, corner, colour, size, line)
    return canvas


def draw_square(canvas: np.ndarray, box: CropBox, colour: tuple[int, int, int], line: int) -> tuple[int, int]:
    """Draw the outline of a box into a uint8 RGB picture; the top left corner of what it covers, for a label.

    An upright box that reaches beyond the picture is drawn along the picture's border.
    """
    height, width = canvas.shape[:2]
    corners = box.corners
    if abs(box.roll_deg) < UPRIGHT_DEG:
        corners = np.clip(replace(box, roll_deg=0.0).corners, 0, [width - 1, height - 1])
    cv2.polylines(canvas, [np.round(corners).astype(np.int32)], True, colour, line, cv2.LINE_AA)
    left, top = np.clip(corners.min(axis=0), 0, [width - 1, height - 1])
    return round(float(left)), round(float(top))


def _label(
    canvas: np.ndarray, text: str, corner: tuple[int, int], colour: tuple[int, ...], size: float, line: int
) -> None:
    """Text on a filled strip above `corner`, or below it where there is no room."""
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, max(1, line // 2)
    (text_width, text_height), baseline = cv2.getTextSize(text, font, size, thickness)
    strip = text_height + baseline + line
    x = min(corner[0], max(0, canvas.shape[1] - text_width - 2 * line))
    y = corner[1] - strip if corner[1] >= strip else corner[1]
    cv2.rectangle(canvas, (x, y), (x + text_width + 2 * line, y + strip), colour, cv2.FILLED)
    # White or black, whichever reads better on the strip.
    ink = (0, 0, 0) if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140 else (255, 255, 255)
    cv2.putText(canvas, text, (x + line, y + text_height + line // 2 + 1), font, size, ink, thickness, cv2.LINE_AA)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
