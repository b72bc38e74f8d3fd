import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.training.focus import Focus, refocus
from ferdash.training.settings import FocusConfig

some_f1 = st.lists(st.floats(0, 1), min_size=7, max_size=7).map(np.array)


def test_the_two_worst_emotions_are_focused_in_proportion_to_their_deficit() -> None:
    f1 = np.array([0.5, 0.9, 0.3, 0.9, 0.8, 0.7, 0.9])
    focus = refocus(f1, FocusConfig())
    assert focus.emotions == [2, 0]
    assert focus.weights[2] == pytest.approx(5.0)
    assert focus.weights[0] == pytest.approx(3 + 2 * (0.4 / 0.6))
    assert [focus.weights[index] for index in (1, 3, 4, 5, 6)] == [1.0] * 5


@given(f1=some_f1, k=st.integers(1, 7))
def test_k_emotions_are_focused_within_the_bounds(f1: np.ndarray, k: int) -> None:
    focus = refocus(f1, FocusConfig(k=k))
    assert len(focus.emotions) == k
    for index, weight in enumerate(focus.weights):
        assert (3.0 <= weight <= 5.0) if index in focus.emotions else weight == 1.0
    assert max(f1[focus.emotions]) <= min(np.delete(f1, focus.emotions), default=1.0)


def test_an_emotion_without_support_is_never_focused() -> None:
    f1 = np.array([np.nan, 0.9, 0.3, 0.9, 0.8, 0.7, 0.9])
    assert refocus(f1, FocusConfig()).emotions == [2, 5]


def test_smoothing_keeps_one_noisy_epoch_from_moving_the_focus() -> None:
    steady, noisy = [0.5, 0.4, 0.9, 0.9, 0.9, 0.9, 0.9], np.array([0.5, 0.8, 0.45, 0.9, 0.9, 0.9, 0.9])
    jumpy = refocus(noisy, FocusConfig(k=1), former=Focus([1], [1.0] * 7, steady))
    smooth = refocus(noisy, FocusConfig(k=1, smoothing=0.8), former=Focus([1], [1.0] * 7, steady))
    assert jumpy.emotions == [2]
    assert smooth.emotions == [1]
    assert smooth.f1[1] == pytest.approx(0.8 * 0.4 + 0.2 * 0.8)


def test_memory_lets_an_old_weight_fade() -> None:
    f1 = np.array([0.9, 0.9, 0.3, 0.9, 0.8, 0.7, 0.9])
    former = [4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert refocus(f1, FocusConfig(memory=0.5), former=Focus([0], former, f1.tolist())).weights[0] == 2.5
    assert refocus(f1, FocusConfig(), former=Focus([0], former, f1.tolist())).weights[0] == 1.0


def test_equal_scores_get_equal_weights() -> None:
    focus = refocus(np.full(7, 0.5), FocusConfig())
    assert [focus.weights[index] for index in focus.emotions] == [5.0, 5.0]


def test_smoothing_begins_with_the_first_f1_of_each_emotion() -> None:
    f1, unknown = np.array([0.5, 0.4, 0.9, 0.8, 0.9, 0.9, 0.9]), [np.nan, 0.8, *[0.9] * 5]
    assert refocus(f1, FocusConfig(smoothing=0.5)).f1 == f1.tolist()
    smoothed = refocus(f1, FocusConfig(smoothing=0.5), former=Focus([1], [1.0] * 7, unknown)).f1
    assert smoothed[:3] == pytest.approx([0.5, 0.6, 0.9])
