import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ferdash.errors import ModelError
from ferdash.evaluation.temperature import apply_temperature
from ferdash.models.calibration import CALIBRATION_FILE, Calibration, read_calibration, write_calibration
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.weights import fingerprint_of

FACES = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=[1, 1])).save_pretrained(tmp_path / "mine")
    processor_of(Preprocess()).save_pretrained(tmp_path / "mine")
    return tmp_path / "mine"


@pytest.fixture
def calibration(folder: Path) -> Calibration:
    weights = fingerprint_of(load_model(str(folder), folder).network)
    return Calibration(0.5, "fer2013", "9079d33a", "validation", 3589, 0.06, 0.01, 0.02, weights)


@given(
    logits=arrays(np.float64, (3, 7), elements=st.floats(-20, 20)),
    temperature=st.floats(0.1, 10),
)
def test_it_is_dividing_the_logits(logits: np.ndarray, temperature: float) -> None:
    given, golden = (torch.from_numpy(values).softmax(dim=1).numpy() for values in (logits, logits / temperature))
    found = apply_temperature(given, temperature)
    np.testing.assert_allclose(found, golden, atol=1e-5)
    assert found.dtype == np.float64


def test_a_probability_of_0_stays_a_number() -> None:
    assert apply_temperature(np.array([[1.0, 0, 0, 0, 0, 0, 0]]), 2.0) == pytest.approx(
        np.array([[1, 0, 0, 0, 0, 0, 0]])
    )


def test_a_model_uses_what_is_in_its_folder(folder: Path, calibration: Calibration) -> None:
    before = load_model(str(folder), folder)
    assert before.calibration is None
    write_calibration(folder, calibration)
    after = load_model(str(folder), folder)
    assert after.calibration == calibration
    np.testing.assert_array_equal(after.logits(FACES), before.logits(FACES))
    golden = torch.from_numpy(before.logits(FACES) / 0.5).softmax(dim=1).numpy()
    assert after.probabilities(FACES) == pytest.approx(golden, abs=1e-6)
    plain = load_model(str(folder), folder, calibrated=False)
    np.testing.assert_array_equal(plain.probabilities(FACES), before.probabilities(FACES))


def test_another_input_size_is_not_calibrated(folder: Path, calibration: Calibration) -> None:
    write_calibration(folder, calibration)
    assert load_model(f"{folder}@size=32", folder).calibration is None


def test_other_weights_are_not_calibrated(folder: Path, calibration: Calibration) -> None:
    write_calibration(folder, replace(calibration, weights="00"))
    with pytest.raises(ModelError, match=r"“mine” was fitted for other weights .* `ferdash calibrate mine`, or delete"):
        load_model(str(folder), folder)


def test_one_weight_makes_another_fingerprint(folder: Path) -> None:
    network = load_model(str(folder), folder).network
    before = fingerprint_of(network)
    with torch.no_grad():
        network.classifier.bias[0] += 1  # type: ignore[union-attr,index,operator]
    assert fingerprint_of(network) != before


@pytest.mark.parametrize("change", [{"temperature": 0}, {"temperature": "warm"}, {"images": None}])
def test_a_damaged_file(folder: Path, calibration: Calibration, change: dict) -> None:
    values = calibration.to_dict() | change
    kept = {name: value for name, value in values.items() if value is not None}
    (folder / CALIBRATION_FILE).write_text(json.dumps(kept))
    network = load_model(str(folder), folder, calibrated=False).network
    with pytest.raises(ModelError, match=r"temperature\.json of the model “mine” cannot be read .*; delete it"):
        read_calibration(folder, fingerprint_of(network))


def test_a_folder_that_is_not_there(tmp_path: Path, calibration: Calibration) -> None:
    with pytest.raises(ModelError, match=r"temperature\.json cannot be written to .*nowhere"):
        write_calibration(tmp_path / "nowhere", calibration)
