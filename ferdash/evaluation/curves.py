"""One-vs-rest ROC and precision-recall curves of each emotion, by scikit-learn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.metrics import check_inputs


@dataclass(frozen=True)
class Curve:
    """x, y: float (K,), from 0 to 1, x ascending. area: area under the ROC curve, or average precision."""

    x: np.ndarray
    y: np.ndarray
    area: float


def roc_curves(*, y_true: np.ndarray, probabilities: np.ndarray) -> dict[str, Curve]:
    """By emotion: false positive rate (x) and true positive rate (y) of telling it from the rest.

    y_true: int (N,); probabilities: float (N, 7). An emotion that no image shows, or every image, has no curve and is
    left out. Raises EvaluationError as compute_metrics does.
    """

    def curve(is_emotion: np.ndarray, probability: np.ndarray) -> Curve:
        x, y, _ = roc_curve(is_emotion, probability)
        return Curve(x, y, float(roc_auc_score(is_emotion, probability)))

    return _one_vs_rest(y_true, probabilities, curve)


def precision_recall_curves(*, y_true: np.ndarray, probabilities: np.ndarray) -> dict[str, Curve]:
    """As roc_curves, with recall (x) and precision (y); the area is the average precision, which unlike the
    trapezoidal area does not count on precision that lies between two thresholds."""

    def curve(is_emotion: np.ndarray, probability: np.ndarray) -> Curve:
        precision, recall, _ = precision_recall_curve(is_emotion, probability, drop_intermediate=True)
        return Curve(recall[::-1], precision[::-1], float(average_precision_score(is_emotion, probability)))

    return _one_vs_rest(y_true, probabilities, curve)


def _one_vs_rest(
    y_true: np.ndarray, probabilities: np.ndarray, curve: Callable[[np.ndarray, np.ndarray], Curve]
) -> dict[str, Curve]:
    y_true, p = check_inputs(y_true, probabilities)
    shown = [emotion for emotion in range(len(EMOTIONS)) if 0 < (y_true == emotion).sum() < len(y_true)]
    return {EMOTIONS[emotion]: curve(y_true == emotion, p[:, emotion]) for emotion in shown}
