"""What is gained by not answering where the model is unsure: areas and operating points of the curve that
`ferdash.evaluation.calibration.selective_accuracy` draws.

The risk is the share of the answered images that are wrong.
"""

from dataclasses import dataclass

import numpy as np

from ferdash.evaluation.calibration import Selective


@dataclass(frozen=True)
class RiskArea:
    """How well confidence sorts right from wrong, in one number; lower is better.

    area: mean risk over all coverages (AURC). least: what the same number of mistakes would give if every one of them
    were less confident than every right answer. excess: what confidence alone costs (E-AURC).
    """

    area: float
    least: float

    @property
    def excess(self) -> float:
        return self.area - self.least


def risk_area(curve: Selective, images: int) -> RiskArea:
    """The area under risk against coverage, for a curve of so many images.

    Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (2019), equation 3:
    each image counts with the risk at the coverage that just answers it. Images of equal confidence are answered
    together and so share one risk, which makes the area independent of their order.
    """
    gained = np.diff(curve.coverage, prepend=0.0)
    area = float((gained * (1 - curve.accuracy)).sum())
    right = round(float(curve.accuracy[-1]) * images)
    answered = np.arange(1, images + 1)
    least = float((np.maximum(answered - right, 0) / answered).mean())
    return RiskArea(area, least)


def coverage_at(curve: Selective, accuracy: float) -> tuple[float, float] | None:
    """The largest coverage at which the answered images are right at least as often as `accuracy` asks, with its
    threshold; None when no threshold reaches it."""
    reached = np.flatnonzero(curve.accuracy >= accuracy)
    if len(reached) == 0:
        return None
    return float(curve.coverage[reached[-1]]), float(curve.threshold[reached[-1]])
