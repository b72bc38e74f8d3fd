"""Intervals for figures over time, where neighbouring frames are alike: whole blocks of time are drawn again.

Künsch, "The Jackknife and the Bootstrap for General Stationary Observations" (1989). Drawing single frames would take
each for news and make intervals far too narrow.
"""

import numpy as np
from scipy.stats import t

from ferdash.evaluation.intervals import LEVEL, Interval

RESAMPLES = 2000


def block_means(values: np.ndarray, block: int, *, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Means of `values` float (N, ...) over draws of overlapping blocks of so many rows, float64 (resamples, ...).

    The last block of a draw is cut so that every draw has N rows.
    """
    rows = len(values)
    block = min(max(block, 1), rows)
    blocks, rest = divmod(rows, block)
    sums = np.concatenate([np.zeros_like(values[:1], dtype=np.float64), np.cumsum(values, axis=0)])
    rng = np.random.default_rng([seed, 5])
    whole = rng.integers(0, rows - block + 1, (resamples, blocks))
    total = (sums[whole + block] - sums[whole]).sum(axis=1)
    if rest:
        part = rng.integers(0, rows - rest + 1, resamples)
        total += sums[part + rest] - sums[part]
    found: np.ndarray = total / rows
    return found


def mean_interval(
    values: np.ndarray, block: int, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> list[Interval]:
    """Where the means of the columns of `values` float (N, K) lie with confidence `level`.

    The mean and as many standard deviations of `block_means` as Student's t says for so few blocks. Blocks that are
    short against the autocorrelation of the series miss part of its variance; what they miss of an AR(1) process with
    the same correlation from row to row is added.
    """
    mean, rows = values.mean(axis=0), len(values)
    block = min(max(block, 1), rows)
    spread = block_means(values, block, resamples=resamples, seed=seed).std(axis=0)
    autocorrelation = _correlation(values - mean)
    whole = (1 + autocorrelation) / (1 - autocorrelation)
    missed = 2 * autocorrelation * (1 - autocorrelation**block) / (block * (1 - autocorrelation) ** 2)
    known = (whole - missed) / whole * max(rows - block, 1) / rows
    reach = t.ppf((1 + level) / 2, max(1, rows // block - 1)) * spread / np.sqrt(known)
    return [Interval(float(middle - far), float(middle + far)) for middle, far in zip(mean, reach, strict=True)]


def _correlation(about: np.ndarray) -> np.ndarray:
    """Of each row with the next, float (K,), from 0 to 0.98; about: deviations from the mean."""
    squares = (about**2).sum(axis=0)
    products = (about[1:] * about[:-1]).sum(axis=0)
    found: np.ndarray = np.clip(products / np.where(squares > 0, squares, 1), 0, 0.98)
    return found


def block_length(rows: int, per_second: float) -> int:
    """Rows of a block: two seconds, since expressions last about as long, and more for longer series; never more than
    an eighth of them, so that draws differ."""
    return int(max(1, min(max(round(2 * per_second), round(2 * rows ** (1 / 3))), rows // 8)))
