"""A person's own neutral: what the model says of their neutral face, and everything else relative to that.

Neutral faces differ: a model may see 30% sadness in one that feels nothing. Frames that the person marks as neutral
give the level to subtract, and how noisy it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ferdash.dynamics.series import TrackSeries
from ferdash.errors import SeriesError
from ferdash.wording import counted

FEWEST_FOR_NOISE = 5
"""Marked frames from which the spread of a neutral face is told; fewer give a level alone."""


@dataclass(frozen=True)
class Baseline:
    """A neutral baseline. level: mean probabilities, float64 (7,), sum 1. noise: standard deviation of each, (7,),
    NaN where too few frames are marked or nothing varies. frames: how many it rests on."""

    level: np.ndarray
    noise: np.ndarray
    frames: int


@dataclass(frozen=True)
class Relative:
    """A series against a baseline. difference: probabilities minus the baseline's level, float64 (T, 7), rows add up to
    0. z: the same in standard deviations of the neutral baseline, float64 (T, 7); NaN where these are not known."""

    difference: np.ndarray
    z: np.ndarray


def baseline_of(probabilities: np.ndarray) -> Baseline:
    """The baseline of a face's neutral results, float (N, 7). Raises SeriesError when there is none."""
    values = np.asarray(probabilities, dtype=np.float64)
    if len(values) == 0:
        raise SeriesError("None of the frames marked as neutral has a result. Mark frames in which the face is seen.")
    noise = np.full(values.shape[1], np.nan)
    if len(values) >= FEWEST_FOR_NOISE:
        spread = values.std(axis=0, ddof=1)
        noise = np.where(spread > 1e-6, spread, np.nan)
    return Baseline(values.mean(axis=0), noise, len(values))


def baseline(series: TrackSeries, neutral_frames: Iterable[int]) -> Baseline:
    """The baseline from the frames that are marked as neutral; those without a result do not count.

    Raises SeriesError when no marked frame has a result.
    """
    marked = np.unique(np.fromiter(neutral_frames, dtype=np.int64))
    found = np.isin(series.frames, marked)
    if not found.any():
        raise SeriesError(
            f"None of the {counted(len(marked), 'frame')} marked as neutral has a result for person {series.track}. "
            "Mark frames in which the face is seen."
        )
    return baseline_of(series.probabilities[found])


def relative(series: TrackSeries, against: Baseline) -> Relative:
    """The series against a neutral baseline. On the frames that gave the baseline, differences average 0."""
    difference = series.probabilities - against.level
    return Relative(difference, difference / against.noise)
