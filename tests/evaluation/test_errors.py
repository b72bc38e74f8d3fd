import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix
from statsmodels.stats.proportion import proportion_confint

from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.errors import (
    Slices,
    accuracy_by_slice,
    confident_mistakes,
    confusions,
    mutual_confusions,
    named_slices,
    quantile_slices,
)

CLASSES = np.arange(7)


def matrix(y_true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return confusion_matrix(y_true, predicted, labels=CLASSES)


@given(data=st.data())
@settings(max_examples=40)
def test_confusions_are_counted_image_by_image(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    predicted = p.argmax(axis=1)
    names = np.array(EMOTIONS)
    mistakes = [(t, q) for t, q in zip(names[y_true], names[predicted], strict=True) if t != q]
    found = confusions(matrix(y_true, predicted))
    assert {(one.true, one.predicted): one.count for one in found} == {
        pair: mistakes.count(pair) for pair in set(mistakes)
    }
    assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)
    for one in found:
        assert one.share_of_errors == pytest.approx(one.count / len(mistakes), abs=1e-9)
        assert one.share_of_true == pytest.approx(one.count / (names[y_true] == one.true).sum(), abs=1e-9)
    together = mutual_confusions(matrix(y_true, predicted))
    assert sum(pair.count for pair in together) == len(mistakes)
    for pair in together:
        assert pair.first_as_second == mistakes.count((pair.first, pair.second))
        assert pair.second_as_first == mistakes.count((pair.second, pair.first))
        assert pair.first_as_second >= pair.second_as_first
        assert pair.share_of_errors == pytest.approx(pair.count / len(mistakes), abs=1e-9)


def test_an_emotion_without_images_and_a_matrix_without_mistakes() -> None:
    # No image shows disgust, yet two angry ones are taken for it.
    counts = np.zeros((7, 7), dtype=int)
    counts[0, :2] = 3, 2
    (only,) = confusions(counts)
    assert (only.true, only.predicted, only.count, only.share_of_errors) == ("angry", "disgust", 2, 1.0)
    assert only.share_of_true == pytest.approx(0.4)
    assert confusions(np.diag([1] * 7)) == []
    assert mutual_confusions(np.zeros((7, 7), dtype=int)) == []


@pytest.mark.parametrize("function", [confusions, mutual_confusions])
def test_a_matrix_of_another_shape_is_refused(function) -> None:
    with pytest.raises(EvaluationError, match=r"A confusion matrix of the seven emotions is \(7, 7\), not \(3, 3\)"):
        function(np.zeros((3, 3)))


@given(data=st.data())
@settings(max_examples=25)
def test_mistakes_come_from_the_most_confident_down(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    found = confident_mistakes(y_true=y_true, probabilities=p)
    assert sorted(found.tolist()) == [row for row in range(len(p)) if p[row].argmax() != y_true[row]]
    # Rows are brought to a sum of 1 first, so that neighbours may be a last digit apart.
    assert (np.diff(p[found].max(axis=1)) <= 1e-6).all()


@given(
    st.lists(st.one_of(st.floats(-1e3, 1e3), st.just(float("nan")), st.sampled_from([1.0, 2.0])), max_size=80),
    st.integers(2, 6),
)
def test_quantile_slices_keep_order_and_equals(values: list[float], bins: int) -> None:
    array = np.array(values, dtype=float)
    slices = quantile_slices(array, bins=bins)
    known = np.isfinite(array)
    assert (slices.index[~known] == -1).all()
    assert set(slices.index[known]) == set(range(len(slices.names)))
    assert len(slices.names) <= bins
    order = np.argsort(array[known], kind="stable")
    assert (np.diff(slices.index[known][order]) >= 0).all()
    for value in set(array[known].tolist()):
        assert len(set(slices.index[array == value])) == 1


def test_quartiles_of_distinct_values_hold_a_quarter_each() -> None:
    slices = quantile_slices(np.random.default_rng(0).permutation(100).astype(float))
    assert np.bincount(slices.index).tolist() == [25, 25, 25, 25]
    assert slices.names == ("0 to 24", "25 to 49", "50 to 74", "75 to 99")


def test_close_bounds_get_the_decimals_that_tell_them_apart() -> None:
    assert quantile_slices(np.array([1.0, 2.01, 2.04, 3.0]), bins=2).names == ("1.00 to 2.01", "2.04 to 3.00")
    assert quantile_slices(np.array([1.0, 1.0, 1.0, 3000.0]), bins=4).names == ("1", "3,000")


def test_one_slice_is_refused_and_unknown_values_are_none() -> None:
    with pytest.raises(EvaluationError, match="divided into at least two slices, not 1"):
        quantile_slices(np.arange(5), bins=1)
    assert quantile_slices(np.full(3, np.nan)).names == ()


def test_named_slices_are_sorted_and_bool_reads_as_words() -> None:
    slices = named_slices(np.array(["test", "train", "test"]))
    assert slices.names == ("test", "train")
    assert slices.index.tolist() == [0, 1, 0]
    assert named_slices(np.array([True, False])).names == ("no", "yes")


@given(st.lists(st.tuples(st.booleans(), st.integers(-1, 3)), max_size=60))
@settings(max_examples=40)
def test_accuracy_by_slice_agrees_with_statsmodels(images: list[tuple[bool, int]]) -> None:
    correct = np.array([right for right, _ in images], dtype=bool)
    index = np.array([place for _, place in images], dtype=int)
    scores = accuracy_by_slice(correct=correct, slices=Slices(("a", "b", "c", "d"), index))
    assert [one.name for one in scores] == ["a", "b", "c", "d"]
    for place, one in enumerate(scores):
        mine = correct[index == place]
        assert (one.images, one.correct) == (len(mine), mine.sum())
        if len(mine) == 0:
            assert np.isnan(one.accuracy)
            assert (one.interval.low, one.interval.high) == (0, 1)
            continue
        low, high = proportion_confint(mine.sum(), len(mine), method="wilson")
        assert one.accuracy == pytest.approx(mine.mean(), abs=1e-9)
        assert one.interval.low == pytest.approx(low, abs=1e-9)
        assert one.interval.high == pytest.approx(high, abs=1e-9)


def test_slices_of_other_images_are_refused() -> None:
    with pytest.raises(EvaluationError, match="The slices divide 2 images, but there are answers for 3"):
        accuracy_by_slice(correct=np.ones(3, dtype=bool), slices=named_slices(np.array([1, 2])))
