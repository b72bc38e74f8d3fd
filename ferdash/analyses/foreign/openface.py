"""OpenFace 2 (Baltrusaitis et al. 2018): the CSV of FeatureExtraction and FaceLandmarkVidMulti.

Its documented columns: frame (from 1), face_id, timestamp in seconds, confidence, success; landmarks x_0 to x_67 and
y_0 to y_67 in pixels; AU01_r (intensity, 0 to 5) and AU01_c (presence) and so on. There are no emotions in it.
"""

import numpy as np
import pandas as pd

from ferdash.analyses.foreign.tables import (
    NO_EMOTIONS,
    ForeignTable,
    Format,
    build,
    frame_numbers,
    numbers,
    seven,
    units,
)
from ferdash.emotions import EMOTIONS
from ferdash.video.frame_table import BOX

TOOL = "OpenFace"
OURS = {emotion: f"emotion_{emotion}" for emotion in EMOTIONS}
"""The columns that ferdash itself adds when it exports under OpenFace's names."""


def read(table: pd.DataFrame, fps: float | None, name: str) -> ForeignTable:
    """Faces and action units; a face that was followed with success has a box by its landmarks."""
    del fps  # the table has times of its own
    frame = frame_numbers(numbers(table, "frame", name), name, first=1)
    time_s = numbers(table, "timestamp", name)
    face = numbers(table, "face_id", name) if "face_id" in table else pd.Series(0.0, index=table.index)
    seen = numbers(table, "success", name) > 0
    own = set(OURS.values()) <= set(table.columns)
    if own:  # success is 0 there where a face has no result, and the box says whether there is one
        seen |= numbers(table, BOX[0], name, needed=False).notna()
    track = (face.round().astype("Int64") + 1).where(seen)
    probabilities = seven(table, OURS, name) if own else None
    lacking = np.ones(len(table), bool) if probabilities is None else ~np.isfinite(probabilities).all(axis=1)
    frames = build(
        frame,
        time_s,
        track,
        box=_boxes(table, name),
        confidence=numbers(table, "confidence", name),
        probabilities=probabilities,
        reason=np.where(~seen, "no_face", np.where(lacking, NO_EMOTIONS, "")),
    )
    places = pd.DataFrame({"frame": frame, "timestamp_s": time_s, "track": track})
    action_units = units(table, places, r"AU\d\d_[rc]")
    return ForeignTable(
        "ferdash, under OpenFace's names" if own else TOOL,
        frames,
        action_units,
        values="probabilities" if own else "none",
        notes=[] if own else ["OpenFace measures action units and names no emotion, so none is shown."],
    )


def _boxes(table: pd.DataFrame, name: str) -> np.ndarray | None:
    if set(BOX) <= set(table.columns):
        return np.column_stack([numbers(table, column, name, needed=False) for column in BOX])
    across = [f"x_{number}" for number in range(68)]
    down = [f"y_{number}" for number in range(68)]
    if not {*across, *down} <= set(table.columns):
        return None
    x, y = (table[columns].apply(pd.to_numeric, errors="coerce").to_numpy(float) for columns in (across, down))
    return np.column_stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)])


FORMAT = Format(TOOL, lambda columns: {"frame", "timestamp", "confidence", "success"} <= columns, read)
