"""What the tables of other programs have in common: read, checked by name, turned into the frames table."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.files import reason_of
from ferdash.video.frame_table import BOX, COLUMNS

NO_EMOTIONS, OTHER_LABEL = "no_emotions", "other_label"
"""Reasons of rows without a result, see REASONS of the frames table."""

MOST_BYTES = 2_000_000_000
SUM_TOLERANCE = 0.05
"""How far seven probabilities of a row may be from adding up to 1; files round to a few digits."""


@dataclass(frozen=True, eq=False)
class ForeignTable:
    """A table of another program as ferdash holds it.

    frames: with the columns of ferdash.video.frame_table. action_units: frame, timestamp_s, track, then a column for
    each unit under the program's own name; None where there is none. values: what the seven columns hold:
    probabilities; labels, where the program names one emotion and no probability, 1 for that and 0 for the rest; or
    nothing. notes: sentences on what is missing or was left out.
    """

    tool: str
    frames: pd.DataFrame
    action_units: pd.DataFrame | None = None
    values: str = "probabilities"
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Format:
    """A program whose tables can be read. has: whether a table with these columns is its. read: the table, frames a
    second where the person said so, and the file's name for errors."""

    tool: str
    has: Callable[[set[str]], bool]
    read: Callable[[pd.DataFrame, float | None, str], ForeignTable]


def read_text_table(path: Path, text: str | None = None) -> pd.DataFrame:
    """A CSV or TSV, its names without blanks around them. Raises AnalysisError where it is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise AnalysisError(f"{path.name} is larger than 2 GB; cut it into parts.")
        source = path if text is None else io.StringIO(text)
        table = pd.read_csv(source, sep=None, engine="python") if _odd(path, text) else pd.read_csv(source)
    except (OSError, UnicodeDecodeError) as error:
        why = reason_of(error) if isinstance(error, OSError) else "it is no text"
        raise AnalysisError(f"{path.name} cannot be read ({why}).") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise AnalysisError(f"{path.name} is no table: {str(error).splitlines()[0][:160]}.") from error
    table.columns = [str(name).strip() for name in table.columns]
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise AnalysisError(f"{path.name} has the column “{twice}” twice; take one of them out.")
    return table


def _odd(path: Path, text: str | None) -> bool:
    """Whether the fields are parted by something else than commas."""
    if text is None:
        with path.open(encoding="utf-8") as file:
            text = file.readline()
    first = text.split("\n", 1)[0]
    return first.count(",") < max(first.count("\t"), first.count(";"))


def numbers(table: pd.DataFrame, column: str, name: str, *, needed: bool = True) -> pd.Series:
    """A column as float64, nan where it is blank. Raises AnalysisError where there is no such column, and with row and
    value where it holds something else."""
    if column not in table:
        raise AnalysisError(f"{name} has no column “{column}”, which others of its kind have. Export it again.")
    values = pd.to_numeric(table[column], errors="coerce").astype("float64")
    wrong = values.isna() & (table[column].notna() | needed)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise AnalysisError(
            f"{name}, line {row + 2}: {column} is “{table[column].iloc[row]}”, where a number should be. Export it "
            "again, or put the line right."
        )
    return values


def frame_numbers(values: pd.Series, name: str, *, first: int) -> pd.Series:
    """Frames from 0, of those that a program counts from `first`. Raises AnalysisError for what is no frame."""
    frames = values - first
    if (frames % 1 != 0).any() or (frames < 0).any():
        row = int(np.flatnonzero((frames % 1 != 0) | (frames < 0))[0])
        raise AnalysisError(f"{name}, line {row + 2}: {values.iloc[row]:g} is no number of a frame.")
    return frames.astype("int64")


def times_by_rate(frames: pd.Series, fps: float | None, tool: str, name: str) -> pd.Series:
    """Seconds of frames at a rate. Raises AnalysisError where nobody said the rate."""
    if fps is None:
        raise AnalysisError(
            f"{name} has no times, as {tool} writes none. Name the video too (--video), or its frames a second (--fps)."
        )
    return frames / fps


def seven(table: pd.DataFrame, columns: dict[str, str], name: str) -> np.ndarray:
    """float64 (N, 7) in the order of EMOTIONS, rows that add up to 1 or are nan. columns: emotion -> column.

    Raises AnalysisError for a row that is no distribution.
    """
    values = np.column_stack([numbers(table, columns[one], name, needed=False) for one in EMOTIONS])
    values[~np.isfinite(values).all(axis=1)] = np.nan
    total = values.sum(axis=1)
    wrong = (np.abs(total - 1) > SUM_TOLERANCE) | (values < -1e-6).any(axis=1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise AnalysisError(
            f"{name}, line {row + 2}: the seven emotions add up to {total[row]:.3f}, so they are no probabilities. "
            "ferdash reads those of a classifier of all seven."
        )
    shares: np.ndarray = np.clip(values, 0, None) / total[:, None]
    return shares


def build(
    frame: pd.Series,
    timestamp_s: pd.Series,
    track: pd.Series,
    *,
    box: np.ndarray | None = None,
    confidence: pd.Series | None = None,
    probabilities: np.ndarray | None = None,
    reason: np.ndarray,
) -> pd.DataFrame:
    """The frames table of columns of one length. track: missing without a face. box: (N, 4) x0 y0 x1 y1. reason: of
    rows without a result; empty where there is one."""
    table = pd.DataFrame(index=range(len(frame)), columns=list(COLUMNS), dtype=object)
    table["frame"], table["timestamp_s"] = frame.to_numpy(), timestamp_s.to_numpy()
    table["track"] = pd.array(track, dtype="Int64")
    table["detected"] = table["track"].notna()
    for place, column in enumerate(BOX):
        table[column] = np.nan if box is None else box[:, place]
    table["confidence"] = np.nan if confidence is None else confidence.to_numpy()
    for place, emotion in enumerate(EMOTIONS):
        table[emotion] = np.nan if probabilities is None else probabilities[:, place]
    for column in ("roll_deg", "yaw_deg", "sharpness", "brightness"):
        table[column] = np.nan
    table["reason"] = reason
    return table.astype(COLUMNS).sort_values(["frame", "track"], kind="stable", ignore_index=True)


def units(table: pd.DataFrame, frames: pd.DataFrame, pattern: str) -> pd.DataFrame | None:
    """The action units, columns whose names fit the pattern, beside frame, time and person; rows as in the file."""
    found = [column for column in table if re.fullmatch(pattern, column)]
    if not found:
        return None
    values = table[found].apply(pd.to_numeric, errors="coerce").astype("float64")
    return pd.concat([frames.reset_index(drop=True), values.reset_index(drop=True)], axis=1)
