"""Scores of a classifier from its probabilities. scikit-learn computes what it has; top-2 is ours, because on a tie
scikit-learn's takes the later column where argmax takes the earlier, and so can fall below the accuracy.

An emotion without a single image (no support) has no recall and no F1: its figures are NaN, and it is left out of every
macro average rather than counted as 0.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sklearn.metrics import brier_score_loss, confusion_matrix, log_loss, precision_recall_fscore_support

from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import expected_calibration_error

CLASSES = np.arange(len(EMOTIONS))

TITLES: dict[str, str] = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_precision": "Macro precision",
    "macro_f1": "Macro F1",
    "weighted_f1": "Weighted F1",
    "top2": "Top-2 accuracy",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "ece": "Calibration error",
}
"""The headline scores, in the order in which they are shown. The last three are better when lower."""


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

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Metrics":
        """The metrics of `to_dict`, equal to the last digit. Raises EvaluationError for a score that is missing."""
        if missing := [field.name for field in fields(cls) if field.name not in values]:
            raise EvaluationError(f"These are not the scores of an evaluation: {missing[0]} is missing.")
        return cls(**{field.name: _restore(values[field.name]) for field in fields(cls)})


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
    return Metrics(
        images=len(y_true),
        accuracy=float((predicted == y_true).mean()),
        balanced_accuracy=float(recall[present].mean()),
        top2=float(in_top2(y_true, p).mean()),
        macro_precision=float(precision[present].mean()),
        macro_recall=float(recall[present].mean()),
        macro_f1=float(f1[present].mean()),
        weighted_precision=float(np.nansum(precision * share)),
        weighted_recall=float(np.nansum(recall * share)),
        weighted_f1=float(np.nansum(f1 * share)),
        log_loss=float(log_loss(y_true, p, labels=CLASSES)),
        brier=float(brier_score_loss(y_true, p, labels=CLASSES, scale_by_half=False)),
        ece=expected_calibration_error(y_true=y_true, probabilities=p),
        precision=precision,
        recall=recall,
        f1=f1,
        support=support.astype(np.int64),
        confusion=confusion_matrix(y_true, predicted, labels=CLASSES),
    )


def absent_words(support: np.ndarray) -> str:
    """Which emotions are left out of macro averages, in a sentence; empty when none is. support: int (7,).

    >>> absent_words(np.array([3, 0, 2, 5, 1, 1, 4]))
    'No image shows disgust, so it is left out of macro averages.'
    """
    absent = [emotion for emotion, images in zip(EMOTIONS, support, strict=True) if images == 0]
    if not absent:
        return ""
    what = "it is" if len(absent) == 1 else "they are"
    return f"No image shows {' or '.join(absent)}, so {what} left out of macro averages."


def in_top2(y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Whether the true emotion is among the two most probable, bool (N,); on a tie the earlier column comes first."""
    truth = probabilities[np.arange(len(y_true)), y_true][:, None]
    ahead = (probabilities > truth) | ((probabilities == truth) & (y_true[:, None] > CLASSES))
    found: np.ndarray = ahead.sum(axis=1) < 2
    return found


def check_inputs(y_true: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inputs as int64 (N,) and float64 (N, 7) whose rows sum to 1 in double precision (a softmax in single
    precision is off by 1e-7). Raises EvaluationError with what does not fit."""
    labels = np.asarray(y_true)
    p = np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or p.shape != (len(labels), len(EMOTIONS)):
        raise EvaluationError(
            f"Labels of shape {labels.shape} and probabilities of shape {p.shape} do not fit; give (N,) and (N, 7)."
        )
    if len(labels) == 0:
        raise EvaluationError("There is no image to score.")
    wrong = labels[~np.isin(labels, CLASSES)]
    if len(wrong):
        raise EvaluationError(f"Labels must be whole numbers from 0 to {len(EMOTIONS) - 1}, but one is {wrong[0]}.")
    if not np.isfinite(p).all() or (p < 0).any() or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise EvaluationError("Each row of probabilities must be finite, not negative, and sum to 1.")
    return labels.astype(np.int64), p / p.sum(axis=1, keepdims=True)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        # None only stands among floats, where it was NaN.
        return np.array([math.nan if item is None else item for item in value])
    return value
