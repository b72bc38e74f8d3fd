"""Two models on the same images: is one really better, or could it be chance?

Only images that one gets right and the other wrong tell them apart; the test and the interval both rest on those.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from ferdash.errors import EvaluationError
from ferdash.evaluation.intervals import Interval, percentile_interval
from ferdash.wording import counted

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class PairedResult:
    """What a comparison of A and B on the same images found.

    both, only_a, only_b, neither: images that were classified correctly by these. difference: accuracy of B minus that
    of A, from -1 to 1, and its 95% bootstrap CI. p_value: of McNemar's exact test.
    """

    name_a: str
    name_b: str
    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    interval: Interval
    p_value: float

    @property
    def images(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def sentence(self) -> str:
        """The finding in plain words."""
        on = f"with {self.images:,} image{'' if self.images == 1 else 's'}"
        if self.only_a == self.only_b:
            return f"{self.name_a} and {self.name_b} are right equally often; {on} there is nothing to tell them apart."
        better = self.name_b if self.difference > 0 else self.name_a
        points = abs(self.difference) * 100
        size = f"{points:.1f} points" if points >= 0.05 else "less than 0.1 points"
        verdict = "that could be chance" if self.p_value >= SIGNIFICANT else "that is unlikely to be chance"
        return f"{better} is better by {size}; {on} {verdict}, {_p_text(self.p_value)}."

    @property
    def interval_words(self) -> str:
        """The difference with its interval, and the images that it rests on."""
        low, high = 100 * self.interval.low, 100 * self.interval.high
        return (
            f"{self.name_b} minus {self.name_a}: {100 * self.difference:+.1f} points of accuracy, 95% CI "
            f"{low:+.1f} to {high:+.1f}; only {self.name_a} is right on {counted(self.only_a, 'image')}, only "
            f"{self.name_b} on {counted(self.only_b, 'image')}."
        )


def compare_paired(
    *,
    y_true: np.ndarray,
    predicted_a: np.ndarray,
    predicted_b: np.ndarray,
    name_a: str = "A",
    name_b: str = "B",
    resamples: int = 10_000,
    seed: int = 0,
) -> PairedResult:
    """Compare two models by their predictions for the same images in the same order, each int (N,).

    The test is McNemar's, in its exact form: under the null hypothesis an image that only one model gets right is as
    likely to be A's as B's (McNemar, "Note on the sampling error of the difference between correlated proportions",
    1947). The interval is the percentile bootstrap over images.

    Raises EvaluationError when the lengths differ or there is no image.
    """
    y_true, predicted_a, predicted_b = (np.asarray(values) for values in (y_true, predicted_a, predicted_b))
    if not len(y_true) == len(predicted_a) == len(predicted_b):
        raise EvaluationError(
            f"Only predictions for the same images can be compared, but {name_a} has {len(predicted_a):,}, {name_b} "
            f"{len(predicted_b):,}, for {len(y_true):,} labels."
        )
    if len(y_true) == 0:
        raise EvaluationError("There is no image to compare on.")
    right_a, right_b = predicted_a == y_true, predicted_b == y_true
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    images = len(y_true)
    # Drawing images again only changes how many of each kind there are, so it is enough to draw these three counts.
    shares = np.array([only_a, only_b, images - only_a - only_b]) / images
    draws = np.random.default_rng([seed, 3]).multinomial(images, shares, size=resamples)
    return PairedResult(
        name_a=name_a,
        name_b=name_b,
        both=int((right_a & right_b).sum()),
        only_a=only_a,
        only_b=only_b,
        neither=int((~right_a & ~right_b).sum()),
        difference=(only_b - only_a) / images,
        interval=percentile_interval((draws[:, 1] - draws[:, 0]) / images),
        p_value=_mcnemar(only_a, only_b),
    )


def _mcnemar(only_a: int, only_b: int) -> float:
    apart = only_a + only_b
    return 1.0 if apart == 0 else float(binomtest(only_a, apart, 0.5).pvalue)


def _p_text(p_value: float) -> str:
    if p_value < 0.001:
        return "p < 0.001"
    # Four decimals where it matters: 0.0496 must not read as 0.05.
    return f"p = {p_value:.4f}" if p_value < 0.1 else f"p = {p_value:.2f}"
