import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import (
    apply_temperature,
    cross_fitted,
    expected_calibration_error,
    fit_temperature,
    reliability,
    selective_accuracy,
)
from ferdash.evaluation.temperature import softmax as probabilities_of

CLASSES = np.arange(7)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_reliability_agrees_with_scikit_learn(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    table = reliability(y_true=y_true, probabilities=p)
    correct = p.argmax(axis=1) == y_true
    accuracy, confidence = calibration_curve(correct, p.max(axis=1), n_bins=15, pos_label=True)
    filled = table.count > 0
    np.testing.assert_allclose(table.accuracy[filled], accuracy, atol=1e-9)
    np.testing.assert_allclose(table.confidence[filled], confidence, atol=1e-9)
    assert np.isnan(table.accuracy[~filled]).all()
    assert table.count.sum() == len(y_true)
    gaps = np.abs(accuracy - confidence) * table.count[filled] / len(y_true)
    assert expected_calibration_error(y_true=y_true, probabilities=p) == pytest.approx(gaps.sum(), abs=1e-9)


def test_a_worked_calibration_error() -> None:
    # Two bins: three images at 0.9 with two right, one at 0.5 that is right.
    p = np.array([[0.9, 0.1, 0, 0, 0, 0, 0]] * 3 + [[0.5, 0.3, 0.2, 0, 0, 0, 0]])
    error = expected_calibration_error(y_true=np.array([0, 0, 1, 0]), probabilities=p)
    assert error == pytest.approx(0.75 * abs(2 / 3 - 0.9) + 0.25 * 0.5)


def test_an_edge_belongs_to_the_bin_below() -> None:
    table = reliability(y_true=np.array([0, 0]), probabilities=np.array([[0.5, 0.5], [0.4, 0.6]]), bins=2)
    assert table.count.tolist() == [1, 1]


def test_each_half_is_scaled_by_the_temperature_of_the_other() -> None:
    rng = np.random.default_rng(1)
    p = softmax(rng.normal(size=(101, 7)) * 3, axis=1)
    y_true = rng.integers(0, 7, 101)
    scaled = cross_fitted(y_true=y_true, probabilities=p, seed=5)
    # A row's temperature shows in any difference of log probabilities; there are two of them, each fitted elsewhere.
    found = (np.log(p[:, 0]) - np.log(p[:, 1])) / (np.log(scaled[:, 0]) - np.log(scaled[:, 1]))
    first = np.isclose(found, found[0], rtol=1e-6)
    assert sorted([first.sum(), (~first).sum()]) == [50, 51]
    for half in (first, ~first):
        fitted = fit_temperature(y_true=y_true[~half], probabilities=p[~half])
        np.testing.assert_allclose(found[half], fitted, rtol=1e-6)


def test_one_image_has_no_other_half() -> None:
    with pytest.raises(EvaluationError, match="needs 2 images, not 1"):
        cross_fitted(y_true=np.array([0]), probabilities=np.full((1, 7), 1 / 7))


def test_the_temperature_that_was_applied_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(8_000, 7)) * 1.5
    calibrated = softmax(logits, axis=1)
    y_true = (calibrated.cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)
    overconfident = softmax(logits * 2.5, axis=1)
    assert fit_temperature(y_true=y_true, probabilities=overconfident) == pytest.approx(2.5, rel=0.05)
    assert fit_temperature(y_true=y_true, probabilities=calibrated) == pytest.approx(1, rel=0.05)


@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_the_temperature_is_where_scikit_learns_log_loss_is_lowest(
    data: st.DataObject, predictions: st.SearchStrategy
) -> None:
    y_true, p = data.draw(predictions.filter(lambda drawn: 0 < (drawn[1].argmax(1) == drawn[0]).mean() < 1))

    def loss(log_temperature: float) -> float:
        scaled = softmax(np.log(p.astype(np.float64)) / math.exp(log_temperature), axis=1)
        return log_loss(y_true, scaled, labels=CLASSES)

    best = minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded")
    found = fit_temperature(y_true=y_true, probabilities=p)
    assert loss(math.log(found)) <= best.fun + 1e-6


def test_without_a_mistake_the_temperature_is_low() -> None:
    p = softmax(np.eye(7) * 3, axis=1)
    assert 0.05 <= fit_temperature(y_true=CLASSES, probabilities=p) < 0.1


def test_certain_mistakes_soften_without_overflow() -> None:
    p = np.eye(7)
    temperature = fit_temperature(y_true=np.array([1, 1, 2, 3, 4, 5, 6]), probabilities=p)
    assert temperature == pytest.approx(20, rel=1e-3)
    assert np.isfinite(apply_temperature(p, temperature)).all()


