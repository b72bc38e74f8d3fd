import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.evaluation.calibration import selective_accuracy
from ferdash.evaluation.selective import coverage_at, risk_area


@given(data=st.data())
@settings(max_examples=40)
def test_the_area_is_the_mean_risk_over_the_images(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    curve = selective_accuracy(y_true=y_true, probabilities=p)
    top, wrong = p.max(axis=1), p.argmax(axis=1) != y_true
    risks = [wrong[top >= threshold].mean() for threshold in top]
    area = risk_area(curve)
    assert area == pytest.approx(np.mean(risks), abs=1e-9)
    sorted_wrong = np.sort(wrong)  # every right answer before every mistake
    least = np.mean([sorted_wrong[:answered].mean() for answered in range(1, len(wrong) + 1)])
    assert area >= least - 1e-9


def test_a_perfect_order_has_the_least_area() -> None:
    p = np.full((4, 7), 0.0)
    p[:, 0] = [0.9, 0.8, 0.7, 0.6]
    p[:, 1] = 1 - p[:, 0]
    assert risk_area(selective_accuracy(y_true=np.array([0, 0, 0, 1]), probabilities=p)) == pytest.approx(1 / 16)


@given(data=st.data(), accuracy=st.floats(0.05, 1))
@settings(max_examples=30)
def test_the_operating_point_answers_as_many_as_it_may(
    data: st.DataObject, predictions: st.SearchStrategy, accuracy: float
) -> None:
    y_true, p = data.draw(predictions)
    top, correct = p.max(axis=1), p.argmax(axis=1) == y_true
    possible = [(top >= t).mean() for t in top if correct[top >= t].mean() >= accuracy]
    found = coverage_at(selective_accuracy(y_true=y_true, probabilities=p), accuracy)
    if not possible:
        assert found is None
        return
    assert found is not None
    coverage, threshold = found
    assert coverage == pytest.approx(max(possible), abs=1e-9)
    assert (top >= threshold).mean() == pytest.approx(coverage)
