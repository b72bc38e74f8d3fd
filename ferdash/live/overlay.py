"""What is drawn into the camera's picture: a box, number, emotion and probability for each face, and the red mark."""

from collections.abc import Sequence

import cv2
import numpy as np

from ferdash.emotions import COLOURS
from ferdash.inference.drawing import UNCERTAIN_COLOUR, draw_square
from ferdash.inference.photos import ClassifiedFace

RED = (214, 39, 40)
FONT = cv2.FONT_HERSHEY_SIMPLEX


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
        name = UNCERTAIN_COLOUR if uncertain else COLOURS[face.emotion]
        colour = int(name[1:3], 16), int(name[3:5], 16), int(name[5:7], 16)
        corner = draw_square(canvas, face.crop_box, colour, line)
        words = f"{face.number} {face.emotion}{'?' if uncertain else ''} {face.probability:.0%}"
        _label(canvas, words, corner, colour, line)
    if recording:
        _recording_mark(canvas)
    return canvas


def _label(canvas: np.ndarray, text: str, corner: tuple[int, int], colour: tuple[int, int, int], line: int) -> None:
    """Text on a strip above `corner`, moved inside the picture where there is no room."""
    size = max(canvas.shape[:2]) / 1100
    (text_width, text_height), baseline = cv2.getTextSize(text, FONT, size, 1)
    strip = text_height + baseline + 2 * line
    x = min(corner[0], max(0, canvas.shape[1] - text_width - 2 * line))
    y = max(corner[1] - strip, 0)
    cv2.rectangle(canvas, (x, y), (x + text_width + 2 * line, y + strip), colour, cv2.FILLED)
    # White or black, whichever reads better on the strip.
    ink = (0, 0, 0) if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140 else (255, 255, 255)
    cv2.putText(canvas, text, (x + line, y + text_height + line), FONT, size, ink, 1, cv2.LINE_AA)


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
