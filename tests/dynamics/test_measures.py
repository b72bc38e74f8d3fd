import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy

from ferdash.dynamics.dominant import DominantSettings, dominant_segments
from ferdash.dynamics.measures import emotion_dynamics, frame_durations, measure
from ferdash.dynamics.series import TrackSeries
from ferdash.emotions import EMOTIONS


def series(values: np.ndarray, frames: np.ndarray | None = None, fps: float = 10) -> TrackSeries:
    frames = np.arange(len(values)) if frames is None else frames
    return TrackSeries(1, frames, frames / fps, values)


def random(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(7), frames)


def test_a_still_and_certain_face_has_no_volatility_and_no_entropy() -> None:
    one = series(np.tile(np.eye(7)[3], (20, 1)))
    figures = measure(one, dominant_segments(one), [])
    assert (figures.volatility, figures.entropy, figures.switches_per_minute) == (0, 0, 0)
    assert figures.seconds == pytest.approx(2.0)
    assert figures.mean.tolist() == np.eye(7)[3].tolist()


def test_switching_each_frame_travels_its_whole_distance_each_time() -> None:
    one = series(np.eye(7)[[3, 4] * 10])
    figures = measure(one, dominant_segments(one, DominantSettings(0, 0)), [])
    assert figures.volatility == pytest.approx(10)
    assert figures.switches_per_minute == pytest.approx(60 * 19 / 2.0)


def test_entropy_is_that_of_scipy_as_a_share_of_the_most() -> None:
    values = random(30)
    assert measure(series(values), [], []).entropy == pytest.approx(entropy(values, axis=1, base=7).mean())
    assert measure(series(np.full((5, 7), 1 / 7)), [], []).entropy == pytest.approx(1)


def test_a_long_frame_counts_for_its_time() -> None:
    one = TrackSeries(1, np.arange(3), np.array([0, 3.0, 4.0]), np.eye(7)[[0, 1, 2]])
    assert frame_durations(one).tolist() == [3.0, 1.0, 2.0]
    assert measure(one, [], []).mean[:3].tolist() == pytest.approx([0.5, 1 / 6, 1 / 3])


def test_time_away_does_not_count() -> None:
    one = series(random(20), np.arange(20) + np.where(np.arange(20) >= 10, 500, 0))
    assert measure(one, [], []).seconds == pytest.approx(2.0)


def test_little_gives_no_figure_rather_than_a_false_one() -> None:
    none = measure(series(np.zeros((0, 7))), [], [])
    assert np.isnan([none.volatility, none.entropy, none.switches_per_minute, none.events_per_minute]).all()
    assert np.isnan(none.mean).all()
    single = measure(series(random(1)), [], [])
    assert (single.frames, single.seconds) == (1, 0)
    assert np.isnan(single.volatility)
    assert emotion_dynamics(series(np.zeros((0, 7)))).isna().all(axis=None)


def test_dynamics_are_those_of_pandas() -> None:
    values = random(60, 2)
    table = emotion_dynamics(series(values))
    frame = pd.DataFrame(values, columns=list(EMOTIONS))
    np.testing.assert_allclose(table["mean"], frame.mean())
    np.testing.assert_allclose(table["sd"], frame.std())
    np.testing.assert_allclose(table["rmssd"], np.sqrt((frame.diff() ** 2).mean()))
    np.testing.assert_allclose(table["inertia"], [frame[name].autocorr(1) for name in EMOTIONS])
    assert (table["noise"] > 0).all()


def test_what_does_not_vary_has_no_inertia() -> None:
    assert emotion_dynamics(series(np.tile(np.full(7, 1 / 7), (20, 1))))["inertia"].isna().all()
