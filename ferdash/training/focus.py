"""Adaptive focus: after each epoch, draw the emotions the model is worst at more often.

The report's procedure: all weights start at 1; the k emotions with the lowest F1 get a weight between `low` and
`high`; every epoch decides anew. Here the F1 is that of validation. Taking it from test, as the report did, can be
asked for (`measured_on`) and marks the run as tuned on test. Beyond the report:

smoothing (default 0): share of the former F1 in a running mean, so that one noisy epoch does not move the focus. At
    0 the procedure is the report's; 0.5 roughly halves how often the focus jumps between two close emotions.
memory (default 0): how much of an emotion's former extra weight survives an epoch out of focus. At 0 it falls back
    to 1 at once, as in the report, and two emotions can take turns; 0.5 lets it fade.
The cap on how often one image may repeat is sampling.repeat_cap; an objective that balances accuracy with the worst
emotion, and early stopping, are evaluation.select and evaluation.patience.
"""

from dataclasses import dataclass

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.training.settings import FocusConfig


@dataclass(frozen=True)
class Focus:
    """emotions: positions of the k focused emotions, worst first. weights: float (7,). f1: the (smoothed) F1 used."""

    emotions: list[int]
    weights: list[float]
    f1: list[float]

    @property
    def names(self) -> list[str]:
        """The focused emotions by name, worst first."""
        return [EMOTIONS[index] for index in self.emotions]


def refocus(f1: np.ndarray, config: FocusConfig, *, former: Focus | None = None) -> Focus:
    """The focus of the next epoch from the F1 of the last, float (7,), and the focus that it was trained with; NaN (no
    support) is never focused.

    The weight of a focused emotion grows in proportion to its deficit, the distance to the best F1: the worst gets
    config.high, one with no deficit would get config.low.
    """
    score = np.asarray(f1, dtype=np.float64)
    if former is not None and config.smoothing:
        old = np.asarray(former.f1, dtype=np.float64)
        score = np.where(np.isnan(old), score, config.smoothing * old + (1 - config.smoothing) * score)
    known = np.flatnonzero(~np.isnan(score))
    chosen = known[np.argsort(score[known], kind="stable")][: config.k]
    weights = np.ones(len(score))
    if former is not None:
        weights += config.memory * (np.asarray(former.weights) - 1)
    deficit = np.nanmax(score) - score[chosen]
    share = deficit / deficit.max() if deficit.max() > 0 else np.ones(len(chosen))
    weights[chosen] = config.low + (config.high - config.low) * share
    return Focus(chosen.tolist(), weights.tolist(), score.tolist())
