import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.dynamics.baseline import FEWEST_FOR_NOISE, baseline, baseline_of, relative
from ferdash.dynamics.series import TrackSeries
from ferdash.errors import SeriesError


def series(seed: int = 0, frames: int = 40) -> TrackSeries:
    values = np.random.default_rng(seed).dirichlet(np.ones(7), frames)
    return TrackSeries(2, np.arange(frames) * 2, np.arange(frames) / 12.5, values, stride=2)


@given(seed=st.integers(0, 999), marked=st.sets(st.integers(0, 79), min_size=2))
def test_differences_average_nothing_on_the_frames_marked_as_neutral(seed: int, marked: set[int]) -> None:
    one = series(seed)
    rows = np.isin(one.frames, list(marked))
    if not rows.any():
        return
    rest = baseline(one, marked)
    against = relative(one, rest)
    assert rest.frames == rows.sum()
    np.testing.assert_allclose(against.difference[rows].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(against.difference.sum(axis=1), 0, atol=1e-12)
    if rest.frames >= FEWEST_FOR_NOISE:
        np.testing.assert_allclose(against.z[rows].std(axis=0, ddof=1), 1)
    else:
        assert np.isnan(against.z).all()


def test_a_face_that_does_not_vary_has_no_z() -> None:
    rest = baseline_of(np.tile(np.full(7, 1 / 7), (30, 1)))
    assert np.isnan(rest.noise).all()
    assert rest.level.sum() == pytest.approx(1)


def test_marks_on_frames_without_a_result_are_no_baseline() -> None:
    with pytest.raises(SeriesError, match="None of the 2 frames marked as neutral has a result for person 2"):
        baseline(series(), [1, 3])
    with pytest.raises(SeriesError, match="None of the frames marked as neutral has a result"):
        baseline_of(np.empty((0, 7)))
