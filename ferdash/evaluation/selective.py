"""What is gained by not answering where the model is unsure: areas and operating points of the curve that
`ferdash.evaluation.calibration.selective_accuracy` draws.

The risk is the share of the answered images that are wrong.
"""

import numpy as np

from ferdash.evaluation.calibration import Selective


def risk_area(curve: Selective) -> float:
    """The area under risk against coverage (AURC): how well confidence sorts right from wrong; lower is better.

    Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (2019), equation 3:
    each image counts with the risk at the coverage that just answers it. Images of equal confidence are answered
    together and so share one risk, which makes the area independent of their order.
    """
    gained = np.diff(curve.coverage, prepend=0.0)
    return float((gained * (1 - curve.accuracy)).sum())


def coverage_at(curve: Selective, accuracy: float) -> tuple[float, float] | None:
    """The largest coverage at which the answered images are right at least as often as `accuracy` asks, with its
    threshold; None when no threshold reaches it."""
    reached = np.flatnonzero(curve.accuracy >= accuracy)
    if len(reached) == 0:
        return None
    return float(curve.coverage[reached[-1]]), float(curve.threshold[reached[-1]])
