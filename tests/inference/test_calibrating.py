from dataclasses import replace

import numpy as np
import pytest
import torch

from ferdash.data.dataset import FaceDataset
from ferdash.errors import EvaluationError
from ferdash.evaluation.calibration import fit_temperature
from ferdash.inference.calibrating import fit_calibration
from ferdash.inference.scoring import recalibrated, score
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.torch_model import TorchModel
from ferdash.models.weights import fingerprint_of


@pytest.fixture
def model() -> EmotionModel:
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=[1, 1])).eval()
    with torch.no_grad():
        network.classifier.weight.mul_(100)  # so that some answers are surer than others
    return TorchModel("m", "M", list(range(7)), Preprocess(), network, torch.device("cpu"))


def test_what_it_says_is_what_the_calibrated_model_measures(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    given = score(model, demo_dataset, "validation")
    calibration = fit_calibration(model, given)
    scored = score(replace(model, calibration=calibration), demo_dataset, "validation")
    assert calibration.before == given.metrics.ece
    assert calibration.after == pytest.approx(scored.metrics.ece, abs=1e-6)
    assert scored.metrics.log_loss <= given.metrics.log_loss
    golden = fit_temperature(y_true=given.labels, probabilities=given.probabilities)
    assert (calibration.temperature, calibration.weights) == (golden, fingerprint_of(model.network))
    assert (calibration.dataset, calibration.split, calibration.images) == ("demo", "validation", len(given.rows))


def test_against_the_majority_only_images_with_one_count(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    given = score(model, demo_dataset, "validation")
    assert given.votes is not None
    calibration = fit_calibration(model, given, "majority")
    votes = given.votes.astype(int)
    agreed = 2 * votes.max(axis=1) > votes.sum(axis=1)
    golden = fit_temperature(y_true=votes.argmax(axis=1)[agreed], probabilities=given.probabilities[agreed])
    assert (calibration.temperature, calibration.images) == (golden, agreed.sum())
    assert calibration.images < len(given.rows)
    scored = score(replace(model, calibration=calibration), demo_dataset, "validation")
    assert given.raters is not None
    assert scored.raters is not None
    assert calibration.before == given.raters.ece
    assert calibration.after == pytest.approx(scored.raters.ece, abs=1e-6)
    assert "31 images of demo (validation) against what over half of their raters say." in calibration.describe()


def test_without_votes_there_is_no_majority_to_fit(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    given = replace(score(model, demo_dataset, "validation"), votes=None)
    with pytest.raises(EvaluationError, match="“demo” has no raters' majority to fit a temperature against"):
        fit_calibration(model, given, "majority")


def test_cross_fitting_is_not_the_plain_fit(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    given = score(model, demo_dataset, "validation")
    # Sure of itself and mostly wrong, so that each half wants another temperature.
    rng = np.random.default_rng(0)
    sure = replace(given, probabilities=rng.dirichlet(np.full(7, 0.3), len(given.rows)).astype(np.float32))
    calibration = fit_calibration(model, sure)
    assert calibration.cross_fitted != calibration.after


@pytest.mark.parametrize("wrong", ["test", "flip", "calibrated"])
def test_it_is_fitted_on_plain_validation_alone(model: EmotionModel, demo_dataset: FaceDataset, wrong: str) -> None:
    given = score(
        replace(model, tta="flip" if wrong == "flip" else "plain"),
        demo_dataset,
        "test" if wrong == "test" else "validation",
    )
    if wrong == "calibrated":
        given = recalibrated(given, fit_calibration(model, given))
    with pytest.raises(EvaluationError, match="fitted on plain, uncalibrated probabilities of the validation split"):
        fit_calibration(model, given)
