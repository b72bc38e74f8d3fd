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
    def significant(self) -> bool:
        """Whether the difference is more than chance alone would make of one in twenty such comparisons."""
        return self.p_value < SIGNIFICANT

    @property
    def p_text(self) -> str:
        """The p-value as a table has it: `0.0496`, or `< 0.001`, as nothing is impossible."""
        return _p_relation(self.p_value).removeprefix("= ")

    @property
    def interval_text(self) -> str:
        """The 95% CI of the difference in points, with signs."""
        return f"{points(self.interval.low)} to {points(self.interval.high)}"

    @property
    def sentence(self) -> str:
        """The finding in plain words. A better one is named only where chance is an unlikely reason."""
        found = f"95% CI {self.interval_text}, with {counted(self.images, 'image')}"
        size = f"{points(self.difference)} points"
        if not self.significant:
            pair = f"{self.name_b} minus {self.name_a}"
            # On few images the bootstrap's interval may leave zero out where the exact test does not.
            around_zero = self.interval.low <= 0 <= self.interval.high
            head = "No difference found" if around_zero else "Too few images to tell"
            return f"{head}: {pair} is {size}, {found} (p = {_p_text(self.p_value)})."
        better, worse = (self.name_b, self.name_a) if self.difference > 0 else (self.name_a, self.name_b)
        low, high = self.interval.low, self.interval.high
        if self.difference < 0:
            low, high = -high, -low
        return (
            f"{better} is better than {worse} by {100 * abs(self.difference):.1f} points, 95% CI {100 * low:.1f} to "
            f"{100 * high:.1f}; with {counted(self.images, 'image')} that is unlikely to be chance "
            f"(p {_p_relation(self.p_value)})."
        )

    @property
    def interval_words(self) -> str:
        """The difference with its interval, and the images that it rests on."""
        return (
            f"{self.name_b} minus {self.name_a}: {points(self.difference)} points of accuracy, 95% CI "
            f"{self.interval_text}; only {self.name_a} is right on {counted(self.only_a, 'image')}, only "
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


def points(share: float) -> str:
    """A difference of shares in percentage points with its sign, which zero has none of.

    >>> points(0.0132), points(-0.00001)
    ('+1.3', '0.0')
    """
    text = f"{100 * share:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def _p_text(p_value: float) -> str:
    # Four decimals where it matters: 0.0496 must not read as 0.05.
    return f"{p_value:.4f}" if p_value < 0.1 else f"{p_value:.2f}"


def _p_relation(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {_p_text(p_value)}"
