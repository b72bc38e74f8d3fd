"""Two recordings side by side: aligned in time, how one differs from the other, and whether that could be chance."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ferdash.dynamics.dominant import Segment, dominant_segments
from ferdash.dynamics.resampling import block_length, mean_interval
from ferdash.dynamics.series import TrackSeries, segments_of_continuity
from ferdash.emotions import EMOTIONS
from ferdash.errors import SeriesError
from ferdash.evaluation.intervals import LEVEL, Interval

FEWEST_MOMENTS = 8
"""Common moments from which an interval is given."""


@dataclass(frozen=True)
class Comparison:
    """B against A at the moments both have.

    times_s: float64 (M,), from the moment that was aligned (0), at equal steps. first, second: float64 (M, 7), the
    probabilities of A and B there, NaN where one has no result. difference: second minus first. common: moments that
    both have. mean: float64 (7,), average difference over them. intervals: of that average, one each emotion, holding
    for all seven together with 95% confidence, cut to what such a difference can be; None with too few moments. group:
    statistics of each at these moments alone (see `_statistics_at`), so that the difference of two of its means is
    `mean`.
    """

    names: tuple[str, str]
    times_s: np.ndarray
    first: np.ndarray
    second: np.ndarray
    difference: np.ndarray
    common: int
    mean: np.ndarray
    intervals: tuple[Interval, ...] | None
    group: pd.DataFrame

    @property
    def differing(self) -> list[str]:
        """Emotions whose difference is statistically significant, the largest first."""
        if self.intervals is None:
            return []
        beyond = [place for place, one in enumerate(self.intervals) if one.low > 0 or one.high < 0]
        return [EMOTIONS[place] for place in sorted(beyond, key=lambda place: -abs(self.mean[place]))]

    @property
    def sentence(self) -> str:
        """The finding in plain words."""
        if self.intervals is None:
            return (
                f"{self.names[0]} and {self.names[1]} have only {self.common} moments in common; "
                "that is too little to tell a difference from chance."
            )
        if not self.differing:
            return f"On average, no emotion differs significantly between {self.names[0]} and {self.names[1]}."
        parts = []
        for emotion in self.differing[:3]:
            place = EMOTIONS.index(emotion)
            interval, points = self.intervals[place], 100 * self.mean[place]
            parts.append(
                f"{emotion} is {abs(points):.1f} points {'higher' if points > 0 else 'lower'} "
                f"({100 * interval.low:+.1f} to {100 * interval.high:+.1f})"
            )
        more = len(self.differing) - len(parts)
        rest = f"; {more} more differ significantly" if more else "; the rest is not significant"
        rest = "" if len(self.differing) == len(EMOTIONS) == len(parts) else rest
        return f"In {self.names[1]} against {self.names[0]}, {', '.join(parts)}{rest}."


def compare(
    first: TrackSeries,
    second: TrackSeries,
    *,
    names: tuple[str, str] = ("A", "B"),
    aligned_s: tuple[float, float] | None = None,
    segments: tuple[list[Segment], list[Segment]] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Lay two series over each other and compare them.

    aligned_s: the moment in each that is the same, such as a mark in both; None: the first result of each. Both are
    read by linear interpolation at steps as long as the coarser of the two has; nothing is read across a gap.
    segments: the dominant emotion over time in each, such as those of the smoothed series; None: of the series given.
    Intervals come from drawing blocks of about two seconds again, at the level that holds for all seven (Bonferroni).

    Raises SeriesError when one has no result, or they have no moment in common.
    """
    for name, series in zip(names, (first, second), strict=True):
        if len(series) == 0:
            raise SeriesError(f"{name} has no result to compare. Choose a person whose face was classified.")
    zero = aligned_s or (float(first.timestamps_s[0]), float(second.timestamps_s[0]))
    dominant = segments or (dominant_segments(first), dominant_segments(second))
    low = max(first.timestamps_s[0] - zero[0], second.timestamps_s[0] - zero[1])
    high = min(first.timestamps_s[-1] - zero[0], second.timestamps_s[-1] - zero[1])
    if low > high:
        raise SeriesError(
            f"Aligned like this, {names[0]} and {names[1]} have no moment in common. Align them at another mark."
        )
    step = max(first.step_s, second.step_s) or 1.0
    times = np.arange(np.ceil(low / step - 1e-6), np.floor(high / step + 1e-6) + 1) * step
    a, b = _read(first, times + zero[0]), _read(second, times + zero[1])
    difference = b - a
    shared = np.isfinite(difference).all(axis=1)
    both = difference[shared]
    if len(both) == 0:
        raise SeriesError(
            f"Aligned like this, {names[0]} and {names[1]} have no moment in common. Align them at another mark."
        )
    return Comparison(
        names=names,
        times_s=times,
        first=a,
        second=b,
        difference=difference,
        common=len(both),
        mean=both.mean(axis=0),
        intervals=_intervals(both, step, resamples, seed, a[shared].mean(axis=0)),
        group=pd.concat(
            [
                _statistics_at(name, values[shared], times[shared] + start_s, step, parts)
                for name, values, start_s, parts in zip(names, (a, b), zero, dominant, strict=True)
            ],
            ignore_index=True,
        ),
    )


