"""How much a score could differ on other images of the same kind: 95% bootstrap CI.

Images are drawn again with replacement, as many as there are, and every score is computed on each such draw: Efron
and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. An interval speaks of the images, not of the
seed a model was trained with: that spread takes several runs.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.calibration import BINS, bin_of
from ferdash.evaluation.metrics import check_inputs, in_top2
from ferdash.wording import percent

LEVEL = 0.95
IN_PERCENT = {"accuracy", "balanced_accuracy", "top2", "ece"}
"""Scores that people read in per cent."""
RESAMPLES = 1000

_C = len(EMOTIONS)
_BLOCK = 2_000_000  # draws made at once, which bounds the memory whatever the number of images


@dataclass(frozen=True)
class Interval:
    """Where a score lies with 95% confidence, both ends included."""

    low: float
    high: float


def bootstrap_intervals(
    *, y_true: np.ndarray, probabilities: np.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval]:
    """Percentile intervals of the scores of `compute_metrics`, by the names of its fields.

    An emotion that a draw misses is left out of that draw's macro averages. The calibration error of a draw is on
    average larger than that of the images it was drawn from, since drawing adds noise to each bin and noise has no sign
    here; its draws are therefore shifted so that their median is the score itself, and cut off at 0. The shift takes
    away what drawing adds, not what the images themselves have added to the score.

    Raises EvaluationError when there is no image, or the shapes or values do not fit.
    """
    y_true, p = check_inputs(y_true, probabilities)
    parts = _per_image(y_true, p)
    rng = np.random.default_rng([seed, 2])
    drawn = _scores(_resampled_sums(parts, resamples, rng))
    estimate = _scores(parts.sum(axis=0, keepdims=True))["ece"][0]
    drawn["ece"] = np.maximum(drawn["ece"] + estimate - np.median(drawn["ece"]), 0)
    return {name: percentile_interval(values) for name, values in drawn.items()}


def percentile_interval(values: np.ndarray, level: float = LEVEL) -> Interval:
    """The middle `level` of resampled scores, float (R,)."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def score_text(name: str, value: float, interval: Interval) -> str:
    """A score of `compute_metrics` with its interval, as people read it.

    >>> score_text("accuracy", 0.715, Interval(0.7, 0.7301)), score_text("macro_f1", 0.7, Interval(0.68, 0.72))
    ('71.5% (70.0 to 73.0)', '0.700 (0.680 to 0.720)')
    """
    if name in IN_PERCENT:
        return f"{percent(value)} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
    return f"{value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def share_interval(hits: int, images: int) -> Interval:
    """Wilson's interval of hits / images, which also holds for few images and for shares near 0 and 1: "Probable
    Inference, the Law of Succession, and Statistical Inference" (1927). 0 to 1 without images."""
    if images == 0:
        return Interval(0.0, 1.0)
    bounds = binomtest(hits, images).proportion_ci(confidence_level=LEVEL, method="wilson")
    return Interval(float(bounds.low), float(bounds.high))


def _per_image(y_true: np.ndarray, p: np.ndarray) -> np.ndarray:
    """What each image adds to sums from which every score follows, float64 (N, 49 + 15 + 3): its cell of the confusion
    matrix, its gap between accuracy and confidence in its bin, then top-2, log loss and squared error."""
    rows = np.arange(len(p))
    predicted, truth = p.argmax(axis=1), p[rows, y_true]
    parts = np.zeros((len(p), _C * _C + BINS + 3))
    parts[rows, y_true * _C + predicted] = 1
    parts[rows, _C * _C + bin_of(p.max(axis=1))] = (predicted == y_true) - p.max(axis=1)
    parts[:, -3] = in_top2(y_true, p)
    parts[:, -2] = -np.log(np.clip(truth, np.finfo(np.float64).eps, None))
    parts[:, -1] = ((p - np.eye(_C)[y_true]) ** 2).sum(axis=1)
    return parts


def _resampled_sums(parts: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Sums of `parts` over each draw of N images, float64 (resamples, columns)."""
    images = len(parts)
    block = max(1, _BLOCK // images)
    sums = []
    for start in range(0, resamples, block):
        draws = min(block, resamples - start)
        picks = rng.integers(0, images, (draws, images)) + images * np.arange(draws)[:, None]
        times = np.bincount(picks.ravel(), minlength=draws * images).reshape(draws, images)
        sums.append(times.astype(np.float64) @ parts)
    return np.concatenate(sums)


def _scores(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Every score of each row of sums, float64 (R,) by name; definitions as in `compute_metrics`."""
    confusion = sums[:, : _C * _C].reshape(-1, _C, _C)
    images = confusion.sum(axis=(1, 2))
    support, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    present = support > 0
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + predicted, 1)
    scores = {"accuracy": hits.sum(axis=1) / images}
    for name, values in {"precision": precision, "recall": recall, "f1": f1}.items():
        scores[f"macro_{name}"] = (values * present).sum(axis=1) / present.sum(axis=1)
        scores[f"weighted_{name}"] = (values * support).sum(axis=1) / images
    scores["balanced_accuracy"] = scores["macro_recall"]
    scores["ece"] = np.abs(sums[:, _C * _C : -3]).sum(axis=1) / images
    scores["top2"], scores["log_loss"], scores["brier"] = (sums[:, -3:] / images[:, None]).T
    return scores
