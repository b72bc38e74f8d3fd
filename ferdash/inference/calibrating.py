"""Fitting the temperature of a model's probabilities, on validation."""

from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import (
    apply_temperature,
    cross_fitted,
    expected_calibration_error,
    fit_temperature,
)
from ferdash.inference.scoring import Scored
from ferdash.models.calibration import Calibration
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.weights import fingerprint_of


def fit_calibration(model: EmotionModel, scored: Scored) -> Calibration:
    """The temperature that fits best to scores of the model, with what it changes there.

    scored: of the uncalibrated model, plain views, on the whole validation split. Raises EvaluationError for others: a
    temperature fitted on test would make its scores there too good, and one view needs another than ten.
    """
    protocol = scored.protocol
    if protocol.split != "validation" or protocol.views != "plain" or scored.calibration is not None:
        raise EvaluationError(
            "A temperature is fitted on plain, uncalibrated probabilities of the validation split, not on these. "
            + protocol.describe()
        )
    y_true, given = scored.labels, scored.probabilities
    temperature = fit_temperature(y_true=y_true, probabilities=given)
    scaled = apply_temperature(given, temperature)
    halves = cross_fitted(y_true=y_true, probabilities=given)
    return Calibration(
        temperature=temperature,
        dataset=protocol.dataset,
        dataset_hash=protocol.dataset_hash,
        split=protocol.split,
        images=protocol.images,
        before=scored.metrics.ece,
        after=expected_calibration_error(y_true=y_true, probabilities=scaled),
        cross_fitted=expected_calibration_error(y_true=y_true, probabilities=halves),
        weights=fingerprint_of(model.network),
    )
