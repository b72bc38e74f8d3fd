"""One person's seven probabilities over time, and where that series is broken.

A series holds only frames with a result. Nothing is ever computed across a gap: a person who left and came back has
two segments, and the change between them was not seen.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.errors import SeriesError

MOST_STRIDES = 2
"""Steps between results that still count as the next frame: one missing result is bridged, two are a gap."""


@dataclass(frozen=True)
class TrackSeries:
    """The results of one track, in order of time.

    frames: int64 (T,), strictly rising. timestamps_s: float64 (T,). probabilities: float64 (T, 7) in EMOTIONS order.
    stride: frames from one analysed frame to the next. max_gap_s: a longer pause is a gap too; None counts frames
    alone, which suits image sequences and videos of variable frame rate, whose long frames are still one frame.
    """

    track: int
    frames: np.ndarray
    timestamps_s: np.ndarray
    probabilities: np.ndarray
    stride: int = 1
    max_gap_s: float | None = None

    def __len__(self) -> int:
        return len(self.frames)

    @cached_property
    def starts(self) -> np.ndarray:
        """True at the first frame of each segment without a gap, bool (T,)."""
        starts = np.ones(len(self), dtype=bool)
        starts[1:] = np.diff(self.frames) > MOST_STRIDES * self.stride
        if self.max_gap_s is not None:
            starts[1:] |= np.diff(self.timestamps_s) > self.max_gap_s
        return starts

    @cached_property
    def step_s(self) -> float:
        """The usual time from one result to the next; 0 where no two follow each other."""
        steps = np.diff(self.timestamps_s)[~self.starts[1:]]
        return float(np.median(steps)) if len(steps) else 0.0


def tracks(frames: pd.DataFrame) -> list[int]:
    """Ids of the tracks in a frames table, ascending."""
    return sorted(int(track) for track in frames["track"].dropna().unique())


def track_series(frames: pd.DataFrame, track: int, *, max_gap_s: float | None = None) -> TrackSeries:
    """The frames of a table (see ferdash.video.frame_table) in which a track has probabilities; it may have none.

    The stride is that of the whole table, in which every analysed frame has a row, seen face or not.

    Raises SeriesError when the table does not know the track.
    """
    mine = frames[(frames["track"] == track).fillna(False)]
    if mine.empty:
        known = ", ".join(map(str, tracks(frames))) or "none"
        raise SeriesError(f"There is no track {track} in this analysis; its tracks: {known}.")
    probabilities = mine[list(EMOTIONS)].to_numpy(np.float64)
    seen = np.isfinite(probabilities).all(axis=1)
    numbers = mine["frame"].to_numpy(np.int64)[seen]
    numbers, order = np.unique(numbers, return_index=True)
    return TrackSeries(
        track=track,
        frames=numbers,
        timestamps_s=mine["timestamp_s"].to_numpy(np.float64)[seen][order],
        probabilities=probabilities[seen][order],
        stride=_stride(frames["frame"].to_numpy(np.int64)),
        max_gap_s=max_gap_s,
    )


def _stride(frames: np.ndarray) -> int:
    steps = np.diff(np.unique(frames))
    return max(1, int(np.median(steps))) if len(steps) else 1


def segments_of_continuity(series: TrackSeries) -> list[slice]:
    """The segments without a gap, in order; together they are the whole series.

    >>> frames = np.array([0, 1, 2, 9])
    >>> segments_of_continuity(TrackSeries(1, frames, frames / 30, np.full((4, 7), 1 / 7)))
    [slice(0, 3, None), slice(3, 4, None)]
    """
    edges = [*np.flatnonzero(series.starts).tolist(), len(series)]
    return [slice(start, end) for start, end in pairwise(edges)]
