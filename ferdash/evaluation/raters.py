"""A model against the people who looked at the same images.

FER+'s protocol (Barsoum et al. 2016, see docs/raters.md) has eight classes, contempt among them, and leaves out what
its authors' code leaves out. Here there are the seven emotions, and the images on which over half of all votes fell on
one of them: the figures are close to the published ones in kind, and not to be held against them digit by digit.

How far one person gets is measured twice, as the upper and the lower bound of a noise ceiling (Nili et al., "A Toolbox
for Representational Similarity Analysis", 2014): with the person's own vote in the majority, and against the others.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import expected_calibration_error
from ferdash.evaluation.intervals import Interval, share_interval
from ferdash.evaluation.metrics import check_inputs

_C = len(EMOTIONS)
_TINY = np.finfo(np.float64).eps


@dataclass(frozen=True)
class RaterScores:
    """How a model agrees with the raters of some images.

    rated: images with votes. images: those of them on which over half of all votes fell on one of the seven emotions,
    the majority. agreement: share of `images` on which the most probable emotion is the majority's; interval: its 95%
    interval (Wilson 1927). per_emotion, support: the same by the majority's emotion, float (7,) and int (7,), NaN
    without images. ece: calibration error against the majority. label: share of `images` whose label is the majority's.

    log_loss: mean cross-entropy in nats between the raters' distribution and the probabilities, on the `voted` images
    that have such a distribution; least_log_loss: its entropy, which nothing can be below.

    one_rater: agreement of one rater with the majority of all, himself among them, on the same images. rater_apart:
    agreement of one rater with the majority of the others, over every image and rater where the others have one;
    model_apart: the model's agreement in the very same comparisons.
    """

    rated: int
    images: int
    agreement: float
    interval: Interval
    per_emotion: np.ndarray
    support: np.ndarray
    ece: float
    label: float
    voted: int
    log_loss: float
    least_log_loss: float
    one_rater: float
    rater_apart: float
    model_apart: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: lists for arrays, None for NaN."""
        interval = {"low": self.interval.low, "high": self.interval.high}
        return {name: _plain(value) for name, value in vars(self).items()} | {"interval": interval}


def compare_with_raters(
    *, probabilities: np.ndarray, labels: np.ndarray, votes: np.ndarray, majority: np.ndarray, targets: np.ndarray
) -> RaterScores | None:
    """Compare a model's probabilities with the raters' votes; None where no image has a majority for an emotion.

    probabilities: float (N, 7). labels: int (N,). votes: counts (N, K), the seven emotions first, a row of zeros where
    unknown. majority: int (N,), -1 where there is none. targets: float (N, 7), the raters' distribution, NaN where
    there is none. `ferdash.data.votes` makes the last two from the votes.

    Raises EvaluationError when the numbers of images differ, or the probabilities are none.
    """
    if len({len(array) for array in (probabilities, labels, votes, majority, targets)}) != 1:
        raise EvaluationError(
            f"Votes for {len(votes):,} images cannot be compared with answers for {len(probabilities):,}."
        )
    _, p = check_inputs(labels, probabilities)
    counts = np.asarray(votes, dtype=np.int64)
    agreed = np.asarray(majority) >= 0
    if not agreed.any():
        return None
    truth, predicted = majority[agreed], p.argmax(axis=1)
    hits = predicted[agreed] == truth
    support = np.bincount(truth, minlength=_C)
    per_emotion = np.bincount(truth, weights=hits, minlength=_C) / np.where(support, support, np.nan)
    known = ~np.isnan(targets).any(axis=1)
    log_loss, least = _cross_entropy(targets[known], p[known]), _cross_entropy(targets[known], targets[known])
    rater_apart, model_apart = _apart(counts, predicted)
    return RaterScores(
        rated=int(counts.any(axis=1).sum()),
        images=int(agreed.sum()),
        agreement=float(hits.mean()),
        interval=share_interval(int(hits.sum()), len(hits)),
        per_emotion=per_emotion,
        support=support,
        ece=expected_calibration_error(y_true=truth, probabilities=p[agreed]),
        label=float((labels[agreed] == truth).mean()),
        voted=int(known.sum()),
        log_loss=log_loss,
        least_log_loss=least,
        one_rater=float((counts[agreed, truth] / counts[agreed].sum(axis=1)).mean()),
        rater_apart=rater_apart,
        model_apart=model_apart,
    )


def _cross_entropy(targets: np.ndarray, p: np.ndarray) -> float:
    """Mean over the images, in nats; NaN without images."""
    if len(targets) == 0:
        return math.nan
    return float(-(targets * np.log(np.clip(p, _TINY, None))).sum(axis=1).mean())


def _apart(counts: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Each rater in turn against the majority of the others: the share in which the rater, and the model, agree; NaN
    where the others never have a majority for one of the seven. counts: int64 (N, K); predicted: int (N,)."""
    of_all = counts.sum(axis=1)
    comparisons = rater = model = 0
    for vote in range(counts.shape[1]):
        casting = np.flatnonzero(counts[:, vote])
        others = counts[casting].copy()
        others[:, vote] -= 1
        winner = others.argmax(axis=1)
        decided = (2 * others.max(axis=1) > of_all[casting] - 1) & (winner < _C)
        times = counts[casting, vote] * decided
        comparisons += times.sum()
        rater += times[winner == vote].sum()
        model += times[winner == predicted[casting]].sum()
    if comparisons == 0:
        return math.nan, math.nan
    return float(rater / comparisons), float(model / comparisons)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    return None if isinstance(value, float) and math.isnan(value) else value
