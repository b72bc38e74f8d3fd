"""Images whose label is probably wrong, by confident learning: Northcutt, Jiang and Chuang, "Confident Learning:
Estimating Uncertainty in Dataset Labels" (2021), as the optional package cleanlab computes it.

A candidate is an image that the model confidently takes for another emotion, where "confidently" is what is usual for
images labelled with that one. It is a candidate: a person has to look at it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ferdash.errors import EvaluationError
from ferdash.evaluation.metrics import check_inputs

Origin = Literal["out-of-fold", "given"]


@dataclass(frozen=True)
class LabelErrors:
    """Candidates, the most suspicious first.

    position: int (K,), of the images among those given. suggested: int (K,), the most probable emotion. label_quality:
    float (K,), probability of the label as it is; low is suspicious. images: how many were looked at. origin: where the
    probabilities came from.
    """

    position: np.ndarray
    suggested: np.ndarray
    label_quality: np.ndarray
    images: int
    origin: Origin

    @property
    def described(self) -> str:
        """What the candidates rest on, in a sentence."""
        if self.origin == "out-of-fold":
            return (
                f"From out-of-fold probabilities of {self.images:,} images: each was classified by a model that had "
                "not been trained on it."
            )
        return (
            f"From the given probabilities of {self.images:,} images. If the model was trained on these images, it has "
            "learnt their wrong labels too, and many of them will not be found."
        )


def find_label_errors(*, y_true: np.ndarray, probabilities: np.ndarray, origin: Origin) -> LabelErrors:
    """Candidates for wrong labels among images with labels y_true, int (N,), and probabilities, float (N, 7).

    origin: "out-of-fold" when no image was classified by a model that was trained on it, as in cross-validation.

    Raises EvaluationError as compute_metrics does, when all images have one label, and when cleanlab is missing.
    """
    y_true, p = check_inputs(y_true, probabilities)
    if len(np.unique(y_true)) < 2:
        raise EvaluationError(
            "All these images have the same label, so none can be doubted; include images of another emotion."
        )
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise EvaluationError(
            "Finding label errors needs the optional package cleanlab: pip install 'ferdash[labels]'"
        ) from error
    suspicious = find_label_issues(y_true, p, filter_by="confident_learning", n_jobs=1)
    position = np.flatnonzero(suspicious)
    quality = p[position, y_true[position]]
    order = np.argsort(quality, kind="stable")
    position = position[order]
    return LabelErrors(position, p[position].argmax(axis=1), quality[order], len(y_true), origin)
