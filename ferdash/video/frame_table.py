"""The frames table: one row a face and frame, and one for each analysed frame without a face.

Every frame that was looked at stands in the table, with a result or with the reason why there is none; whatever is
computed over time starts from here.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.inference.face_facts import FaceFacts

BOX = ("x0", "y0", "x1", "y1")

MEASURES = ("roll_deg", "yaw_deg", "sharpness", "brightness")
"""What can make a face hard to read, as ferdash.inference.face_facts has it."""

COLUMNS: dict[str, str] = {
    "frame": "int64",
    "timestamp_s": "float64",
    "track": "Int64",
    **dict.fromkeys(BOX, "float32"),
    "detected": "bool",
    "confidence": "float32",
    **dict.fromkeys(MEASURES, "float32"),
    **dict.fromkeys(EMOTIONS, "float32"),
    "reason": "str",
}
"""Name and dtype of each column.

frame: index in the source, from 0. timestamp_s: presentation time. track: the person, from 1 in order of appearance;
missing without a face. x0 to y1: the box of detector or tracker in pixels of the upright frame. detected: True where
the detector saw the face in this very frame, False where it was followed. confidence: the detector's, when it last saw
the face. roll_deg to brightness: MEASURES, angles missing without landmarks. angry to surprise: probabilities, missing
where `reason` says why.
"""

REASONS: dict[str, str] = {
    "no_face": "no face was found in the frame",
    "too_small": "the face is too small to be classified",
    "blurred": "the face is too blurred to be classified",
    "low_confidence": "the detector was not sure of the face",
    "unreadable": "the frame is damaged and cannot be decoded",
    "no_emotions": "the imported file has no emotion here",
    "other_label": "the imported file names an emotion that is none of the seven",
}
"""Why there is no result, in words."""


def frames_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows as `face_row` and `empty_row` make them, as a table with exactly COLUMNS; no rows give an empty one."""
    listed = list(rows)
    columns = {name: pd.array([row[name] for row in listed], dtype=dtype) for name, dtype in COLUMNS.items()}
    return pd.DataFrame(columns).astype(COLUMNS)


def empty_row(frame: int, timestamp_s: float, reason: str) -> dict[str, Any]:
    """The row of a frame in which no face was found, or which could not be read."""
    return {
        "frame": frame,
        "timestamp_s": timestamp_s,
        "track": pd.NA,
        **dict.fromkeys(BOX, np.nan),
        "detected": False,
        "confidence": np.nan,
        **dict.fromkeys(MEASURES, np.nan),
        **dict.fromkeys(EMOTIONS, np.nan),
        "reason": reason,
    }


def face_row(
    frame: int,
    timestamp_s: float,
    track: int,
    box_xyxy: tuple[float, float, float, float],
    *,
    detected: bool,
    confidence: float,
    facts: FaceFacts | None = None,
    probabilities: np.ndarray | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """The row of one face; `probabilities` (7,) in the order of EMOTIONS, or None with the `reason`."""
    values = np.full(len(EMOTIONS), np.nan) if probabilities is None else probabilities
    return {
        "frame": frame,
        "timestamp_s": timestamp_s,
        "track": track,
        **dict(zip(BOX, box_xyxy, strict=True)),
        "detected": detected,
        "confidence": confidence,
        **{name: np.nan if (value := getattr(facts, name, None)) is None else value for name in MEASURES},
        **dict(zip(EMOTIONS, values, strict=True)),
        "reason": reason,
    }


def probabilities_of(table: pd.DataFrame) -> np.ndarray:
    """float64 (N, 7) probabilities of the table's rows in the order of EMOTIONS; NaN where there is a reason."""
    found: np.ndarray = table[list(EMOTIONS)].to_numpy(dtype=np.float64)
    return found


def boxes_of(table: pd.DataFrame) -> np.ndarray:
    """float64 (N, 4) boxes of the table's rows, x0 y0 x1 y1; NaN without a face."""
    found: np.ndarray = table[list(BOX)].to_numpy(dtype=np.float64)
    return found
