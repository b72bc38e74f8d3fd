"""Scores of a classifier from its probabilities. scikit-learn computes what it has.

An emotion without a single image (no support) has no recall and no F1: its figures are NaN, and it is left out of every
macro average rather than counted as 0.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import expected_calibration_error

CLASSES = np.arange(len(EMOTIONS))


@dataclass(frozen=True)
class Metrics:
    """All scores are shares from 0 to 1, except log_loss (nats) and brier (0 to 2). precision, recall, f1: float (7,),
    NaN where there is no support; support: int (7,); confusion: int (7, 7), rows are the true emotion."""

    images: int
    accuracy: float
    balanced_accuracy: float
    top2: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    log_loss: float
    brier: float
    ece: float
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray
    confusion: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: lists for arrays, None for NaN."""
        return {name: _plain(value) for name, value in vars(self).items()}


def compute_metrics(*, y_true: np.ndarray, probabilities: np.ndarray) -> Metrics:
    """Every score of a set of images.

    y_true: int (N,), positions in EMOTIONS. probabilities: float (N, 7), rows sum to 1. An emotion that is never
    predicted has precision 0 (scikit-learn's zero_division=0).

    Raises EvaluationError when there is no image, or the shapes or values do not fit.
    """
    y_true, p = check_inputs(y_true, probabilities)
    predicted = p.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        y_true, predicted, labels=CLASSES, zero_division=0.0
    )
    present = support > 0
    precision, recall, f1 = (np.where(present, values, np.nan) for values in (precision, recall, f1))
    share = support / support.sum()
    truth = p[np.arange(len(p)), y_true]
    # Rank of the true emotion; on a tie the earlier column wins, as in argmax.
    better = (p > truth[:, None]) | ((p == truth[:, None]) & (y_true[:, None] > CLASSES))
    return Metrics(
        images=len(y_true),
        accuracy=float((predicted == y_true).mean()),
        balanced_accuracy=float(recall[present].mean()),
        top2=float((better.sum(axis=1) < 2).mean()),
        macro_precision=float(precision[present].mean()),
        macro_recall=float(recall[present].mean()),
        macro_f1=float(f1[present].mean()),
        weighted_precision=float(np.nansum(precision * share)),
        weighted_recall=float(np.nansum(recall * share)),
        weighted_f1=float(np.nansum(f1 * share)),
        log_loss=float(-np.log(np.maximum(truth, np.finfo(np.float64).eps)).mean()),
        brier=float(((p - np.eye(len(EMOTIONS))[y_true]) ** 2).sum(axis=1).mean()),
        ece=expected_calibration_error(y_true=y_true, probabilities=p),
        precision=precision,
        recall=recall,
        f1=f1,
        support=support.astype(np.int64),
        confusion=confusion_matrix(y_true, predicted, labels=CLASSES),
    )


def check_inputs(y_true: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inputs as int64 (N,) and float64 (N, 7), or EvaluationError with what does not fit."""
    labels = np.asarray(y_true)
    p = np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or p.shape != (len(labels), len(EMOTIONS)):
        raise EvaluationError(f"{labels.shape} labels do not fit {p.shape} probabilities; expected (N,) and (N, 7).")
    if len(labels) == 0:
        raise EvaluationError("There is no image to score.")
    labels = labels.astype(np.int64)
    if labels.min() < 0 or labels.max() >= len(EMOTIONS):
        raise EvaluationError(f"Labels must be from 0 to 6, but one is {labels.min()} or {labels.max()}.")
    if not np.isfinite(p).all() or (p < 0).any() or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise EvaluationError("Each row of probabilities must be finite, not negative, and sum to 1.")
    return labels, p


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
