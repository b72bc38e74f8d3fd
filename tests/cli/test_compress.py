import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.errors import ModelError
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1,))).save_pretrained(tmp_path / "models" / "small")
    processor_of(Preprocess()).save_pretrained(tmp_path / "models" / "small")
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, demo_root: Path, checkpoints: Path):
    monkeypatch.setenv("FERDASH_DATA", str(demo_root))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(checkpoints))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return invoke


def test_a_model_is_exported_and_its_cost_said(run, checkpoints: Path) -> None:
    result = run("export-onnx", "small", "--dataset", "demo")
    assert result.exit_code == 0
    text = " ".join(result.stderr.split())
    assert "differ from PyTorch's by at most" in text
    assert "The ranges of the integers are from" in text
    assert load_model("small", checkpoints, engine="int8").engine == "int8"


def test_an_export_to_a_folder_of_one_s_own(run, checkpoints: Path, tmp_path: Path) -> None:
    document = json.loads(run("export-onnx", "small", "--no-int8", "--out", str(tmp_path / "mine"), "--json").stdout)
    assert document["folder"] == str(tmp_path / "mine")
    assert document["int8"] is None
    assert document["difference"] < 1e-4
    assert (tmp_path / "mine" / "model.onnx").is_file()
    assert not (checkpoints / "models" / "small" / "onnx").exists()


def test_a_temperature_is_kept_and_used(run, checkpoints: Path) -> None:
    before = load_model("small", checkpoints)
    document = json.loads(run("calibrate", "small", "--dataset", "demo", "--json").stdout)
    after = load_model("small", checkpoints)
    assert after.calibration is not None
    assert after.calibration.to_dict() == document
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    assert np.abs(after.probabilities(faces) - before.probabilities(faces)).max() > 1e-3
    again = json.loads(run("calibrate", "small", "--json").stdout)  # on the dataset of before
    assert again["dataset"] == "demo"
    assert again == document, "a second fit does not build on the first"
    shown = run("evaluate", "small", "--dataset", "demo").stdout
    assert f"temperature scaling with T = {document['temperature']:.3f}" in " ".join(shown.split())


@pytest.mark.parametrize("reference", ["run:r1", "small+small", "small@size=36"])
def test_what_has_no_folder_of_its_own_keeps_no_temperature(run, reference: str) -> None:
    result = run("calibrate", reference, "--dataset", "demo")
    assert isinstance(result.exception, ModelError)
    assert "A temperature is kept in a model's folder" in str(result.exception)


def test_a_model_of_the_hub_keeps_no_temperature(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ferdash.models.reference.hub_folder", lambda reference: tmp_path)
    result = run("calibrate", "owner/name", "--dataset", "demo")
    assert isinstance(result.exception, ModelError)
    assert "is kept in the cache of the Hugging Face Hub, which is not written to" in str(result.exception)
