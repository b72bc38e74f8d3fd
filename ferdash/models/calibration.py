"""The temperature that makes a model's probabilities fit, kept as temperature.json in the model's folder.

It belongs to one set of weights and one view of each face; the file names the weights, so that it is never applied to
others. How it is fitted: ferdash.inference.calibrating.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferdash import former_names
from ferdash.errors import ModelError
from ferdash.evaluation.temperature import softmax
from ferdash.files import write_json
from ferdash.wording import count, percent

CALIBRATION_FILE = "temperature.json"

_AGAINST = {"labels": "", "majority": " against what over half of their raters say"}


@dataclass(frozen=True)
class Calibration:
    """A temperature, and what it did where it was fitted.

    weights: fingerprint of the network (`ferdash.models.weights.fingerprint_of`). before, after: expected calibration
    error of the images it was fitted on, 0 to 1. cross_fitted: the same with the temperature of each half of the images
    applied to the other half, which no temperature was fitted on. against: what counts as right, the dataset's labels
    or what over half of the raters said; images without such a majority have no part in the latter.
    """

    temperature: float
    dataset: str
    dataset_hash: str
    split: str
    images: int
    before: float
    after: float
    cross_fitted: float
    weights: str
    against: Literal["labels", "majority"] = "labels"

    def describe(self) -> str:
        """
        >>> Calibration(1.124, "fer2013", "9079d33a", "validation", 3589, 0.0423, 0.0131, 0.0182, "").describe()
        'Probabilities are after temperature scaling with T = 1.124, fitted on 3,589 images of fer2013 (validation). \
Calibration error there: 4.2% before, 1.3% after; 1.8% by cross-fitting, on halves that the temperature was not \
fitted on.'
        """
        return (
            f"Probabilities are after temperature scaling with T = {self.temperature:.3f}, fitted on "
            f"{count(self.images)} images of {self.dataset} ({self.split}){_AGAINST[self.against]}. Calibration error "
            f"there: "
            f"{percent(self.before)} before, {percent(self.after)} after; {percent(self.cross_fitted)} by "
            "cross-fitting, on halves that the temperature was not fitted on."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def shares_of_sigmoids(logits: np.ndarray) -> np.ndarray:
    """(N, 7) logits of emotions that are scored one by one -> the share that each sigmoid has of their sum, (N, 7)."""
    logits = np.asarray(logits, dtype=np.float64)
    # In logarithms, so that seven emotions that are all scored absent still have shares.
    return softmax(-np.logaddexp(0.0, -logits))


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put a calibration into a model's folder, in one step. Raises ModelError when it cannot be written."""
    try:
        write_json(folder / CALIBRATION_FILE, {"format": 1} | calibration.to_dict())
    except OSError as error:
        raise ModelError(f"{CALIBRATION_FILE} cannot be written to {folder} ({error}).") from error


def calibration_file(folder: Path) -> Path:
    """The file of a model's folder that holds its calibration, whether there is one or not; also under the name that an
    earlier version gave it."""
    path, former = folder / CALIBRATION_FILE, folder / former_names.TEMPERATURE
    return former if former.is_file() and not path.is_file() else path


def fitted_against(folder: Path) -> Literal["labels", "majority"]:
    """What the temperature in a model's folder was fitted against; the labels where there is none."""
    return "majority" if _kept(folder).get("against") == "majority" else "labels"


def fitted_on(folder: Path) -> str:
    """The name of the dataset that the temperature in a model's folder was fitted on; empty where there is none."""
    return str(_kept(folder).get("dataset", ""))


def _kept(folder: Path) -> dict[str, Any]:
    try:
        kept = json.loads(calibration_file(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def read_calibration(folder: Path, weights: str) -> Calibration | None:
    """The calibration in a model's folder, None where there is none; `weights`: fingerprint of the network there.

    Raises ModelError when it cannot be read, or was fitted for other weights.
    """
    path = calibration_file(folder)
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name: values[field.name] for field in fields(Calibration) if field.name in values}
        calibration = Calibration(**known)
        if calibration.against not in _AGAINST:
            raise ValueError(f"it was fitted against {calibration.against}")
        if not 0 < calibration.temperature < float("inf"):
            raise ValueError(f"its temperature is {calibration.temperature}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path.name} of the model “{folder.name}” cannot be read ({error}); delete it to use the model "
            "without calibration."
        ) from error
    if calibration.weights != weights:
        raise ModelError(
            f"{path.name} of the model “{folder.name}” was fitted for other weights than those beside it. Fit "
            f"it anew with `ferdash calibrate {folder.name}`, or delete it."
        )
    return calibration
