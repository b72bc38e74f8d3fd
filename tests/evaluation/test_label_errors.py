import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.errors import EvaluationError
from ferdash.evaluation.label_errors import find_label_errors


def by_hand(y_true: np.ndarray, p: np.ndarray) -> set[int]:
    """Confident learning written out: Northcutt et al. (2021), equations 1 and 2, image by image."""
    p = p.astype(np.float64) / p.astype(np.float64).sum(axis=1, keepdims=True)
    usual = [p[y_true == label, label].mean() if (y_true == label).any() else 2.0 for label in range(7)]
    found = set()
    for row, (label, chances) in enumerate(zip(y_true, p, strict=True)):
        confident = [other for other in range(7) if chances[other] >= usual[other] - 1e-6]
        if not confident:
            continue
        taken_for = confident[0] if len(confident) == 1 else int(chances.argmax())
        # A label that the model itself finds most probable is never a candidate.
        if taken_for != label and chances.max() - chances[label] > 1e-6:
            found.add(row)
    return found


def two_labels(drawn: tuple[np.ndarray, np.ndarray]) -> bool:
    return len(np.unique(drawn[0])) > 1


@given(data=st.data())
@settings(max_examples=40)
def test_candidates_are_those_of_the_paper(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions.filter(two_labels))
    found = find_label_errors(y_true=y_true, probabilities=p, origin="given")
    assert set(found.position.tolist()) == by_hand(y_true, p)
    p64 = p.astype(np.float64) / p.astype(np.float64).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.label_quality, p64[found.position, y_true[found.position]], atol=1e-9)
    assert (np.diff(found.label_quality) >= 0).all()
    np.testing.assert_array_equal(found.suggested, p64[found.position].argmax(axis=1))
    assert found.images == len(y_true)


def test_wrong_labels_that_were_planted_come_first() -> None:
    rng = np.random.default_rng(3)
    true = rng.integers(0, 7, 400)
    p = np.full((400, 7), 0.02)
    p[np.arange(400), true] = 0.88
    labels = true.copy()
    planted = rng.choice(400, 12, replace=False)
    labels[planted] = (true[planted] + 1) % 7
    found = find_label_errors(y_true=labels, probabilities=p, origin="out-of-fold")
    assert set(found.position.tolist()) == set(planted.tolist())
    np.testing.assert_array_equal(found.suggested, true[found.position])


def test_it_says_what_the_probabilities_are() -> None:
    y_true, p = np.array([0, 1]), np.eye(7)[:2]
    folds = find_label_errors(y_true=y_true, probabilities=p, origin="out-of-fold")
    assert folds.described.startswith(
        "From out-of-fold probabilities of 2 images: each was classified by a model that had"
    )
    given_ = find_label_errors(y_true=y_true, probabilities=p, origin="given")
    assert "If the model was trained on these images, it has learnt their wrong labels too" in given_.described


def test_one_label_leaves_nothing_to_compare() -> None:
    with pytest.raises(EvaluationError, match="All these images have the same label"):
        find_label_errors(y_true=np.zeros(3, dtype=int), probabilities=np.eye(7)[:3], origin="given")


def test_without_cleanlab_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(EvaluationError, match=r"needs the optional package cleanlab: pip install 'ferdash\[labels\]'"):
        find_label_errors(y_true=np.array([0, 1]), probabilities=np.eye(7)[:2], origin="given")
