"""The dominant emotion over time: segments of one dominant emotion each, and how long they last.

It switches by a margin only, and what is too short to be seen goes to its neighbours; otherwise two emotions
that are nearly equal would cut the time into slivers.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ferdash.dynamics.series import TrackSeries, segments_of_continuity
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError


@dataclass(frozen=True)
class DominantSettings:
    """margin: how much more probable another emotion must be to become dominant. min_duration_s: shortest segment."""

    margin: float = 0.05
    min_duration_s: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 1:
            raise ConfigError(f"The margin for a switch is {self.margin:g}; it goes from 0 to below 1.")
        if self.min_duration_s < 0:
            raise ConfigError(f"The shortest segment is {self.min_duration_s:g} s; it cannot be below 0.")


@dataclass(frozen=True)
class Segment:
    """A time in which one emotion is dominant. start_frame, end_frame: its first and last frame. end_s: when the next
    segment starts; for the last before a gap, when its last frame gives way. probability: of the emotion, mean."""

    track: int
    emotion: str
    start_s: float
    end_s: float
    start_frame: int
    end_frame: int
    frames: int
    probability: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def dominant_segments(series: TrackSeries, settings: DominantSettings | None = None) -> list[Segment]:
    """Segments in order of time. Each frame with a result is in exactly one, and no segment goes across a gap.

    Too short a segment is joined, the shortest first, to the neighbour whose emotion is the more probable in it; what
    is too short as a whole stays one segment.
    """
    settings = settings or DominantSettings()
    found = []
    for rows in segments_of_continuity(series):
        values = series.probabilities[rows]
        # A frame lasts until the next one; the last, as long as is usual.
        ends = np.append(series.timestamps_s[rows][1:], series.timestamps_s[rows][-1] + series.step_s)
        times = series.timestamps_s[rows]
        for first, last, emotion in _long_enough(_dominant(values, settings.margin), values, times, ends, settings):
            found.append(
                Segment(
                    track=series.track,
                    emotion=EMOTIONS[emotion],
                    start_s=float(times[first]),
                    end_s=float(ends[last]),
                    start_frame=int(series.frames[rows][first]),
                    end_frame=int(series.frames[rows][last]),
                    frames=last - first + 1,
                    probability=float(values[first : last + 1, emotion].mean()),
                )
            )
    return found


def dominant_at(series: TrackSeries, segments: list[Segment]) -> np.ndarray:
    """The dominant emotion of each frame by its segments, int (T,), a position in EMOTIONS."""
    firsts = np.searchsorted(series.frames, [segment.start_frame for segment in segments])
    lengths = np.diff([*firsts, len(series)])
    return np.repeat([EMOTIONS.index(segment.emotion) for segment in segments], lengths).astype(np.int64)


def dwell_times(segments: list[Segment]) -> pd.DataFrame:
    """A row for each of EMOTIONS: visits, total_s, share (of all segments' time), mean_s and longest_s of a visit;
    the last two are NaN without a visit."""
    durations = {emotion: [one.duration_s for one in segments if one.emotion == emotion] for emotion in EMOTIONS}
    everything = sum(map(sum, durations.values()))
    return pd.DataFrame(
        {
            "visits": [len(times) for times in durations.values()],
            "total_s": [float(sum(times)) for times in durations.values()],
            "share": [sum(times) / everything if everything > 0 else 0.0 for times in durations.values()],
            "mean_s": [float(np.mean(times)) if times else np.nan for times in durations.values()],
            "longest_s": [max(times, default=np.nan) for times in durations.values()],
        },
        index=pd.Index(EMOTIONS, name="emotion"),
    )


def _dominant(values: np.ndarray, margin: float) -> np.ndarray:
    best = values.argmax(axis=1)
    dominant = np.empty(len(values), dtype=np.int64)
    current = int(best[0])
    for row, other in enumerate(best):
        if values[row, other] > values[row, current] + margin:
            current = int(other)
        dominant[row] = current
    return dominant


def _long_enough(
    dominant: np.ndarray, values: np.ndarray, times: np.ndarray, ends: np.ndarray, settings: DominantSettings
) -> list[tuple[int, int, int]]:
    """(first row, last row, emotion) of each segment."""
    edges = [0, *(np.flatnonzero(np.diff(dominant)) + 1).tolist(), len(dominant)]
    runs = [(start, end - 1, int(dominant[start])) for start, end in pairwise(edges)]
    lasting = np.array([ends[last] - times[first] for first, last, _ in runs])
    while len(runs) > 1 and lasting[place := int(lasting.argmin())] < settings.min_duration_s - 1e-9:
        first, last, _ = runs[place]
        beside = {runs[other][2] for other in (place - 1, place + 1) if 0 <= other < len(runs)}
        heir = max(beside, key=lambda emotion: float(values[first : last + 1, emotion].mean()))
        # It joins those beside it that are of its emotion now; the others are as they were.
        low = place - 1 if place and runs[place - 1][2] == heir else place
        high = place + 1 if place + 1 < len(runs) and runs[place + 1][2] == heir else place
        runs[low : high + 1] = [(runs[low][0], runs[high][1], heir)]
        lasting = np.delete(lasting, slice(low, high))
        lasting[low] = ends[runs[low][1]] - times[runs[low][0]]
    return runs
