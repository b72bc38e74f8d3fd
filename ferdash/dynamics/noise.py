"""What a track of probabilities does without a reason.

Noise is measured, not assumed: its size from the differences between neighbouring frames, robustly (so that the
changes themselves do not count) and near the move (since a face seen badly is noisier); its autocorrelation from how
these differences grow with the lag in the quieter half of the track, as for an AR(1) process, since slow wander fakes
changes that white noise would not.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from ferdash.dynamics.series import TrackSeries

MAD = 1.4826
"""Median absolute deviation to standard deviation, for normal noise."""

FEWEST_FRAMES = 30
"""Results below which the noise of a track cannot be told, and so neither a change."""

LEAST_NOISE = 0.002
"""Noise below this is rounding."""

MOST_AUTOCORRELATION = 0.95
"""Correlation of one frame's noise with the next, at most: beyond, wander and change are the same."""

_LAGS = (2, 4, 8)
_AUTOCORRELATIONS = np.linspace(0, MOST_AUTOCORRELATION, 96)


@dataclass(frozen=True)
class Noise:
    """What a track does without a reason. step: standard deviation of the difference to the frame before, around each
    frame, float64 (T, 7). autocorrelation: at lag 1, from 0 to MOST_AUTOCORRELATION."""

    step: np.ndarray
    autocorrelation: float

    @property
    def typical(self) -> np.ndarray:
        """Standard deviation of each probability around its level, of the quieter half of the time, float64 (7,)."""
        found: np.ndarray = np.quantile(self.step, 0.25, axis=0) * spread(self.autocorrelation)
        return found


def spread(autocorrelation: float) -> float:
    # The difference of two neighbours of an AR(1) process of variance 1 has variance 2 (1 - autocorrelation).
    return float(1 / np.sqrt(2 * (1 - autocorrelation)))


def too_short_to_tell(series: TrackSeries) -> bool:
    """Whether too few results follow each other for changes to be told from noise."""
    return int((~series.starts).sum()) < FEWEST_FRAMES


def measure_noise(series: TrackSeries, around_s: float = 1.0) -> Noise | None:
    """The noise of a track; None with fewer than FEWEST_FRAMES results that follow each other."""
    if too_short_to_tell(series):
        return None
    follows = ~series.starts
    x = series.probabilities
    steps = np.abs(np.diff(x, axis=0))[follows[1:]]
    width = min(2 * frames_in(series, around_s / 2) + 1, len(steps) - 1 + len(steps) % 2)
    near = median_filter(steps, size=(width, 1), mode="nearest")
    # Of each emotion, the half of the time in which it is quieter: there, changes are rare.
    quiet = near <= np.median(near, axis=0)
    scale = np.array([MAD * np.median(steps[quiet[:, e], e]) for e in range(x.shape[1])])
    scale = np.maximum(scale, LEAST_NOISE)
    autocorrelation = _autocorrelation(x, series.starts, follows, quiet, scale)
    step = np.tile(scale, (len(x), 1))
    step[follows] = np.maximum(MAD * near, scale)
    whole = np.maximum(MAD * np.median(steps, axis=0), scale)
    return Noise(np.maximum(step, 0.5 * whole), autocorrelation)


def _autocorrelation(
    x: np.ndarray, starts: np.ndarray, follows: np.ndarray, quiet: np.ndarray, scale: np.ndarray
) -> float:
    """The AR(1) correlation at which differences grow with the lag as they do here; of several lags the largest."""
    calm = np.zeros(x.shape, dtype=bool)
    calm[follows] = quiet
    segment_of = np.cumsum(starts)
    found = [0.0]
    for lag in _LAGS:
        same = (segment_of[lag:] == segment_of[:-lag])[:, None] & calm[lag:] & calm[:-lag]
        differences = ((x[lag:] - x[:-lag]) / scale)[same & (scale > LEAST_NOISE)]
        if len(differences) < 10 * lag:
            continue
        growth = (MAD * np.median(np.abs(differences))) ** 2
        expected = (1 - _AUTOCORRELATIONS**lag) / (1 - _AUTOCORRELATIONS)
        found.append(float(np.interp(growth, expected, _AUTOCORRELATIONS)))
    return max(found)


def frames_in(series: TrackSeries, seconds: float) -> int:
    return max(5, round(seconds / series.step_s)) if series.step_s > 0 else 5
