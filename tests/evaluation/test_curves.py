import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.curves import precision_recall_curves, roc_curves


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_the_areas_by_their_definitions(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    p64 = p.astype(np.float64) / p.astype(np.float64).sum(axis=1, keepdims=True)
    shown = [e for e in range(7) if 0 < (y_true == e).sum() < len(y_true)]
    roc, recall = (f(y_true=y_true, probabilities=p) for f in (roc_curves, precision_recall_curves))
    assert list(roc) == list(recall) == [EMOTIONS[e] for e in shown]
    for e in shown:
        yes, no = p64[y_true == e, e], p64[y_true != e, e]
        # The chance that an image of the emotion gets the higher probability, a tie counting half.
        wins = (yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2
        assert roc[EMOTIONS[e]].area == pytest.approx(wins, abs=1e-9)
        # Precision at each threshold, weighted by the recall gained there.
        average = sum((yes >= t).sum() / (p64[:, e] >= t).sum() * (yes == t).mean() for t in np.unique(yes))
        assert recall[EMOTIONS[e]].area == pytest.approx(average, abs=1e-9)


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_the_curves_span_the_square(data: st.DataObject, predictions: st.SearchStrategy) -> None:
    y_true, p = data.draw(predictions)
    for curve in roc_curves(y_true=y_true, probabilities=p).values():
        assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
        assert (np.diff(curve.x) >= 0).all()
        assert (np.diff(curve.y) >= 0).all()
        assert curve.area == pytest.approx(np.trapezoid(curve.y, curve.x), abs=1e-9)
    for curve in precision_recall_curves(y_true=y_true, probabilities=p).values():
        assert (curve.x[0], curve.x[-1]) == (0, 1)
        assert (np.diff(curve.x) >= 0).all()


def test_no_image() -> None:
    with pytest.raises(EvaluationError, match="There is no image to score"):
        roc_curves(y_true=np.empty(0, dtype=int), probabilities=np.empty((0, 7)))
