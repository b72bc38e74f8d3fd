"""How far stated probabilities can be trusted: reliability, temperature scaling, accuracy against coverage."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """By bin of the top probability, each float or int (BINS,): edges has one more; accuracy and confidence (mean top
    probability) are NaN in an empty bin."""

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def reliability(*, y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> Reliability:
    """Accuracy against top probability in bins of equal width.

    y_true: int (N,). probabilities: float (N, 7), rows sum to 1. A probability on an edge belongs to the bin below.
    """
    top = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == y_true
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.searchsorted(edges, top, side="left") - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(index, weights=top, minlength=bins) / count
        accuracy = np.bincount(index, weights=correct.astype(float), minlength=bins) / count
    return Reliability(edges, count, confidence, accuracy)


def expected_calibration_error(*, y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """Mean distance of accuracy and top probability over equal-width bins, weighted by count: Guo et al., "On
    Calibration of Modern Neural Networks" (2017), equation 3."""
    table = reliability(y_true=y_true, probabilities=probabilities, bins=bins)
    filled = table.count > 0
    gap = np.abs(table.accuracy[filled] - table.confidence[filled])
    return float((gap * table.count[filled]).sum() / table.count.sum())


def fit_temperature(*, y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature that minimises the log loss of these images; fit it on validation, never on test.

    Guo et al. (2017), section 4.2. Logits are taken as log probabilities, which differ from them by a constant a row
    and so give the same temperature.
    """

    def loss(log_temperature: float) -> float:
        scaled = apply_temperature(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(scaled[np.arange(len(y_true)), y_true], 1e-12)).mean())

    result = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(result.x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities after dividing the logits by `temperature`; above 1 softens. float64 (N, 7)."""
    logits = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), 1e-12)) / temperature
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scaled / scaled.sum(axis=1, keepdims=True)


def selective_accuracy(*, y_true: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy on the most confident share of the images: coverage and accuracy, float (N,), from 1 / N to 1."""
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    correct = (probabilities.argmax(axis=1) == y_true)[order]
    counts = np.arange(1, len(order) + 1)
    return counts / len(order), np.cumsum(correct) / counts