def _statistics_at(
    name: str, values: np.ndarray, times_s: np.ndarray, step: float, segments: list[Segment]
) -> pd.DataFrame:
    """Statistics of one recording at these moments alone, each of which counts alike: a row for each emotion, with its
    mean probability, dwell (share of the time in which it is dominant), visits and longest_s; seconds and people.

    values: float64 (M, 7) at times_s (M,), which lie `step` apart or further. segments: of the whole recording.
    """
    starts = np.array([one.start_s for one in segments])
    of = [segments[place].emotion for place in np.searchsorted(starts, times_s + 1e-6, side="right") - 1]
    # A segment goes on as long as moments follow each other and show the same emotion.
    begins = np.array([True, *(a != b for a, b in pairwise(of))]) | (np.diff(times_s, prepend=-np.inf) > 1.5 * step)
    lengths = np.diff([*np.flatnonzero(begins), len(of)]) * step
    shown = np.array(of)[begins]
    return pd.DataFrame(
        {
            "group": name,
            "emotion": EMOTIONS,
            "mean": values.mean(axis=0),
            "dwell": [of.count(emotion) / len(of) for emotion in EMOTIONS],
            "visits": [int((shown == emotion).sum()) for emotion in EMOTIONS],
            "longest_s": [float(lengths[shown == emotion].max(initial=0.0)) for emotion in EMOTIONS],
            "seconds": len(of) * step,
            "people": 1,
        }
    )


def _read(series: TrackSeries, times: np.ndarray) -> np.ndarray:
    """Probabilities at these times by linear interpolation, float64 (M, 7); NaN outside of every segment."""
    values = np.full((len(times), series.probabilities.shape[1]), np.nan)
    for segment in segments_of_continuity(series):
        known = series.timestamps_s[segment]
        inside = (times >= known[0] - 1e-6) & (times <= known[-1] + 1e-6)
        for emotion in range(values.shape[1]):
            values[inside, emotion] = np.interp(times[inside], known, series.probabilities[segment, emotion])
    return values


def _intervals(
    both: np.ndarray, step: float, resamples: int, seed: int, first_mean: np.ndarray
) -> tuple[Interval, ...] | None:
    """first_mean: float64 (7,), of the first recording; a mean of the second lies from 0 to 1, whatever else holds."""
    if len(both) < FEWEST_MOMENTS:
        return None
    level = 1 - (1 - LEVEL) / both.shape[1]
    block = block_length(len(both), 1 / step)
    found = mean_interval(both, block, level=level, resamples=resamples, seed=seed)
    return tuple(
        Interval(max(one.low, -mean), min(one.high, 1 - mean))
        for one, mean in zip(found, first_mean.tolist(), strict=True)
    )
