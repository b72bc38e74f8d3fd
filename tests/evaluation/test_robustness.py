import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.errors import EvaluationError
from ferdash.evaluation.protocol import Protocol
from ferdash.evaluation.robustness import (
    KINDS,
    Robustness,
    corruption_errors,
    mean_corruption_error,
    summarise,
    why_not_comparable,
)

PROTOCOL = Protocol("faces", "a" * 16, "validation", 200, 0, 0, True, 0, "plain", "rows")


def results(share: float, images: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.random(images) < 0.9, rng.random((10, 5, images)) < share


def report(share: float, seed: int = 0) -> Robustness:
    return summarise(PROTOCOL, *results(share, seed=seed))


def test_shares_are_counted_by_hand() -> None:
    clean = np.array([True, True, False, True])
    worse = np.zeros((10, 5, 4), dtype=bool)
    worse[0] = [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    worse[1:] = True
    found = summarise(PROTOCOL, clean, worse)
    assert found.clean == 0.75
    assert found.accuracy[0].tolist() == [0.75, 0.5, 0.25, 0, 0]
    assert found.of_kinds()["blur"] == pytest.approx(0.3)
    assert found.mean == pytest.approx((9 + 0.3) / 10)
    assert found.finding() == (
        "75.0% on the faces as they are, 93.0% when they are made worse; blur costs most (30.0%)"
    )


def test_the_interval_is_that_of_drawing_images_not_passes() -> None:
    """50 passes over one image do not make 50 images: where all passes agree, the interval is the binomial one."""
    rng = np.random.default_rng(1)
    hit = rng.random(400) < 0.6
    found = summarise(PROTOCOL, hit, np.broadcast_to(hit, (10, 5, 400)))
    half = 1.96 * np.sqrt(hit.mean() * (1 - hit.mean()) / 400)
    assert found.interval.low == pytest.approx(hit.mean() - half, abs=0.01)
    assert found.interval.high == pytest.approx(hit.mean() + half, abs=0.01)


def test_json_gives_the_same_back_to_the_last_digit() -> None:
    before = report(0.61)
    after = Robustness.from_dict(json.loads(json.dumps(before.to_dict(), allow_nan=False)))
    assert (after.accuracy == before.accuracy).all()
    assert (after.protocol, after.clean, after.interval, after.truth) == (
        before.protocol,
        before.clean,
        before.interval,
        before.truth,
    )
    assert after.to_dict() == before.to_dict()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda values: values.update(version=0), "other corruptions than those of today; measure again"),
        (lambda values: values.pop("version"), "other corruptions"),
        (lambda values: values["accuracy"].pop("noise"), "not a report of robustness .'noise'."),
        (lambda values: values.pop("interval"), "not a report of robustness .'interval'."),
        (lambda values: values.update(accuracy={key: [0.5] for key in KINDS}), "10 kinds of 5 strengths"),
        (lambda values: values["protocol"].pop("rows"), "not the protocol of an evaluation: rows is missing"),
    ],
)
def test_another_document_is_refused(change, sentence: str) -> None:
    values = json.loads(json.dumps(report(0.5).to_dict()))
    change(values)
    with pytest.raises(EvaluationError, match=sentence):
        Robustness.from_dict(values)


@pytest.mark.parametrize("shape", [(10, 5, 3), (10, 4, 200), (9, 5, 200)])
def test_results_of_another_shape_are_refused(shape: tuple) -> None:
    with pytest.raises(EvaluationError, match="cannot be summarised"):
        summarise(PROTOCOL, np.ones(200, dtype=bool), np.ones(shape, dtype=bool))


def test_no_image_is_refused() -> None:
    with pytest.raises(EvaluationError, match="0 images"):
        summarise(PROTOCOL, np.ones(0, dtype=bool), np.ones((10, 5, 0), dtype=bool))


def test_the_mean_corruption_error_by_hand() -> None:
    """Errors of 0.2 against 0.4 in nine kinds is 1/2, of 0.4 against 0.4 in one is 1: the mean is 0.55."""
    reference = replace(report(0.5), accuracy=np.full((10, 5), 0.6))
    accuracy = np.full((10, 5), 0.8)
    accuracy[4] = [1.0, 0.8, 0.6, 0.4, 0.2]
    better = replace(reference, accuracy=accuracy)
    assert corruption_errors(better, reference)["dark"] == pytest.approx(1)
    assert mean_corruption_error(better, reference) == pytest.approx(0.55)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_its_laws(first: float, second: float) -> None:
    one, other = report(first, seed=1), report(second, seed=2)
    assert mean_corruption_error(one, one) == pytest.approx(1)
    ratios, inverse = corruption_errors(one, other), corruption_errors(other, one)
    assert all(ratios[kind] * inverse[kind] == pytest.approx(1) for kind in KINDS)


def test_kinds_in_which_the_reference_makes_no_error_are_left_out() -> None:
    accuracy = np.full((10, 5), 0.5)
    accuracy[3] = 1
    reference = replace(report(0.5), accuracy=accuracy)
    assert np.isnan(corruption_errors(report(0.5), reference)["jpeg"])
    assert mean_corruption_error(replace(reference, accuracy=np.full((10, 5), 0.75)), reference) == pytest.approx(0.5)
    perfect = replace(reference, accuracy=np.ones((10, 5)))
    assert np.isnan(mean_corruption_error(reference, perfect))


def test_only_what_was_measured_alike_is_compared() -> None:
    one = report(0.5)
    assert why_not_comparable(one, report(0.6)) is None
    elsewhere = replace(one, protocol=replace(PROTOCOL, rows="others", split="test"))
    with pytest.raises(EvaluationError, match="one was measured on the validation split, the other on test"):
        corruption_errors(one, elsewhere)
    by_raters = replace(one, truth="majority")
    with pytest.raises(EvaluationError, match="one was measured against the label, the other against the majority"):
        mean_corruption_error(one, by_raters)


def test_it_says_against_what_it_was_measured() -> None:
    assert report(0.5).describe() == PROTOCOL.describe()
    said = replace(report(0.5), truth="majority").describe()
    assert said == (
        "The validation split of faces (aaaaaaaa), 200 images; those on which over half of the raters agree, and right "
        "is what they say."
    )
