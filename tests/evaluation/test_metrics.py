"""Where the code calls scikit-learn it is checked against numpy written out here; our own top-2 against a sort."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.errors import EvaluationError
from ferdash.evaluation.metrics import TITLES, Metrics, absent_words, compute_metrics, in_top2

SCALARS = [field.name for field in dataclasses.fields(Metrics) if field.type in (float, "float")]


def by_hand(y_true: np.ndarray, p: np.ndarray) -> dict[str, float | list]:
    """Every score by its definition, in plain loops."""
    p = p.astype(np.float64)
    p = p / p.sum(axis=1, keepdims=True)
    images = len(y_true)
    confusion = [[0] * 7 for _ in range(7)]
    top2 = log_loss = brier = 0.0
    for label, row in zip(y_true, p, strict=True):
        ranked = sorted(range(7), key=lambda column: (-row[column], column))
        confusion[label][ranked[0]] += 1
        top2 += label in ranked[:2]
        log_loss -= math.log(max(row[label], np.finfo(float).eps))
        brier += sum((row[column] - (column == label)) ** 2 for column in range(7))
    support = [sum(row) for row in confusion]
    precision, recall, f1 = [math.nan] * 7, [math.nan] * 7, [math.nan] * 7
    for emotion in range(7):
        if support[emotion]:
            hits, taken = confusion[emotion][emotion], sum(row[emotion] for row in confusion)
            precision[emotion] = hits / taken if taken else 0.0
            recall[emotion] = hits / support[emotion]
            both = precision[emotion] + recall[emotion]
            f1[emotion] = 2 * precision[emotion] * recall[emotion] / both if both else 0.0
    scores: dict[str, float | list] = {
        "accuracy": sum(confusion[emotion][emotion] for emotion in range(7)) / images,
        "top2": top2 / images,
        "log_loss": log_loss / images,
        "brier": brier / images,
        "confusion": confusion,
        "support": support,
    }
    for name, values in {"precision": precision, "recall": recall, "f1": f1}.items():
        scores[name] = values
        shown = [emotion for emotion in range(7) if support[emotion]]
        scores[f"macro_{name}"] = sum(values[emotion] for emotion in shown) / len(shown)
        scores[f"weighted_{name}"] = sum(values[emotion] * support[emotion] for emotion in shown) / images
    scores["balanced_accuracy"] = scores["macro_recall"]
    return scores


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_every_score_agrees_with_its_definition(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    metrics = compute_metrics(y_true=y_true, probabilities=p)
    for name, value in by_hand(y_true, p).items():
        np.testing.assert_allclose(getattr(metrics, name), value, rtol=0, atol=1e-9, err_msg=name)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_permuting_the_emotions_permutes_the_scores(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    order = np.array(data.draw(st.permutations(range(7))))
    before = compute_metrics(y_true=y_true, probabilities=p)
    after = compute_metrics(y_true=np.argsort(order)[y_true], probabilities=p[:, order])
    for name in SCALARS:
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-9), name
    for name in ("precision", "recall", "f1", "support"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name)[order], atol=1e-12)
    assert (after.confusion == before.confusion[np.ix_(order, order)]).all()


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_laws(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    metrics = compute_metrics(y_true=y_true, probabilities=p)
    assert metrics.weighted_recall == pytest.approx(metrics.accuracy, abs=1e-12)
    assert metrics.balanced_accuracy == pytest.approx(metrics.macro_recall, abs=1e-12)
    assert (metrics.confusion.sum(axis=1) == metrics.support).all()
    assert metrics.support.sum() == metrics.images == len(y_true)
    assert metrics.top2 >= metrics.accuracy
    assert (np.isnan(metrics.recall) == (metrics.support == 0)).all()


def test_a_worked_matrix() -> None:
    # 3 angry (2 right, 1 taken for sad), 1 happy (taken for angry), nothing else.
    y_true = np.array([0, 0, 0, 3])
    predicted = [0, 0, 5, 0]
    metrics = compute_metrics(y_true=y_true, probabilities=np.eye(7)[predicted])
    assert metrics.accuracy == 0.5
    assert metrics.precision[0] == pytest.approx(2 / 3)
    assert metrics.recall[0] == pytest.approx(2 / 3)
    assert (metrics.precision[3], metrics.recall[3], metrics.f1[3]) == (0, 0, 0)
    assert metrics.macro_f1 == pytest.approx(1 / 3)
    assert metrics.weighted_f1 == pytest.approx(0.5)
    assert np.isnan(metrics.f1[[1, 2, 4, 5, 6]]).all()
    assert metrics.confusion[0].tolist() == [2, 0, 0, 0, 0, 1, 0]
    assert metrics.brier == pytest.approx(1.0)


def test_one_image_that_is_wrong() -> None:
    metrics = compute_metrics(y_true=np.array([2]), probabilities=np.array([[0.6, 0.0, 0.4, 0, 0, 0, 0]]))
    assert (metrics.accuracy, metrics.macro_f1, metrics.top2) == (0, 0, 1)
    assert metrics.log_loss == pytest.approx(-math.log(0.4))
    assert metrics.ece == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("probabilities", "among_two"),
    [
        ([1 / 7] * 7, [True, True, False, False, False, False, False]),
        ([0.1, 0.3, 0.3, 0.3, 0, 0, 0], [False, True, True, False, False, False, False]),
        ([0.4, 0.2, 0.2, 0.2, 0, 0, 0], [True, True, False, False, False, False, False]),
        ([0.2, 0.2, 0.6, 0, 0, 0, 0], [True, False, True, False, False, False, False]),
    ],
)
def test_on_a_tie_the_earlier_emotions_are_the_two_most_probable(
    probabilities: list[float], among_two: list[bool]
) -> None:
    assert in_top2(np.arange(7), np.tile(probabilities, (7, 1))).tolist() == among_two


def test_a_tie_goes_to_the_earlier_emotion_in_top1_and_top2_alike() -> None:
    metrics = compute_metrics(y_true=np.arange(7), probabilities=np.full((7, 7), 1 / 7))
    assert metrics.accuracy == pytest.approx(1 / 7)
    assert metrics.top2 == pytest.approx(2 / 7)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_json_and_back_loses_nothing(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    metrics = compute_metrics(y_true=y_true, probabilities=p)
    again = Metrics.from_dict(json.loads(json.dumps(metrics.to_dict(), allow_nan=False)))
    for field in dataclasses.fields(Metrics):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(metrics, field.name))
    assert again.support.dtype.kind == again.confusion.dtype.kind == "i"


def test_emotions_without_an_image_are_named() -> None:
    assert absent_words(np.ones(7, dtype=int)) == ""
    assert absent_words(np.array([1, 1, 0, 1, 1, 0, 1])) == (
        "No image shows fear or sad, so they are left out of macro averages."
    )


def test_scores_that_are_not_an_evaluation() -> None:
    with pytest.raises(EvaluationError, match="not the scores of an evaluation: accuracy is missing"):
        Metrics.from_dict({"images": 3})


@pytest.mark.parametrize(
    ("y_true", "p", "sentence"),
    [
        ([], np.empty((0, 7)), "There is no image to score."),
        ([0, 1], np.eye(7)[[0]], r"Labels of shape \(2,\) and probabilities of shape \(1, 7\) do not fit"),
        ([0], np.ones((1, 6)) / 6, r"give \(N,\) and \(N, 7\)"),
        ([7], np.eye(7)[[0]], "whole numbers from 0 to 6, but one is 7"),
        ([-1], np.eye(7)[[0]], "but one is -1"),
        ([0.5], np.eye(7)[[0]], "but one is 0.5"),
        ([0], np.full((1, 7), np.nan), "must be finite, not negative, and sum to 1"),
        ([0], np.full((1, 7), 0.5), "sum to 1"),
        ([0], [[1.5, -0.5, 0, 0, 0, 0, 0]], "not negative"),
    ],
)
def test_what_cannot_be_scored(y_true: list, p: np.ndarray, sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        compute_metrics(y_true=np.array(y_true), probabilities=np.asarray(p))


def test_every_headline_score_is_there() -> None:
    assert set(TITLES) <= set(SCALARS)
