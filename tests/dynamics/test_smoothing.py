from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from ferdash.dynamics.series import TrackSeries, segments_of_continuity
from ferdash.dynamics.smoothing import ExponentialSmoother, SmoothingSettings, exponential, savitzky_golay, smooth
from ferdash.errors import ConfigError

WAYS = [SmoothingSettings("exponential"), SmoothingSettings("savgol"), SmoothingSettings("savgol", order=3)]


def series(frames: np.ndarray, seed: int = 0, fps: float = 25) -> TrackSeries:
    values = np.random.default_rng(seed).dirichlet(np.full(7, 0.5), len(frames))
    return TrackSeries(1, frames, frames / fps, values)


@given(steps=st.lists(st.integers(1, 4), max_size=60), seed=st.integers(0, 999), way=st.sampled_from(WAYS))
def test_rows_stay_distributions_and_stretches_do_not_know_of_each_other(
    steps: list[int], seed: int, way: SmoothingSettings
) -> None:
    one = series(np.cumsum([0, *steps]), seed)
    smoothed = smooth(one, way).probabilities
    np.testing.assert_allclose(smoothed.sum(axis=1), 1)
    assert (smoothed >= 0).all()
    for segment in segments_of_continuity(one):
        alone = TrackSeries(1, one.frames[segment], one.timestamps_s[segment], one.probabilities[segment])
        np.testing.assert_allclose(smooth(alone, way).probabilities, smoothed[segment])


@given(steps=st.lists(st.integers(1, 4), max_size=40), seed=st.integers(0, 99), way=st.sampled_from(WAYS))
def test_what_does_not_change_stays_as_it_is(steps: list[int], seed: int, way: SmoothingSettings) -> None:
    frames = np.cumsum([0, *steps])
    still = replace(
        series(frames), probabilities=np.tile(np.random.default_rng(seed).dirichlet(np.ones(7)), (len(frames), 1))
    )
    np.testing.assert_allclose(smooth(still, way).probabilities, still.probabilities)


def test_the_raw_series_is_kept() -> None:
    one = series(np.arange(30))
    before = one.probabilities.copy()
    for way in WAYS:
        assert not np.allclose(smooth(one, way).probabilities, before)
    assert (one.probabilities == before).all()
    assert smooth(one, SmoothingSettings("none")) is one


def test_exponential_smoothing_is_that_of_pandas_with_times() -> None:
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.01, 0.2, 40))
    one = TrackSeries(1, np.arange(40), times, rng.dirichlet(np.ones(7), 40))
    tau_s = 0.3
    even = replace(one, timestamps_s=np.arange(40) * 0.05)
    expected = pd.DataFrame(even.probabilities).ewm(alpha=1 - np.exp(-0.05 / tau_s), adjust=False).mean()
    np.testing.assert_allclose(exponential(even, tau_s).probabilities, expected.to_numpy())
    # On uneven times: written out as one weighted sum.
    last = one.probabilities[0] * np.exp(-(times[-1] - times[0]) / tau_s)
    for row in range(1, 40):
        share = 1 - np.exp(-(times[row] - times[row - 1]) / tau_s)
        last = last + share * np.exp(-(times[-1] - times[row]) / tau_s) * one.probabilities[row]
    np.testing.assert_allclose(exponential(one, tau_s).probabilities[-1], last)


def test_a_step_is_63_percent_done_after_tau_at_any_frame_rate() -> None:
    for fps in (10, 30, 100):
        frames = np.arange(-1, fps + 1)
        values = np.where((frames >= 1)[:, None], np.eye(7)[3], np.eye(7)[4])
        done = exponential(TrackSeries(1, frames, frames / fps, values), 0.5).probabilities[:, 3]
        assert done[np.isclose(frames / fps, 0.5)][0] == pytest.approx(1 - np.exp(-1), abs=1e-9)


def test_a_live_smoother_starts_anew_after_a_pause() -> None:
    smoother = ExponentialSmoother(tau_s=1.0, max_gap_s=2.0)
    first, second = np.eye(7)[0], np.eye(7)[1]
    smoother.update(0.0, first)
    assert smoother.update(0.5, second)[0] == pytest.approx(np.exp(-0.5))
    assert smoother.update(3.0, second).tolist() == second.tolist()


@given(seed=st.integers(0, 99), frames=st.integers(11, 80), order=st.integers(0, 3))
def test_savitzky_golay_is_that_of_scipy_on_a_regular_grid(seed: int, frames: int, order: int) -> None:
    one = series(np.arange(frames), seed)
    expected = np.clip(savgol_filter(one.probabilities, 11, order, axis=0), 0, None)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(savitzky_golay(one, 11 / 25, order).probabilities, expected, atol=1e-9)
    # A hair off the grid, the fit on true times takes over and must agree.
    jittered = replace(one, timestamps_s=one.timestamps_s + np.arange(frames) % 2 * 1e-5)
    np.testing.assert_allclose(savitzky_golay(jittered, 11 / 25, order).probabilities, expected, atol=5e-3)


def test_savitzky_golay_keeps_a_parabola_on_uneven_times() -> None:
    times = np.cumsum(np.random.default_rng(2).uniform(0.02, 0.08, 60))
    rise = 0.1 + 0.7 * (times / times[-1]) ** 2
    values = np.zeros((60, 7))
    values[:, 3], values[:, 4] = rise, 1 - rise
    one = TrackSeries(1, np.arange(60), times, values)
    np.testing.assert_allclose(savitzky_golay(one, 0.5).probabilities, values, atol=1e-9)


def test_a_stretch_too_short_for_the_polynomial_stays() -> None:
    one = series(np.arange(2))
    assert (savitzky_golay(one, 0.4).probabilities == one.probabilities).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "median"}, "no smoothing “median”; there are none, exponential, savgol"),
        ({"tau_s": 0}, "tau_s is 0, window_s 0.4"),
        ({"window_s": -1}, "window_s -1"),
        ({"order": 9}, r"\(order\) is 9; it goes from 0 to 5"),
    ],
)
def test_settings_without_sense_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SmoothingSettings(**values)
