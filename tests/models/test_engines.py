import importlib.util
import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ferdash.errors import ModelError
from ferdash.inference.compression import export_onnx
from ferdash.inference.embeddings import embed
from ferdash.models import engines
from ferdash.models.engines import CHOICES_FILE, TOLERANCE, choose_engine, machine
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import export_folder, load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.sessions import RECORD_FILE, read_export

FACES = np.random.default_rng(0).integers(0, 256, (70, 48, 48), dtype=np.uint8)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints with the model `small`, exported; treat as read-only."""
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=[2, 1]))
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


def remember(checkpoints: Path, **measured: float) -> None:
    """Have an earlier measurement on this machine say something else."""
    path = checkpoints / CHOICES_FILE
    (key,) = json.loads(path.read_text())
    known = json.loads(path.read_text())
    known[key] |= measured
    path.write_text(json.dumps(known))


def test_onnx_runtime_gives_the_same_probabilities(exported: Path) -> None:
    ours, theirs = (load_model("small", exported, engine=engine) for engine in ("onnx", "torch"))
    assert (ours.engine, theirs.engine) == ("onnx", "torch")
    for images in (1, 2, 70):  # any number of faces, over the size of a batch too
        found = ours.probabilities(FACES[:images])
        np.testing.assert_allclose(found, theirs.probabilities(FACES[:images]), atol=TOLERANCE)
        assert found.dtype == np.float32
    assert ours.probabilities(FACES[:0]).shape == (0, 7)


def test_threads_share_one_session(exported: Path) -> None:
    model = load_model("small", exported, engine="onnx")
    batches = [np.roll(FACES, shift, axis=1) for shift in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(model.logits, batches))
    for batch, logits in zip(batches, together, strict=True):
        np.testing.assert_allclose(logits, model.logits(batch), atol=1e-5)


def test_views_and_features_work_with_it(exported: Path) -> None:
    ours, theirs = (load_model("small", exported, engine=engine, views="flip") for engine in ("onnx", "torch"))
    np.testing.assert_allclose(ours.probabilities(FACES), theirs.probabilities(FACES), atol=TOLERANCE)
    np.testing.assert_array_equal(embed(ours, FACES), embed(theirs, FACES))


def test_the_fastest_is_measured_once_and_remembered(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_model("small", checkpoints, engine="auto")
    (measured,) = json.loads((checkpoints / CHOICES_FILE).read_text()).values()
    faster = measured["speed_up"] >= engines.FASTER
    one, batch = (times["torch"] / times["onnx"] for times in measured["ms"].values())
    assert measured["speed_up"] == pytest.approx((one * batch) ** 0.5)
    assert first.engine == ("onnx" if faster else "torch")
    assert measured["difference"] <= TOLERANCE
    assert measured["machine"] == machine()

    def again(*_: object) -> None:
        raise AssertionError("it was measured twice")

    monkeypatch.setattr(engines, "_measure", again)
    remember(checkpoints, speed_up=3.0)
    assert load_model("small", checkpoints, engine="auto").engine == "onnx"
    remember(checkpoints, speed_up=1.0)
    assert load_model("small", checkpoints, engine="auto").engine == "torch"


def test_an_export_that_differs_is_not_chosen(checkpoints: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_model("small", checkpoints, engine="auto")
    remember(checkpoints, speed_up=3.0, difference=0.01)
    assert load_model("small", checkpoints, engine="auto").engine == "torch"
    assert "PyTorch is used for small: probabilities of its export differ by 0.01" in caplog.text


def test_a_damaged_memory_is_measured_anew(checkpoints: Path, caplog: pytest.LogCaptureFixture) -> None:
    (checkpoints / CHOICES_FILE).write_text("{")
    load_model("small", checkpoints, engine="auto")
    assert "cannot be read and is measured anew" in caplog.text
    assert len(json.loads((checkpoints / CHOICES_FILE).read_text())) == 1


def test_what_cannot_be_remembered_is_still_chosen(checkpoints: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = load_model("small", checkpoints)
    choose_engine(model, "auto", export_folder("small", checkpoints), checkpoints / "nowhere")
    assert "The choice of an engine cannot be kept" in caplog.text


def test_a_model_that_was_not_exported(checkpoints: Path) -> None:
    shutil.rmtree(export_folder("small", checkpoints))
    assert load_model("small", checkpoints, engine="auto").engine == "torch"
    with pytest.raises(ModelError, match=r"not been exported to ONNX\. Run `ferdash export-onnx small` first"):
        load_model("small", checkpoints, engine="onnx")


def test_an_export_without_int8(exported: Path) -> None:
    with pytest.raises(ModelError, match="small has not been quantised to 8-bit integers"):
        load_model("small", exported, engine="int8")


def test_an_export_of_other_weights_is_not_used(checkpoints: Path) -> None:
    model = load_model("small", checkpoints)
    with torch.no_grad():
        model.network.classifier.bias.add_(1)  # type: ignore[union-attr,operator]
    folder = export_folder("small", checkpoints)
    assert choose_engine(model, "auto", folder, checkpoints).engine == "torch"
    with pytest.raises(ModelError, match="small has changed since it was exported to ONNX"):
        choose_engine(model, "onnx", folder, checkpoints)
    resized = replace(load_model("small", checkpoints), preprocess=Preprocess(height=36, width=36))
    with pytest.raises(ModelError, match="small has changed since it was exported to ONNX"):
        choose_engine(resized, "onnx", folder, checkpoints)


def test_a_file_that_onnx_runtime_cannot_open(checkpoints: Path, caplog: pytest.LogCaptureFixture) -> None:
    (export_folder("small", checkpoints) / "model.onnx").write_bytes(b"no model")
    with pytest.raises(
        ModelError, match=r"model\.onnx in .* cannot be opened by ONNX Runtime .*; export or fetch it anew"
    ):
        load_model("small", checkpoints, engine="onnx")
    assert load_model("small", checkpoints, engine="auto").engine == "torch"
    assert "PyTorch is used instead of ONNX Runtime" in caplog.text


@pytest.mark.parametrize("content", ["{", "[]", '{"model": "small"}'])
def test_a_damaged_record(checkpoints: Path, content: str) -> None:
    folder = export_folder("small", checkpoints)
    (folder / RECORD_FILE).write_text(content)
    with pytest.raises(ModelError, match=r"export\.json in .* cannot be read .* export the model anew"):
        read_export(folder)


def test_without_onnx_runtime(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name == "onnxruntime" else find_spec(name))
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
