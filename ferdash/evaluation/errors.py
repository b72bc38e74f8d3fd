"""Where a classifier goes wrong: which emotions it confuses, its most confident errors, and on which kind of image."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.intervals import Interval, share_interval
from ferdash.evaluation.metrics import check_inputs


@dataclass(frozen=True)
class Confusion:
    """Images of one emotion taken for another. share_of_errors: of all mistakes; share_of_true: of the images of the
    true emotion. Both from 0 to 1."""

    true: str
    predicted: str
    count: int
    share_of_errors: float
    share_of_true: float


@dataclass(frozen=True)
class MutualConfusion:
    """Two emotions taken for each other. first_as_second: images of `first` taken for `second`; the larger of the two
    ways comes first. count: both ways together, share_of_errors: as a share of all mistakes."""

    first: str
    second: str
    first_as_second: int
    second_as_first: int
    count: int
    share_of_errors: float


@dataclass(frozen=True)
class Slices:
    """A division of images. names: of each slice, in the order to show them; index: int (N,), the slice of each image,
    -1 where it is unknown."""

    names: tuple[str, ...]
    index: np.ndarray


@dataclass(frozen=True)
class SliceScore:
    """Accuracy on the images of one slice, with its 95% Wilson CI. Without images accuracy is NaN and the
    interval is everything."""

    name: str
    images: int
    correct: int
    accuracy: float
    interval: Interval


def confusions(confusion: np.ndarray) -> list[Confusion]:
    """Every way in which one emotion was taken for another, the commonest first; ways that never occurred are left out.

    confusion: int (7, 7), rows are the true emotion. Raises EvaluationError for another shape.
    """
    counts = _checked(confusion)
    support = counts.sum(axis=1)
    wrong = counts - np.diag(counts.diagonal())
    found = [
        Confusion(
            EMOTIONS[true],
            EMOTIONS[predicted],
            int(wrong[true, predicted]),
            float(wrong[true, predicted] / wrong.sum()),
            float(wrong[true, predicted] / support[true]),
        )
        for true, predicted in np.argwhere(wrong > 0)
    ]
    return sorted(found, key=lambda one: -one.count)


def mutual_confusions(confusion: np.ndarray) -> list[MutualConfusion]:
    """As `confusions`, with both ways of a pair of emotions together."""
    counts = _checked(confusion)
    wrong = counts - np.diag(counts.diagonal())
    found = []
    for one, other in np.argwhere(np.triu(wrong + wrong.T) > 0):
        first, second = (one, other) if wrong[one, other] >= wrong[other, one] else (other, one)
        there, back = int(wrong[first, second]), int(wrong[second, first])
        share = float((there + back) / wrong.sum())
        found.append(MutualConfusion(EMOTIONS[first], EMOTIONS[second], there, back, there + back, share))
    return sorted(found, key=lambda pair: -pair.count)


def confident_mistakes(*, y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Positions of the images that are classified wrongly, int (K,), from the highest top probability to the lowest;
    equal ones in their own order. Raises EvaluationError as compute_metrics does."""
    y_true, p = check_inputs(y_true, probabilities)
    wrong = np.flatnonzero(p.argmax(axis=1) != y_true)
    return wrong[np.argsort(-p[wrong].max(axis=1), kind="stable")]


def named_slices(values: np.ndarray) -> Slices:
    """Slices by the distinct values of an array (N,), in sorted order; bool reads as "no" and "yes"."""
    names, index = np.unique(np.asarray(values), return_inverse=True)
    words = {True: "yes", False: "no"}
    return Slices(tuple(words[name] if isinstance(name, bool) else str(name) for name in names.tolist()), index)


def quantile_slices(values: np.ndarray, *, bins: int = 4) -> Slices:
    """Slices of about equally many images by a measure such as brightness, from low to high.

    values: float (N,); NaN is unknown. Images of equal value stay together, so that there can be fewer slices than
    `bins`. Named by their bounds. Raises EvaluationError for fewer than two bins.
    """
    if bins < 2:
        raise EvaluationError(f"Images are divided into at least two slices, not {bins}.")
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    if not known.any():
        return Slices((), np.full(len(values), -1))
    cuts = np.unique(np.quantile(values[known], np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    place = np.searchsorted(cuts, values[known], side="left")
    _, place = np.unique(place, return_inverse=True)
    index = np.full(len(values), -1)
    index[known] = place
    bounds = [(values[index == slice_].min(), values[index == slice_].max()) for slice_ in range(place.max() + 1)]
    return Slices(_range_names(bounds), index)


def accuracy_by_slice(*, correct: np.ndarray, slices: Slices) -> list[SliceScore]:
    """Accuracy on each slice, in the order of its names. correct: bool (N,).

    The interval is Wilson's, "Probable Inference, the Law of Succession, and Statistical Inference" (1927), which also
    holds for few images and for accuracies near 0 and 1. Raises EvaluationError when the lengths differ.
    """
    correct = np.asarray(correct, dtype=bool)
    if correct.shape != slices.index.shape:
        raise EvaluationError(
            f"The slices divide {len(slices.index):,} images, but there are answers for {len(correct):,}."
        )
    known = slices.index >= 0
    images = np.bincount(slices.index[known], minlength=len(slices.names))
    right = np.bincount(slices.index[known], weights=correct[known], minlength=len(slices.names)).astype(int)
    return [
        _slice_score(name, int(number), int(hits))
        for name, number, hits in zip(slices.names, images, right, strict=True)
    ]


def _range_names(bounds: list[tuple[float, float]]) -> tuple[str, ...]:
    """Each range in words, with as few decimals as keep neighbours from sharing a bound (at most 4)."""
    for decimals in range(5):
        ends = [(f"{low:,.{decimals}f}", f"{high:,.{decimals}f}") for low, high in bounds]
        if all(before[1] != after[0] for before, after in pairwise(ends)):
            break
    return tuple(low if low == high else f"{low} to {high}" for low, high in ends)


def _slice_score(name: str, images: int, correct: int) -> SliceScore:
    share = correct / images if images else float("nan")
    return SliceScore(name, images, correct, share, share_interval(correct, images))


def _checked(confusion: np.ndarray) -> np.ndarray:
    counts = np.asarray(confusion)
    if counts.shape != (len(EMOTIONS), len(EMOTIONS)):
        raise EvaluationError(f"A confusion matrix of the seven emotions is (7, 7), not {counts.shape}.")
    return counts
