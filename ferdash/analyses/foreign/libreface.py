"""LibreFace (Chang et al. 2024): the CSV of a video, one row a frame.

Its columns: frame_idx (from 0), frame_time_in_ms (or timestamp in seconds), facial_expression, a label and no
probabilities; au_1 and so on (presence), au_1_intensity and so on (0 to 5).
"""

import numpy as np
import pandas as pd

from ferdash.analyses.foreign.tables import (
    NO_EMOTIONS,
    OTHER_LABEL,
    ForeignTable,
    Format,
    build,
    frame_numbers,
    numbers,
    times_by_rate,
    units,
)
from ferdash.emotions import EMOTIONS, emotion_index
from ferdash.errors import LabelError
from ferdash.wording import counted

TOOL = "LibreFace"
LABEL = "facial_expression"
TIMES = {"frame_time_in_ms": 0.001, "timestamp": 1.0}
"""Column -> seconds of its unit."""


def read(table: pd.DataFrame, fps: float | None, name: str) -> ForeignTable:
    """Labels as 1 and 0, and action units. Raises AnalysisError where there are no times and nobody said the rate."""
    frame = frame_numbers(numbers(table, "frame_idx", name), name, first=0)
    clock = next((column for column in TIMES if column in table), None)
    if clock is None:
        time_s = times_by_rate(frame, fps, f"{TOOL} without frame_time_in_ms", name)
    else:
        time_s = numbers(table, clock, name) * TIMES[clock]
    track = pd.Series(1, index=table.index, dtype="Int64")
    places = pd.DataFrame({"frame": frame, "timestamp_s": time_s, "track": track})
    action_units = units(table, places, r"au_\d+(_intensity)?")
    if LABEL not in table:
        frames = build(frame, time_s, track, reason=np.full(len(table), NO_EMOTIONS, dtype=object))
        note = "This table of LibreFace has action units and no facial_expression, so no emotion is shown."
        return ForeignTable(TOOL, frames, action_units, values="none", notes=[note])
    probabilities, reason, others = _labels(table[LABEL])
    frames = build(frame, time_s, track, probabilities=probabilities, reason=reason)
    notes = [
        "LibreFace names one emotion a frame and no probability: 100% and 0% stand for its label, not for how sure it "
        "was."
    ]
    if others:
        words = ", ".join(f"{label} in {counted(number, 'frame')}" for label, number in others.items())
        notes.append(f"None of the seven emotions, and so without a result: {words}.")
    return ForeignTable(TOOL, frames, action_units, values="labels", notes=notes)


def _labels(labels: pd.Series) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """(N, 7) of 1 and 0, the reasons, and how many frames have labels that are none of the seven."""
    probabilities = np.full((len(labels), len(EMOTIONS)), np.nan)
    reason = np.full(len(labels), NO_EMOTIONS, dtype=object)
    others: dict[str, int] = {}
    for label, rows in labels.dropna().groupby(labels).indices.items():
        # `rows` count within what is not blank.
        places = np.flatnonzero(labels.notna())[rows]
        try:
            probabilities[places] = np.eye(len(EMOTIONS))[emotion_index(str(label))]
            reason[places] = ""
        except LabelError:
            reason[places] = OTHER_LABEL
            others[str(label)] = len(places)
    return probabilities, reason, others


FORMAT = Format(TOOL, lambda columns: "frame_idx" in columns and _own(columns), read)


def _own(columns: set[str]) -> bool:
    return LABEL in columns or any(column.startswith("au_") for column in columns)
