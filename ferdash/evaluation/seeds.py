"""Two groups of runs that differ in seed alone: is one configuration better, beside what the seed does?

Welch, "The generalization of 'Student's' problem when several different population variances are involved" (1947): the
difference of two means, each with a spread of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import ttest_ind

from ferdash.evaluation.intervals import Interval
from ferdash.evaluation.paired import SIGNIFICANT, points
from ferdash.wording import counted


@dataclass(frozen=True)
class SeedResult:
    """A score of two groups. mean, std: over the runs of each, std None for a single run. difference: mean of B minus
    that of A. interval: 95% CI of it, and p_value: of Welch's t-test; both None where a group has one run, as one seed
    says nothing of what another would give."""

    name_a: str
    name_b: str
    runs_a: int
    runs_b: int
    mean_a: float
    mean_b: float
    std_a: float | None
    std_b: float | None
    difference: float
    interval: Interval | None
    p_value: float | None

    @property
    def sentence(self) -> str:
        """The finding in plain words, of a score that is a share: differences in percentage points."""
        return self._words(points, " points")

    @property
    def f1_sentence(self) -> str:
        """The finding in plain words, of an F1 or another score that is a number from 0 to 1."""
        return self._words("{:+.3f}".format, "")

    def _words(self, text: Callable[[float], str], unit: str) -> str:
        difference = f"{self.name_b} minus {self.name_a}: {text(self.difference)}{unit}"
        if self.p_value is None or self.interval is None:
            few = counted(min(self.runs_a, self.runs_b), "seed")
            return (
                f"{difference}, from {few} of one of them: how much another seed would change that is not known. "
                "Train each with --seeds 3 or more."
            )
        found = (
            f"{difference} over {self.runs_a} and {self.runs_b} seeds, 95% CI {text(self.interval.low)} to "
            f"{text(self.interval.high)} (Welch's t-test, p = {self.p_value:.3g})"
        )
        if self.p_value < SIGNIFICANT:
            return f"{found}; that is more than seeds do."
        return f"No difference found: {found}; seeds alone could do that."


def compare_seeds(
    *, scores_a: Sequence[float], scores_b: Sequence[float], name_a: str = "A", name_b: str = "B"
) -> SeedResult:
    """Compare a score of the runs of two groups, a number from 0 to 1 for each run; at least one run each.

    >>> compare_seeds(scores_a=[0.70, 0.71, 0.72], scores_b=[0.74, 0.75, 0.76]).interval.low > 0
    True
    """
    a, b = np.asarray(scores_a, dtype=np.float64), np.asarray(scores_b, dtype=np.float64)
    interval, p_value = None, None
    if len(a) > 1 and len(b) > 1:
        if a.std() or b.std():
            test = ttest_ind(b, a, equal_var=False)
            bounds = test.confidence_interval(0.95)
            interval, p_value = Interval(float(bounds.low), float(bounds.high)), float(test.pvalue)
        else:  # no spread at all: the same number every time
            same = float(b.mean() - a.mean())
            interval, p_value = Interval(same, same), 1.0 if same == 0 else 0.0
    return SeedResult(
        name_a,
        name_b,
        len(a),
        len(b),
        float(a.mean()),
        float(b.mean()),
        float(a.std(ddof=1)) if len(a) > 1 else None,
        float(b.std(ddof=1)) if len(b) > 1 else None,
        float(b.mean() - a.mean()),
        interval,
        p_value,
    )
