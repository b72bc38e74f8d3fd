"""What an analysis found, drawn into the frame it was found in: a box, a number and the emotion of each person."""

import cv2
import numpy as np
import pandas as pd

from ferdash.drawing import UNCERTAIN_COLOUR, draw_label, rgb
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.video.frame_table import boxes_of, probabilities_of

SHORT_REASONS = {"too_small": "too small", "blurred": "blurred", "low_confidence": "unsure", "no_emotions": ""}


def draw_frame(image_rgb: np.ndarray, rows: pd.DataFrame, *, scale: float = 1.0, only: int | None = None) -> np.ndarray:
    """A copy of a uint8 RGB frame with its rows of the frames table drawn in.

    A face without a result has a grey box and the reason. scale: pixels of this picture for one of the analysed frame.
    only: the track to draw boldly; the others' boxes are thin.
    """
    canvas = image_rgb.copy()
    line = max(2, round(max(canvas.shape[:2]) / 400))
    faces = rows[rows["track"].notna() & rows["x0"].notna()]  # not all programs say where a face is
    for track, box, values, reason in zip(
        faces["track"], boxes_of(faces), probabilities_of(faces), faces["reason"], strict=True
    ):
        bold = only is None or int(track) == only
        if reason:
            words, colour = f"{track} {SHORT_REASONS.get(reason, reason)}", rgb(UNCERTAIN_COLOUR)
        else:
            top = int(values.argmax())
            words, colour = f"{track} {EMOTIONS[top]} {values[top]:.0%}", rgb(COLOURS[EMOTIONS[top]])
        _draw_box(canvas, box * scale, words, colour, line if bold else 1)
    return canvas


def draw_person(image_rgb: np.ndarray, rows: pd.DataFrame, track: int) -> np.ndarray:
    """A copy of a uint8 RGB frame with a box around one person and nothing said of them, for whoever codes blind."""
    canvas = image_rgb.copy()
    mine = rows[(rows["track"] == track).fillna(False) & rows["x0"].notna()]
    for box in boxes_of(mine):
        _draw_box(canvas, box, f"Person {track}", rgb(UNCERTAIN_COLOUR), max(2, round(max(canvas.shape[:2]) / 400)))
    return canvas


def _draw_box(canvas: np.ndarray, box: np.ndarray, words: str, colour: tuple[int, int, int], line: int) -> None:
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = np.clip(np.rint(box), 0, [width - 1, height - 1] * 2).astype(int).tolist()
    cv2.rectangle(canvas, (x0, y0), (x1, y1), colour, line, cv2.LINE_AA)
    draw_label(canvas, words, (x0, y0), colour, size=max(height, width) / 1500 + 0.2, pad=3, under=y1)
