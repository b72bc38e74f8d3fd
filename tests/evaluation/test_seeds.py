import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.evaluation.seeds import compare_seeds

A, B = [0.60, 0.62, 0.64], [0.66, 0.67, 0.69, 0.70]


def test_the_difference_by_hand() -> None:
    # Welch: means 0.62 and 0.68, variances 0.0004 and 0.00033; standard error sqrt(0.0004 / 3 + 0.00033 / 4) = 0.01472,
    # t = 0.06 / 0.01472 = 4.076, degrees of freedom 4.19, where t(0.975) = 2.727.
    result = compare_seeds(scores_a=A, scores_b=B)
    assert result.difference == pytest.approx(0.06)
    assert (result.std_a, result.std_b) == (pytest.approx(0.02), pytest.approx(0.018257, abs=1e-6))
    assert result.p_value == pytest.approx(0.0138, abs=0.0002)
    assert (result.interval.low, result.interval.high) == (
        pytest.approx(0.01985, abs=1e-4),
        pytest.approx(0.10015, abs=1e-4),
    )
    assert "+6.0 points over 3 and 4 seeds" in result.sentence
    assert "more than seeds do" in result.sentence


def test_one_seed_against_one_is_said_to_be_that() -> None:
    result = compare_seeds(scores_a=[0.6], scores_b=[0.7])
    assert (result.interval, result.p_value) == (None, None)
    assert "from 1 seed of one of them: how much another seed would change that is not known" in result.sentence


def test_seeds_that_all_give_the_same() -> None:
    assert compare_seeds(scores_a=[0.5, 0.5], scores_b=[0.5, 0.5]).p_value == 1
    assert compare_seeds(scores_a=[0.5, 0.5], scores_b=[0.6, 0.6]).p_value == 0


@given(*[st.lists(st.floats(0, 1, width=32), min_size=2, max_size=6)] * 2)
def test_exchanging_the_groups_turns_the_sign(a: list[float], b: list[float]) -> None:
    one, other = compare_seeds(scores_a=a, scores_b=b), compare_seeds(scores_a=b, scores_b=a)
    assert one.difference == -other.difference
    np.testing.assert_allclose([one.interval.low, one.interval.high], [-other.interval.high, -other.interval.low])


def test_an_f1_is_a_number_from_0_to_1() -> None:
    assert (
        "B minus A: +0.060 over 3 and 4 seeds, 95% CI +0.020 to +0.100 ("
        in compare_seeds(scores_a=A, scores_b=B).f1_sentence
    )
    assert "B minus A: -0.100, from 1 seed" in compare_seeds(scores_a=[0.6], scores_b=[0.5]).f1_sentence
