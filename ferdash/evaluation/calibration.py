"""How far stated probabilities can be trusted: reliability, temperature scaling, accuracy against coverage.

Everywhere here y_true is int (N,), positions in EMOTIONS, and probabilities float (N, 7) whose rows sum to 1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from ferdash.errors import EvaluationError
from ferdash.evaluation.temperature import apply_temperature, log_probabilities

BINS = 15
TEMPERATURES = (0.05, 20.0)
"""Where a temperature is sought. Without a single mistake the best would be 0; then one near the lower end is found."""


@dataclass(frozen=True)
class Reliability:
    """By bin of the top probability, each (bins,): edges has one more; confidence (mean top probability) and accuracy
    are NaN in an empty bin."""

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


@dataclass(frozen=True)
class Selective:
    """What is gained by answering only above a threshold, each float (K,), from the strictest threshold to none.

    coverage: share of the images whose top probability is at least `threshold`; accuracy: share of those that are
    right. One point for each distinct top probability.
    """

    threshold: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray


def bin_of(top: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Bin of each top probability, int (N,). Bins have equal width over 0 to 1; an edge belongs to the bin below."""
    edges = np.linspace(0, 1, bins + 1)
    return np.clip(np.searchsorted(edges, top, side="left") - 1, 0, bins - 1)


def reliability(*, y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> Reliability:
    """Accuracy against top probability, for a reliability diagram."""
    _require_images(y_true)
    top = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == y_true
    index = bin_of(top, bins)
    count = np.bincount(index, minlength=bins)
    filled = np.where(count > 0, count, np.nan)
    return Reliability(
        edges=np.linspace(0, 1, bins + 1),
        count=count,
        confidence=np.bincount(index, weights=top, minlength=bins) / filled,
        accuracy=np.bincount(index, weights=correct, minlength=bins) / filled,
    )


def expected_calibration_error(*, y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """Distance between accuracy and mean top probability, averaged over 15 bins of equal width by their image count:
    Guo et al., "On Calibration of Modern Neural Networks" (2017), equation 3."""
    table = reliability(y_true=y_true, probabilities=probabilities, bins=bins)
    gap = np.abs(table.accuracy - table.confidence)
    return float(np.nansum(gap * table.count) / table.count.sum())


def fit_temperature(*, y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature that minimises the log loss of these images; fit it on validation, never on test.

    Guo et al. (2017), section 4.2. Log probabilities stand for the logits: they differ by a constant in each row, and
    so give the same temperature. Raises EvaluationError when there is no image.
    """
    _require_images(y_true)
    logits = log_probabilities(probabilities)
    truth = logits[np.arange(len(y_true)), y_true]

    def loss(log_temperature: float) -> float:
        inverse = np.exp(-log_temperature)
        return float((logsumexp(logits * inverse, axis=1) - truth * inverse).mean())

    low, high = np.log(TEMPERATURES)
    result = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(result.x))


def cross_fitted(*, y_true: np.ndarray, probabilities: np.ndarray, seed: int = 0) -> np.ndarray:
    """Probabilities after temperature scaling, each half of the images with the temperature of the other half, float64
    (N, 7): what is measured on them is free of the advantage of being fitted on the same images.

    The halves are drawn by seed. Raises EvaluationError for fewer than 2 images.
    """
    if len(y_true) < 2:
        raise EvaluationError(f"Fitting on one half and measuring on the other needs 2 images, not {len(y_true)}.")
    order = np.random.default_rng([seed, 2]).permutation(len(y_true))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    scaled = np.empty(probabilities.shape)
    for fit, rest in (halves, halves[::-1]):
        temperature = fit_temperature(y_true=y_true[fit], probabilities=probabilities[fit])
        scaled[rest] = apply_temperature(probabilities[rest], temperature)
    return scaled


def selective_accuracy(*, y_true: np.ndarray, probabilities: np.ndarray) -> Selective:
    """Accuracy on the most confident share of the images: the risk-coverage curve of El-Yaniv and Wiener, "On the
    Foundations of Noise-free Selective Classification" (2010), as accuracy. Raises EvaluationError without images."""
    _require_images(y_true)
    top = probabilities.max(axis=1)
    order = np.argsort(-top, kind="stable")
    top, correct = top[order], (probabilities.argmax(axis=1) == y_true)[order]
    # Images with equal confidence stand or fall together: a curve through each of them would depend on row order.
    last = np.flatnonzero(np.append(top[1:] != top[:-1], True))
    answered = last + 1
    return Selective(top[last], answered / len(top), np.cumsum(correct)[last] / answered)


def _require_images(y_true: np.ndarray) -> None:
    if len(y_true) == 0:
        raise EvaluationError("There is no image to score.")
