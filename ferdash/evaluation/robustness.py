"""How much of a model's accuracy is left when faces get worse, and how its errors compare with another model's.

The mean corruption error is Hendrycks and Dietterich's (2019, section 4.1): for each kind, the model's errors summed
over the strengths, over the reference's; then the mean over the kinds. Below 1 the model is the more robust of the two.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ferdash.errors import EvaluationError
from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS, VERSION
from ferdash.evaluation.intervals import RESAMPLES, Interval, percentile_interval
from ferdash.evaluation.protocol import Protocol
from ferdash.wording import percent

KINDS = tuple(CORRUPTIONS)


@dataclass(frozen=True, eq=False)
class Robustness:
    """A model's accuracy on the images of a protocol, as they are and made worse.

    truth: what counts as right, `label` (the dataset's) or `majority` (the raters'). clean: accuracy on the images as
    they are. accuracy: float64 (10, 5), on the images made worse, by KINDS and STRENGTHS. interval: 95%, of the mean
    over all of these, from drawing the images again.
    """

    protocol: Protocol
    clean: float
    accuracy: np.ndarray
    interval: Interval
    truth: str = "label"

    @property
    def mean(self) -> float:
        """Mean accuracy over the kinds and strengths, without the clean images."""
        return float(self.accuracy.mean())

    def describe(self) -> str:
        """What was measured, in plain words."""
        text = self.protocol.describe()
        if self.truth == "majority":
            text = text.replace(" all ", " ").removesuffix(".")
            text += "; those on which over half of the raters agree, and right is what they say."
        return text

    def of_kinds(self) -> dict[str, float]:
        """Mean accuracy over the strengths of each kind."""
        return dict(zip(KINDS, self.accuracy.mean(axis=1).tolist(), strict=True))

    def finding(self) -> str:
        """The report in a sentence."""
        means = self.of_kinds()
        worst = min(means, key=means.__getitem__)
        return (
            f"{percent(self.clean)} on the faces as they are, {percent(self.mean)} when they are made worse; "
            f"{CORRUPTIONS[worst].title.lower()} costs most ({percent(means[worst])})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what robustness.json holds."""
        return {
            "version": VERSION,
            "described": self.describe(),
            "protocol": self.protocol.to_dict(),
            "truth": self.truth,
            "clean": self.clean,
            "mean": self.mean,
            "interval": asdict(self.interval),
            "accuracy": dict(zip(KINDS, self.accuracy.tolist(), strict=True)),
            "means": self.of_kinds(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Robustness":
        """The report of `to_dict`, equal to the last digit.

        Raises EvaluationError when something is missing, or it was measured with other corruptions than these.
        """
        if values.get("version") != VERSION:
            raise EvaluationError("This report was measured with other corruptions than those of today; measure again.")
        try:
            accuracy = np.array([values["accuracy"][kind] for kind in KINDS], dtype=np.float64)
            protocol, interval = Protocol.from_dict(values["protocol"]), Interval(**values["interval"])
            clean, truth = float(values["clean"]), str(values["truth"])
        except (KeyError, TypeError, ValueError) as error:
            raise EvaluationError(f"This is not a report of robustness ({error}).") from error
        if accuracy.shape != (len(KINDS), len(STRENGTHS)):
            raise EvaluationError(f"A report of robustness has {len(KINDS)} kinds of {len(STRENGTHS)} strengths.")
        return cls(protocol, clean, accuracy, interval, truth)


def summarise(protocol: Protocol, clean: np.ndarray, worse: np.ndarray, truth: str = "label") -> Robustness:
    """The report of which images were recognised: clean is bool (N,), worse is bool (10, 5, N) by KINDS and STRENGTHS.

    Raises EvaluationError for other shapes, and when there is no image.
    """
    if worse.shape != (len(KINDS), len(STRENGTHS), len(clean)) or not len(clean):
        raise EvaluationError(f"Results of shape {worse.shape} for {len(clean)} images cannot be summarised.")
    shares = worse.mean(axis=(0, 1))
    rng = np.random.default_rng(3)
    images = len(clean)
    means = [shares[rng.integers(0, images, images)].mean() for _ in range(RESAMPLES)]
    interval = percentile_interval(np.array(means))
    return Robustness(protocol, float(clean.mean()), worse.mean(axis=2), interval, truth)


def why_not_comparable(first: Robustness, second: Robustness) -> str | None:
    """A sentence, or None when both were measured on the same images against the same truth."""
    if first.truth != second.truth:
        return f"Not comparable: one was measured against the {first.truth}, the other against the {second.truth}."
    return first.protocol.why_not_comparable(second.protocol)


def corruption_errors(of: Robustness, against: Robustness) -> dict[str, float]:
    """For each kind the errors of one model over those of the reference; NaN where the reference makes none.

    Raises EvaluationError when the two were measured on different images.
    """
    if reason := why_not_comparable(of, against):
        raise EvaluationError(reason)
    errors, reference = (1 - of.accuracy).sum(axis=1), (1 - against.accuracy).sum(axis=1)
    ratios = np.divide(errors, reference, out=np.full(len(KINDS), np.nan), where=reference > 0)
    return dict(zip(KINDS, ratios.tolist(), strict=True))


def mean_corruption_error(of: Robustness, against: Robustness) -> float:
    """Mean over the kinds of `corruption_errors`, kinds without an error of the reference left out; NaN without any."""
    ratios = [ratio for ratio in corruption_errors(of, against).values() if not math.isnan(ratio)]
    return sum(ratios) / len(ratios) if ratios else math.nan
