"""A track in a few figures: how much it moves, how mixed it is, how long a state lingers."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ferdash.dynamics.deltas import deltas
from ferdash.dynamics.dominant import Segment
from ferdash.dynamics.moments import Moment
from ferdash.dynamics.noise import measure_noise
from ferdash.dynamics.series import TrackSeries
from ferdash.emotions import EMOTIONS


@dataclass(frozen=True)
class Measures:
    """Summary figures of one track.

    seconds: time covered by results, gaps left out. mean: float64 (7,), average probabilities, each frame weighted by
    its time. volatility: distance the distribution travels in a second, in total variation (half the sum of absolute
    deltas: 1 is from one certain emotion to another). entropy: mean over frames, as a share of its maximum: 0 certain,
    1 all seven alike. switches_per_minute: switches of the dominant emotion. events_per_minute: changes beyond noise.
    NaN where there is nothing to measure.
    """

    seconds: float
    frames: int
    mean: np.ndarray
    volatility: float
    entropy: float
    switches_per_minute: float
    events_per_minute: float


def measure(series: TrackSeries, segments: list[Segment], changes: list[Moment]) -> Measures:
    """The figures of one track; segments and changes are those of the same track."""
    weights = frame_durations(series)
    seconds = float(weights.sum())
    if seconds <= 0:
        nothing = np.full(len(EMOTIONS), np.nan)
        mean = series.probabilities.mean(axis=0) if len(series) else nothing
        return Measures(0.0, len(series), mean, np.nan, _entropy(series), np.nan, np.nan)
    switches = sum(one.end_s == other.start_s for one, other in pairwise(segments))
    travelled = 0.5 * np.nansum(np.abs(deltas(series)))
    between = float(np.diff(series.timestamps_s)[~series.starts[1:]].sum())
    return Measures(
        seconds=seconds,
        frames=len(series),
        mean=weights @ series.probabilities / seconds,
        volatility=float(travelled / between) if between > 0 else np.nan,
        entropy=_entropy(series),
        switches_per_minute=60 * switches / seconds,
        events_per_minute=60 * len(changes) / seconds,
    )


def frame_durations(series: TrackSeries) -> np.ndarray:
    """Seconds for which each frame stands, float64 (T,): until the next; before a gap, as long as is usual."""
    if len(series) == 0:
        return np.zeros(0)
    durations = np.append(np.diff(series.timestamps_s), series.step_s)
    durations[:-1][series.starts[1:]] = series.step_s
    return durations


def emotion_dynamics(series: TrackSeries) -> pd.DataFrame:
    """A row for each of EMOTIONS: mean, sd, rmssd, inertia and noise of its probability.

    rmssd: root of the mean squared change to the next frame (instability: Jahng, Wood and Trull, "Analysis of Affective
    Instability in Ecological Momentary Assessment", 2008). inertia: correlation with the next frame (Kuppens, Allen and
    Sheeber, "Emotional Inertia and Psychological Maladjustment", 2010). noise: standard deviation without a reason, as
    events are found with. Both of the former depend on the frame rate. NaN where there is too little to measure.
    """
    x, follows = series.probabilities, ~series.starts
    changes = deltas(series)[follows]
    noise = measure_noise(series)
    nothing = np.full(x.shape[1], np.nan)
    return pd.DataFrame(
        {
            "mean": x.mean(axis=0) if len(x) else nothing,
            "sd": x.std(axis=0, ddof=1) if len(x) > 1 else nothing,
            "rmssd": np.sqrt((changes**2).mean(axis=0)) if len(changes) else nothing,
            "inertia": _correlation(x[np.flatnonzero(follows) - 1], x[follows]) if len(changes) > 2 else nothing,
            "noise": nothing if noise is None else noise.typical,
        },
        index=pd.Index(EMOTIONS, name="emotion"),
    )


def _entropy(series: TrackSeries) -> float:
    if len(series) == 0:
        return float("nan")
    p = series.probabilities
    return float(-(p * np.log(np.where(p > 0, p, 1))).sum(axis=1).mean() / np.log(p.shape[1]))


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.where(size > 1e-12, (a * b).sum(axis=0) / np.where(size > 1e-12, size, 1), np.nan)
