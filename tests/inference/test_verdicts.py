import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ferdash.emotions import EMOTIONS
from ferdash.inference.verdicts import close_second, disagreement

SHARES = arrays(np.float64, 7, elements=st.floats(0.01, 1)).map(lambda values: values / values.sum())


@pytest.mark.parametrize(
    ("probabilities", "second"),
    [
        ([0.02, 0.01, 0.03, 0.456, 0.449, 0.02, 0.015], "neutral"),
        ([0.02, 0.01, 0.03, 0.449, 0.456, 0.02, 0.015], "happy"),
        ([0.0, 0.0, 0.0, 0.56, 0.44, 0.0, 0.0], None),
        ([0.0, 0.0, 0.0, 0.54, 0.46, 0.0, 0.0], "neutral"),
        ([1 / 7] * 7, "sad"),
    ],
)
def test_a_call_is_close_where_the_second_is_less_than_ten_points_behind(probabilities, second):
    assert close_second(np.array(probabilities)) == second


@given(SHARES)
def test_the_close_second_is_never_the_first(probabilities):
    second = close_second(probabilities)
    assert second is None or probabilities[EMOTIONS.index(second)] >= np.sort(probabilities)[-2]


@given(SHARES, SHARES)
def test_disagreement_is_a_distance_from_0_to_1(one, other):
    assert 0 <= disagreement(one, other) <= 1
    assert disagreement(one, other) == pytest.approx(disagreement(other, one))
    assert disagreement(one, one) == 0
    # The largest difference that any set of emotions has, found by trying all 128.
    sets = np.array([[bit >> place & 1 for place in range(7)] for bit in range(128)])
    assert disagreement(one, other) == pytest.approx(np.abs(sets @ (one - other)).max())
