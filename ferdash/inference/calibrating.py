"""Fitting the temperature of a model's probabilities, on validation."""

from typing import Literal

import numpy as np

from ferdash.data.votes import majority
from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import (
    cross_fitted,
    expected_calibration_error,
    fit_temperature,
)
from ferdash.evaluation.temperature import apply_temperature
from ferdash.inference.scoring import Scored
from ferdash.models.calibration import Calibration
from ferdash.models.torch_model import TorchModel
from ferdash.models.weights import fingerprint_of


def fit_calibration(
    model: TorchModel, scored: Scored, against: Literal["labels", "majority"] = "labels"
) -> Calibration:
    """The temperature that fits best to scores of the model, with what it changes there.

    scored: of the uncalibrated model, plain images, on the whole validation split. against: what counts as right; by
    `majority` a probability is that most people would say so, and images on which they do not agree are left out.

    Raises EvaluationError for other scores: a temperature fitted on test would make its scores there too good, and one
    view needs another than ten. Also where there is no majority to fit against.
    """
    protocol = scored.protocol
    if protocol.split != "validation" or protocol.tta != "plain" or scored.calibration is not None:
        raise EvaluationError(
            "A temperature is fitted on plain, uncalibrated probabilities of the validation split, not on these. "
            + protocol.describe()
        )
    y_true, given = _truth(scored, against)
    temperature = fit_temperature(y_true=y_true, probabilities=given)
    scaled = apply_temperature(given, temperature)
    halves = cross_fitted(y_true=y_true, probabilities=given)
    return Calibration(
        temperature=temperature,
        dataset=protocol.dataset,
        dataset_hash=protocol.dataset_hash,
        split=protocol.split,
        images=len(y_true),
        before=_ece(scored, against),
        after=expected_calibration_error(y_true=y_true, probabilities=scaled),
        cross_fitted=expected_calibration_error(y_true=y_true, probabilities=halves),
        weights=fingerprint_of(model.network),
        against=against,
    )


def _ece(scored: Scored, against: Literal["labels", "majority"]) -> float:
    return scored.raters.ece if against == "majority" and scored.raters is not None else scored.metrics.ece


def _truth(scored: Scored, against: Literal["labels", "majority"]) -> tuple[np.ndarray, np.ndarray]:
    """What is right, int (N,), and the probabilities (N, 7) of those images."""
    if against == "labels":
        return scored.labels, scored.probabilities
    said = np.full(len(scored.labels), -1) if scored.votes is None else majority(scored.votes)
    agreed = said >= 0
    if agreed.sum() < 2:
        raise EvaluationError(
            f"“{scored.protocol.dataset}” has no raters' majority to fit a temperature against. Import it with "
            "fer2013new.csv, or fit against the labels."
        )
    return said[agreed], scored.probabilities[agreed]
