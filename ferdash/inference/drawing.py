"""Numbered boxes in the emotions' colours, drawn into a picture."""

from dataclasses import replace

import cv2
import numpy as np

from ferdash.drawing import UNCERTAIN_COLOUR, draw_label, rgb
from ferdash.emotions import COLOURS
from ferdash.geometry import CropBox
from ferdash.inference.photos import UNCERTAIN_BELOW, ClassifiedFace

UPRIGHT_DEG = 3.0
"""A box that is tilted by less is drawn upright, so that the lines do not tremble with the landmarks."""


def draw_boxes(
    image_rgb: np.ndarray, faces: list[ClassifiedFace], scale: float = 1.0, threshold: float = UNCERTAIN_BELOW
) -> np.ndarray:
    """A copy of a uint8 RGB picture with each face's frame, number and emotion; one whose top
    probability is below `threshold` is nearly black with “?”. A picture that is itself one face stays as it is.

    scale: pixels of this picture for one of the photo the faces were found in (a preview's `preview_scale`).
    """
    canvas = image_rgb.copy()
    height, width = canvas.shape[:2]
    line = max(2, round(max(height, width) / 400))
    size = max(height, width) / 1100 + 0.25
    for face in (face for face in faces if face.face.detector != "whole"):
        uncertain = face.uncertain(threshold)
        colour = rgb(UNCERTAIN_COLOUR if uncertain else COLOURS[face.emotion])
        corner = draw_square(canvas, face.crop_box.scaled(scale), colour, line)
        label = f"{face.number} {face.emotion}{'?' if uncertain else ''}"
        draw_label(canvas, label, corner, colour, size=size, pad=line)
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