@given(data=st.data(), temperature=st.floats(0.1, 10))
@settings(max_examples=25, deadline=None)
def test_a_temperature_keeps_the_order_and_can_be_undone(
    data: st.DataObject, predictions: st.SearchStrategy, temperature: float
) -> None:
    _, p = data.draw(predictions.filter(lambda drawn: drawn[1].min() > 1e-9))
    scaled = apply_temperature(p, temperature)
    np.testing.assert_allclose(scaled.sum(axis=1), 1, atol=1e-12)
    assert (scaled.argmax(axis=1) == p.argmax(axis=1)).all()
    np.testing.assert_allclose(apply_temperature(apply_temperature(p, 2.0), 0.5), p, atol=1e-6)


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_selective_accuracy_is_the_accuracy_above_each_threshold(
    data: st.DataObject, predictions: st.SearchStrategy
) -> None:
    y_true, p = data.draw(predictions)
    curve = selective_accuracy(y_true=y_true, probabilities=p)
    top, correct = p.max(axis=1), p.argmax(axis=1) == y_true
    assert curve.threshold.tolist() == sorted(set(top.tolist()), reverse=True)
    for threshold, coverage, accuracy in zip(curve.threshold, curve.coverage, curve.accuracy, strict=True):
        assert coverage == pytest.approx((top >= threshold).mean(), abs=1e-12)
        assert accuracy == pytest.approx(correct[top >= threshold].mean(), abs=1e-12)
    assert curve.coverage[-1] == 1
    assert curve.accuracy[-1] == pytest.approx(correct.mean())


def test_equal_confidence_is_one_point() -> None:
    curve = selective_accuracy(y_true=np.array([0, 1, 2]), probabilities=np.eye(7)[[0, 0, 2]])
    assert curve.coverage.tolist() == [1]
    assert curve.accuracy.tolist() == [pytest.approx(2 / 3)]


@pytest.mark.parametrize("function", [reliability, expected_calibration_error, fit_temperature, selective_accuracy])
def test_no_image(function) -> None:
    with pytest.raises(EvaluationError, match="There is no image to score"):
        function(y_true=np.empty(0, dtype=int), probabilities=np.empty((0, 7)))


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_a_temperature_must_be_positive(temperature: float) -> None:
    with pytest.raises(EvaluationError, match=f"A temperature must be above 0, but it is {temperature}"):
        apply_temperature(np.eye(7), temperature)


def test_many_equal_confidences_among_others_are_a_point_each() -> None:
    p = np.tile([0.4, 0.6, 0, 0, 0, 0, 0], (30, 1))
    p[:10] = [0.2, 0.8, 0, 0, 0, 0, 0]
    p[10:15] = [0.3, 0.7, 0, 0, 0, 0, 0]
    y_true = np.array([1] * 10 + [0] * 5 + [1] * 15)
    curve = selective_accuracy(y_true=y_true, probabilities=p)
    assert curve.threshold.tolist() == [0.8, 0.7, 0.6]
    assert curve.coverage.tolist() == pytest.approx([10 / 30, 15 / 30, 1])
    assert curve.accuracy.tolist() == pytest.approx([1, 10 / 15, 25 / 30])


def test_the_halves_are_drawn_by_seed_and_two_images_are_enough() -> None:
    rng = np.random.default_rng(0)
    p, y_true = rng.dirichlet(np.ones(7), 40), rng.integers(0, 7, 40)
    once = cross_fitted(y_true=y_true, probabilities=p)
    assert np.array_equal(once, cross_fitted(y_true=y_true, probabilities=p, seed=0))
    assert not np.array_equal(once, cross_fitted(y_true=y_true, probabilities=p, seed=1))
    assert cross_fitted(y_true=y_true[:2], probabilities=p[:2]).shape == (2, 7)


def test_a_softmax_of_any_size_is_scipys() -> None:
    logits = np.array([[900.0, 901.0, 0.0], [-900.0, -901.0, -900.5], [0.0, 1.0, 2.0]])
    np.testing.assert_allclose(probabilities_of(logits), softmax(logits, axis=1), rtol=1e-12)
    half = logits[2:].astype(np.float16)
    assert probabilities_of(half).dtype == np.float64
    np.testing.assert_allclose(probabilities_of(half), softmax(logits[2:], axis=1), rtol=1e-12)
    assert probabilities_of(np.zeros((0, 7))).shape == (0, 7)
