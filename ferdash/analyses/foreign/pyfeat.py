"""py-feat (Cheong et al. 2023): the CSV of a Fex, one row a face and frame.

Its documented columns: frame (from 0), FaceRectX, FaceRectY, FaceRectWidth, FaceRectHeight, FaceScore; anger, disgust,
fear, happiness, sadness, surprise, neutral; AU01 and so on; where people are told apart, Identity. It has no times.
"""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from ferdash.analyses.foreign.tables import (
    NO_EMOTIONS,
    ForeignTable,
    Format,
    build,
    frame_numbers,
    numbers,
    seven,
    times_by_rate,
    units,
)
from ferdash.emotions import canonical_emotion

TOOL = "py-feat"
NAMES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
RECT = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
SAME_OVERLAP = 0.3
"""Intersection over union from which on a box is taken for the face that was there before."""


def read(table: pd.DataFrame, fps: float | None, name: str) -> ForeignTable:
    """Faces, seven probabilities and action units. Raises AnalysisError where nobody said the frames a second."""
    frame = frame_numbers(numbers(table, "frame", name), name, first=0)
    time_s = times_by_rate(frame, fps, TOOL, name)
    x, y, width, height = (numbers(table, column, name, needed=False).to_numpy() for column in RECT)
    boxes = np.column_stack([x, y, x + width, y + height])
    seen = np.isfinite(boxes).all(axis=1)
    probabilities = seven(table, {canonical_emotion(one): one for one in NAMES}, name)
    lacking = ~np.isfinite(probabilities).all(axis=1)
    notes: list[str] = []
    track = _people(table, frame.to_numpy(), boxes, seen, notes)
    frames = build(
        frame,
        time_s,
        track,
        box=boxes,
        confidence=numbers(table, "FaceScore", name, needed=False) if "FaceScore" in table else None,
        probabilities=np.where(seen[:, None], probabilities, np.nan),
        reason=np.where(~seen, "no_face", np.where(lacking, NO_EMOTIONS, "")),
    )
    places = pd.DataFrame({"frame": frame, "timestamp_s": time_s, "track": track})
    return ForeignTable(TOOL, frames, units(table, places, r"AU\d\d"), notes=notes)


def _people(table: pd.DataFrame, frame: np.ndarray, boxes: np.ndarray, seen: np.ndarray, notes: list[str]) -> pd.Series:
    if "Identity" in table and table["Identity"].notna().any():
        codes, _ = pd.factorize(table["Identity"])
        return pd.Series(codes + 1, index=table.index).astype("Int64").where(seen & (codes >= 0))
    if len(set(frame[seen])) < seen.sum():
        notes.append("py-feat did not tell people apart here; faces that overlap from frame to frame are one person.")
    return pd.Series(_followed(frame, boxes, seen), index=table.index).astype("Int64").where(seen)


def _followed(frame: np.ndarray, boxes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """A number from 1 for each box, the same for boxes that overlap the last of that number most; 0 where none."""
    tracks = np.zeros(len(frame), dtype=np.int64)
    last = np.empty((0, 4))
    rows_of = pd.Series(np.flatnonzero(seen)).groupby(frame[seen]).apply(list)
    for rows in rows_of.sort_index():
        overlap = _overlaps(last, boxes[rows])
        known, new = linear_sum_assignment(-overlap) if overlap.size else ([], [])
        taken = {int(b): int(a) for a, b in zip(known, new, strict=True) if overlap[a, b] >= SAME_OVERLAP}
        for place, row in enumerate(rows):
            if place not in taken:
                taken[place] = len(last)
                last = np.vstack([last, boxes[row]])
            last[taken[place]] = boxes[row]
            tracks[row] = taken[place] + 1
    return tracks


def _overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union, float64 (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(one[:, 2:] - one[:, :2], 0, None).prod(axis=1) for one in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - both
    shares: np.ndarray = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    return shares


FORMAT = Format(TOOL, lambda columns: {"frame", *RECT, *NAMES} <= columns, read)
