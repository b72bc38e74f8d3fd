"""What is drawn into the camera's picture: a box, number, emotion and probability for each face, and the red mark."""

from collections.abc import Sequence

import cv2
import numpy as np

from ferdash.drawing import FONT, UNCERTAIN_COLOUR, draw_label, rgb
from ferdash.emotions import COLOURS
from ferdash.inference.drawing import draw_square
from ferdash.inference.photos import ClassifiedFace

RED = (214, 39, 40)


def draw_live(
    image_rgb: np.ndarray, faces: Sequence[ClassifiedFace], *, threshold: float, recording: bool
) -> np.ndarray:
    """A copy of a uint8 RGB frame with each face's box and words; below `threshold` one is
    uncertain. `recording` puts a red mark into the corner."""
    canvas = image_rgb.copy()
    height, width = canvas.shape[:2]
    line = max(2, round(max(height, width) / 320))
    for face in faces:
        uncertain = face.uncertain(threshold)
        colour = rgb(UNCERTAIN_COLOUR if uncertain else COLOURS[face.emotion])
        corner = draw_square(canvas, face.crop_box, colour, line)
        words = f"{face.number} {face.emotion}{'?' if uncertain else ''} {face.probability:.0%}"
        draw_label(canvas, words, corner, colour, size=max(height, width) / 1100, pad=line)
    if recording:
        _recording_mark(canvas)
    return canvas


def _recording_mark(canvas: np.ndarray) -> None:
    """A red disc and REC, on the right where no browser puts controls."""
    height, width = canvas.shape[:2]
    radius = max(6, height // 60)
    size = max(height, width) / 900
    (text_width, text_height), _ = cv2.getTextSize("REC", FONT, size, 2)
    right, top = width - radius, radius
    left = right - text_width - 4 * radius
    cv2.rectangle(canvas, (left, top), (right, top + text_height + 2 * radius), (255, 255, 255), cv2.FILLED)
    middle = top + radius + text_height // 2
    cv2.circle(canvas, (left + int(1.6 * radius), middle), radius, RED, cv2.FILLED, cv2.LINE_AA)
    place = (left + 3 * radius, middle + text_height // 2)
    cv2.putText(canvas, "REC", place, FONT, size, RED, 2, cv2.LINE_AA)
