import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from ferdash.errors import ModelError
from ferdash.inference.compression import export_onnx
from ferdash.inference.explain import has_feature_maps
from ferdash.models.calibration import Calibration, write_calibration
from ferdash.models.engines import TOLERANCE
from ferdash.models.exported import RECORD_FILE, read_export
from ferdash.models.features import embed
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.reference import export_folder
from ferdash.models.torch_loading import load_in_torch
from ferdash.models.weights import fingerprint_of

FACES = np.random.default_rng(0).integers(0, 256, (70, 48, 48), dtype=np.uint8)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints with the model `small`, exported; treat as read-only."""
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=[1, 1]))
    with torch.no_grad():
        network.classifier.weight.mul_(100)  # so that its probabilities are far from even
    network.save_pretrained(root / "models" / "small")
    processor_of(Preprocess()).save_pretrained(root / "models" / "small")
    export_onnx(load_model("small", root), export_folder("small", root))
    return root


@pytest.fixture
def checkpoints(exported: Path, tmp_path: Path) -> Path:
    shutil.copytree(exported, tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def test_onnx_runtime_gives_the_same_probabilities(exported: Path) -> None:
    ours, theirs = (load_model("small", exported, engine=engine) for engine in ("onnx", "torch"))
    assert (ours.engine, theirs.engine) == ("onnx", "torch")
    for images in (1, 2, 70):  # any number of faces, over the size of a batch too
        found = ours.probabilities(FACES[:images])
        np.testing.assert_allclose(found, theirs.probabilities(FACES[:images]), atol=TOLERANCE)
        assert found.dtype == np.float32
    assert ours.probabilities(FACES[:0]).shape == (0, 7)


def test_threads_share_one_runtime(exported: Path) -> None:
    model = load_model("small", exported, engine="onnx")
    batches = [np.roll(FACES, shift, axis=1) for shift in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(model.logits, batches))
    for batch, logits in zip(batches, together, strict=True):
        np.testing.assert_allclose(logits, model.logits(batch), atol=1e-5)


def test_augmentation_works_with_it(exported: Path) -> None:
    ours, theirs = (load_model("small", exported, engine=engine, tta="flip") for engine in ("onnx", "torch"))
    np.testing.assert_allclose(ours.probabilities(FACES), theirs.probabilities(FACES), atol=TOLERANCE)


def test_what_needs_the_layers_says_so(exported: Path) -> None:
    model = load_model("small", exported, engine="onnx")
    assert not has_feature_maps(model)
    with pytest.raises(ModelError, match=r"small is at work in ONNX Runtime here; this needs it in PyTorch"):
        embed(model, FACES)


def test_what_was_exported_is_taken(exported: Path) -> None:
    taken, asked = (load_model("small", exported, engine=engine) for engine in ("auto", "onnx"))
    assert taken.engine == "onnx"
    facts = ("reference", "title", "columns", "preprocess", "parameters", "folder", "calibration")
    torch_model = load_model("small", exported)
    for fact in facts:
        assert getattr(taken, fact) == getattr(asked, fact) == getattr(torch_model, fact), fact
    np.testing.assert_array_equal(taken.probabilities(FACES), asked.probabilities(FACES))


def test_its_temperature_is_kept(checkpoints: Path) -> None:
    weights = fingerprint_of(load_in_torch("small", checkpoints).network)
    facts = {"dataset": "d", "dataset_hash": "", "split": "validation", "images": 7, "before": 0.1, "after": 0.0}
    write_calibration(checkpoints / "models" / "small", Calibration(2.0, **facts, cross_fitted=0.0, weights=weights))
    ours, theirs = (load_model("small", checkpoints, engine=engine) for engine in ("auto", "torch"))
    assert ours.engine == "onnx"
    assert ours.calibration is not None
    np.testing.assert_allclose(ours.probabilities(FACES), theirs.probabilities(FACES), atol=TOLERANCE)
    assert load_model("small", checkpoints, engine="auto", calibrated=False).calibration is None


def test_a_device_that_is_named_is_pytorchs(exported: Path) -> None:
    assert load_model("small", exported, device="meta", engine="auto").engine == "torch"


def test_a_model_that_was_not_exported(checkpoints: Path) -> None:
    shutil.rmtree(export_folder("small", checkpoints))
    assert load_model("small", checkpoints, engine="auto").engine == "torch"
    with pytest.raises(ModelError, match=r"not been exported to ONNX\. Run `ferdash export-onnx small` first"):
        load_model("small", checkpoints, engine="onnx")


def test_an_export_without_int8(exported: Path) -> None:
    with pytest.raises(ModelError, match="small has not been quantised to 8-bit integers"):
        load_model("small", exported, engine="int8")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "preprocessor_config.json"])
def test_an_export_of_something_else_is_not_used(checkpoints: Path, name: str) -> None:
    path = checkpoints / "models" / "small" / name
    content = path.read_bytes()
    if name == "model.safetensors":
        content = content[:-1] + bytes([content[-1] ^ 1])  # the last bit of a weight or statistic
    else:
        content += b"\n"
    path.write_bytes(content)
    assert load_model("small", checkpoints, engine="auto").engine == "torch"
    with pytest.raises(ModelError, match=r"small has changed since it was exported to ONNX\. Run `ferdash export-onnx"):
        load_model("small", checkpoints, engine="onnx")


def test_an_export_of_an_older_ferdash_is_not_used(checkpoints: Path) -> None:
    path = export_folder("small", checkpoints) / RECORD_FILE
    path.write_text('{"format": 1, "model": "small"}')
    assert load_model("small", checkpoints, engine="auto").engine == "torch"
    with pytest.raises(ModelError, match="small has not been exported to ONNX"):
        load_model("small", checkpoints, engine="onnx")


def test_a_file_that_onnx_runtime_cannot_open(checkpoints: Path, caplog: pytest.LogCaptureFixture) -> None:
    (export_folder("small", checkpoints) / "model.onnx").write_bytes(b"no model")
    with pytest.raises(
        ModelError, match=r"model\.onnx in .* cannot be opened by ONNX Runtime .*; export or fetch it anew"
    ):
        load_model("small", checkpoints, engine="onnx")
    caplog.set_level("INFO", "ferdash")
    assert load_model("small", checkpoints, engine="auto").engine == "torch"
    assert "PyTorch computes: model.onnx in" in caplog.text


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 2, "model": "small"}', '{"format": 2, "preprocess": {"eyes": 2}}']
)
def test_a_damaged_record(checkpoints: Path, content: str) -> None:
    folder = export_folder("small", checkpoints)
    (folder / RECORD_FILE).write_text(content)
    with pytest.raises(ModelError, match=r"export\.json in .* cannot be read .* export the model anew"):
        read_export(folder)


def test_without_onnx_runtime(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"ONNX Runtime cannot be imported .* or use the engine torch"):
        load_model("small", exported, engine="onnx")
    assert load_model("small", exported, engine="auto").engine == "torch"


def test_engines_and_devices_that_cannot_be(exported: Path) -> None:
    with pytest.raises(ModelError, match="There is no engine “steam”; choose one of auto, torch, onnx, int8"):
        load_model("small", exported, engine="steam")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"The engine onnx runs on the processor \(cpu\), not on cuda"):
        load_model("small", exported, device="cuda", engine="onnx")


def test_where_exports_are_kept(exported: Path, tmp_path: Path) -> None:
    assert export_folder("small", exported) == exported / "models" / "small" / "onnx"
    assert export_folder("small@size=36", exported) == exported / "models" / "small" / "onnx-36px"
    (tmp_path / "runs" / "r1" / "checkpoints").mkdir(parents=True)
    (tmp_path / "runs" / "r1" / "checkpoints" / "best.pt").touch()
    assert export_folder("run:r1@best", tmp_path) == tmp_path / "runs" / "r1" / "onnx"
