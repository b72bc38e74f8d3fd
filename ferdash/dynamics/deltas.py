"""How much each probability changed against the frame before."""

import numpy as np

from ferdash.dynamics.series import TrackSeries


def deltas(series: TrackSeries) -> np.ndarray:
    """Probabilities minus those of the frame before, float64 (T, 7), from -1 to 1.

    NaN at the first frame of each segment without a gap: what happened in between was not seen. Within a segment,
    deltas add up to the change from its first frame to its last, and each row adds up to 0.
    """
    changes = np.full(series.probabilities.shape, np.nan)
    changes[1:] = np.diff(series.probabilities, axis=0)
    changes[series.starts] = np.nan
    return changes
