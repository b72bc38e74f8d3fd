import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import expected_calibration_error
from ferdash.evaluation.intervals import bootstrap_intervals
from ferdash.evaluation.metrics import TITLES, compute_metrics


def one_by_one(y_true: np.ndarray, p: np.ndarray, resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """The intervals by scoring every draw on its own, from the same stream of random numbers."""
    rng = np.random.default_rng([seed, 2])
    picks = rng.integers(0, len(y_true), (resamples, len(y_true)))
    draws = [compute_metrics(y_true=y_true[pick], probabilities=p[pick]) for pick in picks]
    names = set(TITLES) - {"ece"}
    return {name: tuple(np.quantile([getattr(draw, name) for draw in draws], [0.025, 0.975])) for name in names}


@given(data=st.data(), seed=st.integers(0, 50))
@settings(max_examples=6, deadline=None)
def test_they_are_those_of_scoring_every_draw(data: st.DataObject, predictions: st.SearchStrategy, seed: int) -> None:
    y_true, p = data.draw(predictions)
    intervals = bootstrap_intervals(y_true=y_true, probabilities=p, resamples=20, seed=seed)
    for name, ends in one_by_one(y_true, p, 20, seed).items():
        assert (intervals[name].low, intervals[name].high) == pytest.approx(ends, abs=1e-9), name


def test_drawing_in_blocks_changes_nothing(monkeypatch, validation_sized) -> None:
    y_true, p = validation_sized
    whole = bootstrap_intervals(y_true=y_true, probabilities=p, resamples=50)
    monkeypatch.setattr("ferdash.evaluation.intervals._BLOCK", 7 * 3589)
    blocks = bootstrap_intervals(y_true=y_true, probabilities=p, resamples=50)
    for name, interval in whole.items():
        assert (blocks[name].low, blocks[name].high) == pytest.approx((interval.low, interval.high), abs=1e-12), name


def test_the_accuracys_interval_is_near_the_normal_one(validation_sized) -> None:
    y_true, p = validation_sized
    interval = bootstrap_intervals(y_true=y_true, probabilities=p)["accuracy"]
    accuracy = (p.argmax(axis=1) == y_true).mean()
    half = norm.ppf(0.975) * np.sqrt(accuracy * (1 - accuracy) / len(y_true))
    assert interval.low == pytest.approx(accuracy - half, abs=0.002)
    assert interval.high == pytest.approx(accuracy + half, abs=0.002)


def test_every_headline_score_lies_within_its_interval(validation_sized) -> None:
    y_true, p = validation_sized
    metrics = compute_metrics(y_true=y_true, probabilities=p)
    intervals = bootstrap_intervals(y_true=y_true, probabilities=p)
    for name in TITLES:
        assert intervals[name].low < getattr(metrics, name) < intervals[name].high, name


def test_a_well_calibrated_models_error_lies_within_its_interval() -> None:
    # Unshifted draws are all above so small an error.
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.full(7, 0.4), 500)
    y_true = (p.cumsum(axis=1) > rng.random((500, 1))).argmax(axis=1)
    error = compute_metrics(y_true=y_true, probabilities=p).ece
    interval = bootstrap_intervals(y_true=y_true, probabilities=p)["ece"]
    assert 0 <= interval.low < error < interval.high


def test_the_calibration_errors_interval_is_that_of_drawn_images_around_the_score(validation_sized) -> None:
    y_true, p = validation_sized
    error = expected_calibration_error(y_true=y_true, probabilities=p)
    rng = np.random.default_rng(11)
    picks = rng.integers(0, len(y_true), (400, len(y_true)))
    draws = np.array([expected_calibration_error(y_true=y_true[pick], probabilities=p[pick]) for pick in picks])
    assert draws.mean() > error
    golden = np.quantile(draws, [0.025, 0.975]) - np.median(draws) + error
    interval = bootstrap_intervals(y_true=y_true, probabilities=p)["ece"]
    assert [interval.low, interval.high] == pytest.approx(np.maximum(golden, 0).tolist(), abs=0.0015)


def test_the_seed_decides(validation_sized) -> None:
    y_true, p = validation_sized
    first, again, other = (
        bootstrap_intervals(y_true=y_true, probabilities=p, resamples=30, seed=seed) for seed in (4, 4, 5)
    )
    assert first == again
    assert first["accuracy"] != other["accuracy"]


def test_one_image_has_no_spread() -> None:
    intervals = bootstrap_intervals(y_true=np.array([2]), probabilities=np.eye(7)[[2]])
    assert (intervals["accuracy"].low, intervals["accuracy"].high) == (1, 1)
    assert (intervals["macro_f1"].low, intervals["macro_f1"].high) == (1, 1)


def test_no_image() -> None:
    with pytest.raises(EvaluationError, match="There is no image to score"):
        bootstrap_intervals(y_true=np.empty(0, dtype=int), probabilities=np.empty((0, 7)))
