"""Intervals for means over time hold what they promise, though neighbouring frames are alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from ferdash.dynamics.resampling import block_length, block_means, mean_interval


def wandering(rng: np.random.Generator, rows: int, autocorrelation: float) -> np.ndarray:
    """AR(1) of mean 0 and variance 1, float64 (rows, 1), from its first row on."""
    values = rng.normal(size=rows)
    for row in range(1, rows):
        values[row] = autocorrelation * values[row - 1] + np.sqrt(1 - autocorrelation**2) * values[row]
    return values[:, None]


@pytest.mark.parametrize("autocorrelation", [0.0, 0.5, 0.8])
def test_the_true_mean_lies_in_the_interval_as_often_as_promised(autocorrelation: float) -> None:
    rng = np.random.default_rng(7)
    draws, inside = 200, 0
    for _ in range(draws):
        (interval,) = mean_interval(wandering(rng, 500, autocorrelation), block_length(500, 25), resamples=400)
        inside += interval.low <= 0 <= interval.high
    # 95% of 200 are 190 give or take 3; a plain bootstrap would hold 50% at an autocorrelation of 0.8.
    assert inside >= 180


def test_where_rows_are_unlike_each_other_the_interval_is_that_of_student() -> None:
    values = np.random.default_rng(3).normal(size=(2000, 1))
    (interval,) = mean_interval(values, 1, resamples=4000)
    low, high = t.interval(0.95, 1999, values.mean(), values.std(ddof=1) / np.sqrt(2000))
    assert [interval.low, interval.high] == pytest.approx([low, high], abs=0.006)


@given(seed=st.integers(0, 99), rows=st.integers(1, 60), block=st.integers(1, 80), shift=st.floats(-5, 5))
def test_intervals_hold_the_mean_and_move_with_it(seed: int, rows: int, block: int, shift: float) -> None:
    values = np.random.default_rng(seed).normal(size=(rows, 2))
    intervals = mean_interval(values, block, resamples=50)
    moved = mean_interval(values + shift, block, resamples=50)
    for one, other, mean in zip(intervals, moved, values.mean(axis=0), strict=True):
        assert one.low - 1e-9 <= mean <= one.high + 1e-9
        assert [other.low, other.high] == pytest.approx([one.low + shift, one.high + shift], abs=1e-6)


def test_what_does_not_vary_has_an_interval_of_no_width() -> None:
    (interval,) = mean_interval(np.full((50, 1), 0.25), 5)
    assert [interval.low, interval.high] == pytest.approx([0.25, 0.25])


def test_the_same_seed_draws_the_same() -> None:
    values = np.random.default_rng(0).normal(size=(60, 1))
    assert (block_means(values, 6, seed=2) == block_means(values, 6, seed=2)).all()
    assert not np.allclose(block_means(values, 6, seed=2), block_means(values, 6, seed=3))
