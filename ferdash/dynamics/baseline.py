"""A person's own neutral: what the model says of their face at rest, and everything else relative to that.

Faces at rest differ: a model may see 30% sadness in one that feels nothing. Frames that the person marks as neutral
give the level to subtract, and how much it jitters.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ferdash.dynamics.series import TrackSeries
from ferdash.errors import SeriesError
from ferdash.wording import counted

FEWEST_FOR_JITTER = 5
"""Marked frames from which the spread of a face at rest is told; fewer give a level alone."""


@dataclass(frozen=True)
class Baseline:
    """A face at rest. level: mean probabilities, float64 (7,), sum 1. jitter: standard deviation of each, float64 (7,),
    NaN where too few frames are marked or nothing varies. frames: how many it rests on."""

    level: np.ndarray
    jitter: np.ndarray
    frames: int


@dataclass(frozen=True)
class Relative:
    """A series against a baseline. difference: probabilities minus the level at rest, float64 (T, 7), rows add up to 0.
    z: the same in standard deviations of the face at rest, float64 (T, 7); NaN where these are not known."""

    difference: np.ndarray
    z: np.ndarray


def baseline_of(probabilities: np.ndarray) -> Baseline:
    """The baseline of a face's results at rest, float (N, 7). Raises SeriesError when there is none."""
    values = np.asarray(probabilities, dtype=np.float64)
    if len(values) == 0:
        raise SeriesError("None of the frames marked as neutral has a result. Mark frames in which the face is seen.")
    jitter = np.full(values.shape[1], np.nan)
    if len(values) >= FEWEST_FOR_JITTER:
        spread = values.std(axis=0, ddof=1)
        jitter = np.where(spread > 1e-6, spread, np.nan)
    return Baseline(values.mean(axis=0), jitter, len(values))


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


def relative(series: TrackSeries, rest: Baseline) -> Relative:
    """The series against a face at rest. On the frames that gave the baseline, differences average 0."""
    difference = series.probabilities - rest.level
    return Relative(difference, difference / rest.jitter)
