import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, log_loss

from ferdash.dynamics.dominant import DominantSettings, dominant_segments
from ferdash.dynamics.series import TrackSeries
from ferdash.dynamics.transitions import (
    FITTED_SHARE,
    forecast_next,
    frame_transitions,
    horizon_pairs,
    segment_transitions,
)
from ferdash.emotions import EMOTIONS


def shown(states: np.ndarray, frames: np.ndarray | None = None, fps: float = 10) -> TrackSeries:
    frames = np.arange(len(states)) if frames is None else frames
    return TrackSeries(1, frames, frames / fps, 0.93 * np.eye(7)[states] + 0.01)


def wandering(seed: int, frames: int, cycle: bool) -> np.ndarray:
    """States that last ten frames; then 3 -> 4 -> 6 -> 3 for sure, or anything."""
    rng = np.random.default_rng(seed)
    ring = {3: 4, 4: 6, 6: 3}
    state, states = 3, []
    while len(states) < frames:
        states += [state] * 10
        state = ring[state] if cycle else int(rng.integers(0, 7))
    return np.array(states[:frames])


@given(seed=st.integers(0, 999), steps=st.lists(st.integers(1, 4), min_size=1, max_size=80))
@settings(deadline=None)
def test_rows_add_up_to_1_where_an_emotion_was_left(seed: int, steps: list[int]) -> None:
    frames = np.cumsum([0, *steps])
    states = np.random.default_rng(seed).integers(0, 7, len(frames))
    one = shown(states, frames)
    follows = ~one.starts[1:]
    matrix = frame_transitions(one, states)
    expected = confusion_matrix(states[:-1][follows], states[1:][follows], labels=range(7)) if follows.any() else 0
    np.testing.assert_array_equal(matrix.counts, expected)
    segments = dominant_segments(one, DominantSettings(0, 0))
    between = segment_transitions(segments)
    assert np.diagonal(between.counts).sum() == 0
    np.testing.assert_array_equal(between.counts, matrix.counts - np.diag(np.diagonal(matrix.counts)))
    for found in (matrix, between):
        visited = found.counts.sum(axis=1) > 0
        np.testing.assert_allclose(found.shares[visited].sum(axis=1), 1)
        assert np.isnan(found.shares[~visited]).all()


@given(seed=st.integers(0, 99), cycle=st.booleans(), horizon=st.sampled_from([0.1, 0.5, 1.0]))
@settings(max_examples=30, deadline=None)
def test_log_loss_is_that_of_scikit_learn(seed: int, cycle: bool, horizon: float) -> None:
    states = wandering(seed, 400, cycle)
    one = shown(states)
    found = forecast_next(one, states, horizon_s=horizon)
    assert found is not None
    lag = round(10 * horizon)
    split = int(FITTED_SHARE * 400)
    now, then = np.arange(split, 400 - lag), np.arange(split + lag, 400)
    assert (found.fitted, found.held_out) == (split - lag, len(now))
    np.testing.assert_allclose(found.chain.sum(axis=1), 1)
    assert found.log_loss == pytest.approx(log_loss(states[then], found.chain[states[now]], labels=range(7)))
    stays = (states[:split][lag:] == states[:split][:-lag]).sum()
    assert found.stay == pytest.approx((stays + 1) / (split - lag + 2))
    baseline = np.where(np.eye(7)[states[now]] == 1, found.stay, (1 - found.stay) / 6)
    assert found.baseline_log_loss == pytest.approx(log_loss(states[then], baseline, labels=range(7)))
    shown_then = np.bincount(states[:split][lag:], minlength=7)
    marginal = np.tile((shown_then + 1) / (shown_then.sum() + 7), (len(now), 1))
    assert found.marginal_log_loss == pytest.approx(log_loss(states[then], marginal, labels=range(7)))
    assert found.marginal_gain == pytest.approx(found.marginal_log_loss - found.log_loss)
    assert found.gain == pytest.approx(found.baseline_log_loss - found.log_loss)
    assert found.interval.low - 1e-9 <= found.gain <= found.interval.high + 1e-9


def test_a_cycle_is_learned_and_said() -> None:
    states = wandering(0, 600, cycle=True)
    found = forecast_next(shown(states), states, horizon_s=1.0)
    assert found is not None
    assert found.chain[3, 4] > 0.9
    assert found.gain > 1
    assert "helps to predict 1 s ahead: log loss" in found.sentence


def test_what_has_no_order_does_not_beat_staying_the_same() -> None:
    states = wandering(1, 600, cycle=False)
    found = forecast_next(shown(states), states, horizon_s=0.3)
    assert found is not None
    assert "does not beat staying the same 0.3 s ahead" in found.sentence


def test_being_shown_often_is_not_mistaken_for_following() -> None:
    """Drawn independently of what came before: better than staying the same, as a chain is that learns the shares."""
    states = np.random.default_rng(0).choice(7, 2000, p=[0.05, 0.05, 0.05, 0.2, 0.5, 0.1, 0.05])
    found = forecast_next(shown(states), states, horizon_s=1.0)
    assert found is not None
    assert found.interval.low > 0
    assert "does not beat knowing how often each is shown, 1 s ahead" in found.sentence


def test_a_cycle_that_turns_round_is_predicted_worse() -> None:
    there = wandering(0, 420, cycle=True)
    states = np.concatenate([there, there[:180][::-1]])
    found = forecast_next(shown(states), states, horizon_s=1.0)
    assert found is not None
    assert found.sentence.startswith("Which emotion tends to follow which does not beat")
    assert "it is worse" in found.sentence


def test_too_short_a_track_is_not_evaluated() -> None:
    states = wandering(0, 40, cycle=True)
    assert forecast_next(shown(states), states, horizon_s=1.0) is None
    empty = np.zeros(0, dtype=int)
    assert forecast_next(shown(empty), empty) is None


def test_pairs_keep_to_their_stretch_and_to_the_horizon() -> None:
    one = shown(np.zeros(8, dtype=int), np.array([0, 1, 2, 3, 10, 11, 12, 13]))
    now, then = horizon_pairs(one, 0.2)
    assert list(zip(now.tolist(), then.tolist(), strict=True)) == [(0, 2), (1, 3), (4, 6), (5, 7)]


def test_emotions_are_in_the_order_of_the_seven() -> None:
    states = np.array([EMOTIONS.index("sad")] * 3 + [EMOTIONS.index("angry")] * 3)
    counts = segment_transitions(dominant_segments(shown(states), DominantSettings(0, 0))).counts
    assert np.argwhere(counts).tolist() == [[EMOTIONS.index("sad"), EMOTIONS.index("angry")]]
