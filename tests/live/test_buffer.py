"""The last seconds of every face: bounded, in order, broken where a face was away."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ferdash.emotions import EMOTIONS
from ferdash.live.buffer import RecentBuffer

EVEN = np.full(len(EMOTIONS), 1 / len(EMOTIONS))


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.integers(1, 3))
def test_it_never_holds_more_than_its_span(pauses, faces):
    buffer = RecentBuffer(span_s=10, step_s=0.5, gap_s=1)
    now = 0.0
    for number, pause in enumerate(pauses):
        now += pause
        buffer.add(number % faces + 1, now, EVEN)
    for series in buffer.series(now):
        assert len(series.ago_s) <= 2 * (10 / 0.5 + 2)
        assert series.ago_s[0] >= -10 - 2 * 0.5
        assert series.ago_s[-1] <= 0
        assert (np.diff(series.ago_s) > 0).all()
        assert series.probabilities.shape == (len(series.ago_s), len(EMOTIONS))


def test_results_within_a_step_are_averaged():
    buffer = RecentBuffer(step_s=1.0)
    one, other = np.eye(len(EMOTIONS))[0], np.eye(len(EMOTIONS))[1]
    for time_s, row in ((0.1, one), (0.2, one), (0.9, other)):
        buffer.add(1, time_s, row)
    (series,) = buffer.series(1.0)
    np.testing.assert_allclose(series.probabilities[0, :2], [2 / 3, 1 / 3])
    np.testing.assert_allclose(series.ago_s, [-0.5])


def test_a_face_that_was_away_leaves_a_gap_and_then_is_forgotten():
    buffer = RecentBuffer(span_s=10, step_s=0.5, gap_s=1)
    for time_s in (0.0, 0.6, 5.0):
        buffer.add(1, time_s, EVEN)
    buffer.add(2, 5.0, EVEN)
    first, second = buffer.series(5.0)
    assert np.isnan(first.probabilities).all(axis=1).tolist() == [False, False, True, False]
    assert not np.isnan(second.probabilities).any()
    assert buffer.tracks() == {1, 2}
    assert buffer.series(20.0) == []
    assert buffer.tracks() == set()
