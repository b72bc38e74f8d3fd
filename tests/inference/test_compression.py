import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from ferdash.data.dataset import FaceDataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.inference import compression
from ferdash.inference.compression import export_onnx
from ferdash.inference.scoring import score
from ferdash.models.exported import read_export
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.reference import export_folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=8, depths=[1, 2])).save_pretrained(root / "models" / "small")
    processor_of(Preprocess()).save_pretrained(root / "models" / "small")
    return root


def test_what_quantising_costs_is_what_the_engine_measures(checkpoints: Path, demo_dataset: FaceDataset) -> None:
    steps: list[str] = []
    folder = export_folder("small", checkpoints)
    record = export_onnx(load_model("small", checkpoints), folder, dataset=demo_dataset, on_progress=steps.append)
    assert steps == ["exporting", "quantising", "scoring in float32", "scoring in 8-bit integers"]
    assert read_export(folder) == record
    assert json.loads(json.dumps(asdict(record)))["int8"] == record.int8
    assert record.int8 is not None
    small, full = (load_model("small", checkpoints, engine=engine) for engine in ("int8", "torch"))
    assert small.engine == "int8"
    ours, theirs = (score(model, demo_dataset, "validation") for model in (small, full))
    assert record.int8["accuracy_int8"] == ours.metrics.accuracy
    assert record.int8["accuracy_float32"] == theirs.metrics.accuracy
    assert record.int8["accuracy_cost"] == pytest.approx(theirs.metrics.accuracy - ours.metrics.accuracy)
    apart = np.abs(ours.probabilities - theirs.probabilities).max()
    assert record.int8["max_difference"] == pytest.approx(apart, abs=1e-5)
    assert 0 < apart < 0.2
    weights = checkpoints / "models" / "small" / "model.safetensors"
    assert (folder / "model_int8.onnx").stat().st_size < weights.stat().st_size
    assert record.describe().startswith("model.onnx: 0.0 MB, beside the weights in model.safetensors; probabilities of")
    assert "model_int8.onnx: 0.0 MB; recognises" in record.describe()


@pytest.fixture(scope="module")
def elsewhere(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export in float32 that lies in no model's folder."""
    folder = tmp_path_factory.mktemp("elsewhere") / "onnx"
    export_onnx(load_model("small", checkpoints), folder)
    return folder


def test_elsewhere_it_holds_its_own_weights(elsewhere: Path) -> None:
    record = read_export(elsewhere)
    assert record is not None
    assert record.shares is None
    assert (elsewhere / "model.onnx").stat().st_size > 4 * record.parameters
    assert "beside" not in record.describe()


def test_the_exported_graph_says_nothing_of_this_machine(elsewhere: Path) -> None:
    content = (elsewhere / "model.onnx").read_bytes()
    assert str(Path(compression.__file__).parents[2]).encode() not in content
    graph = onnx.load(elsewhere / "model.onnx").graph
    assert [one.name for one in graph.input] == ["pixel_values"]
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param, "any number of images"
    assert [one.name for one in graph.output] == ["logits"]


def test_an_export_without_integers_takes_older_ones_away(checkpoints: Path, tmp_path: Path) -> None:
    folder = tmp_path / "onnx"
    folder.mkdir()
    for name in ("export.json", "model.onnx", "model_int8.onnx"):
        (folder / name).write_text("of an older export")
    record = export_onnx(load_model("small", checkpoints), folder)
    assert record.int8 is None
    assert read_export(folder) == record
    assert sorted(path.name for path in folder.iterdir()) == ["export.json", "model.onnx"]


def test_a_vision_transformer_of_another_size(tmp_path: Path) -> None:
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = ViTConfig(**shape, image_size=32, patch_size=8, id2label=dict(enumerate(EMOTIONS)))
    ViTForImageClassification(config).save_pretrained(tmp_path / "models" / "vit")
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "models" / "vit")
    model = load_model("vit@size=16", tmp_path)
    record = export_onnx(model, export_folder("vit@size=16", tmp_path))
    assert (record.preprocess["height"], record.preprocess["channels"]) == (16, 3)
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    found = load_model("vit@size=16", tmp_path, engine="onnx").probabilities(faces)
    np.testing.assert_allclose(found, model.probabilities(faces), atol=1e-5)


def test_an_export_that_differs_is_not_kept(checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match=r"The export of small gives probabilities up to .* so it was not kept"):
        export_onnx(load_model("small", checkpoints), tmp_path / "onnx")
    assert list((tmp_path / "onnx").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"], "no draft is left behind"


class _Stubborn(torch.nn.Module):
    def forward(self, pixel_values: torch.Tensor) -> None:
        raise RuntimeError("this way only on Sundays\nand a long trace")


def test_a_network_that_cannot_be_followed(checkpoints: Path, tmp_path: Path) -> None:
    model = load_model("small", checkpoints)
    model.network = _Stubborn()
    with pytest.raises(ModelError, match="PyTorch cannot export the network of small to ONNX"):
        export_onnx(model, tmp_path / "onnx")


def test_an_ensemble_is_not_one_network(checkpoints: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"small \+ small is several models together; export each of them alone"):
        export_onnx(load_model("small+small", checkpoints), tmp_path / "onnx")


def test_a_missing_package_is_named(checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ModelError, match=r"needs the package onnxscript: pip install 'ferdash\[onnx\]'"):
        export_onnx(load_model("small", checkpoints), tmp_path / "onnx")
