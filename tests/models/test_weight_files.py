from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file, save_file

from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.onnx_export import export_float32, share_weights
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.runtime import open_graph
from ferdash.models.torch_loading import load_in_torch
from ferdash.models.torch_model import TorchModel
from ferdash.models.weight_files import WEIGHTS_FILE, halve, read_header


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A FerNet whose batch norms all do something."""
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=16, depths=[1, 1]))
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for values in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
                values.uniform_(0.5, 1.5)
    network.save_pretrained(tmp_path / "model")
    processor_of(Preprocess()).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def opened(folder: Path) -> TorchModel:
    return load_in_torch(str(folder), folder.parent)


def test_a_header_says_where_each_tensor_lies(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1.5, -2], dtype=torch.float16)}
    save_file(tensors, tmp_path / "w.safetensors", metadata={"format": "pt"})
    header = read_header(tmp_path / "w.safetensors")
    assert set(header) == {"a", "b"}
    assert (header["a"].kind, header["a"].shape, header["a"].length) == ("F32", (2, 3), 24)
    content = (tmp_path / "w.safetensors").read_bytes()
    for name, kind in (("a", "<f4"), ("b", "<f2")):
        entry = header[name]
        found = np.frombuffer(content[entry.start : entry.start + entry.length], kind).reshape(entry.shape)
        np.testing.assert_array_equal(found, tensors[name].numpy())


def test_half_the_size_rounded_to_nearest(folder: Path) -> None:
    path = folder / WEIGHTS_FILE
    before, size = load_file(path), path.stat().st_size
    halve(path)
    after = load_file(path)
    assert path.stat().st_size < 0.6 * size
    assert set(after) == set(before)
    for name, tensor in before.items():
        golden = tensor.numpy().astype(np.float16) if tensor.ndim > 1 else tensor.numpy()
        np.testing.assert_array_equal(after[name].numpy(), golden)
    network = opened(folder).network
    assert {tensor.dtype for tensor in network.state_dict().values()} == {torch.float32, torch.int64}
    np.testing.assert_array_equal(
        network.state_dict()["classifier.weight"].numpy(), after["classifier.weight"].float().numpy()
    )


@pytest.mark.parametrize("half", [True, False])
def test_a_graph_shares_the_weights_of_the_file(folder: Path, half: bool) -> None:
    if half:
        halve(folder / WEIGHTS_FILE)
    model = opened(folder)
    (folder / "onnx").mkdir()
    graph = export_float32(model, folder / "onnx")
    whole = graph.stat().st_size
    pixels = model.preprocess.array(np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8))
    (golden,) = open_graph(graph).run(["logits"], {"pixel_values": pixels})
    assert share_weights(graph, folder / WEIGHTS_FILE)
    assert graph.stat().st_size < 0.3 * whole
    (found,) = open_graph(graph, weights_in=folder).run(["logits"], {"pixel_values": pixels})
    np.testing.assert_allclose(found, golden, rtol=1e-4, atol=1e-4)
    outside = [one for one in onnx.load(graph, load_external_data=False).graph.initializer if one.external_data]
    assert len(outside) >= 3


def test_weights_that_stand_in_no_file_stay_in_the_graph(folder: Path, tmp_path: Path) -> None:
    graph = export_float32(opened(folder), tmp_path)
    content = graph.read_bytes()
    other = {
        name: torch.randn_like(value) for name, value in load_file(folder / WEIGHTS_FILE).items() if value.ndim > 1
    }
    save_file(other, tmp_path / WEIGHTS_FILE)
    assert not share_weights(graph, tmp_path / WEIGHTS_FILE)
    assert graph.read_bytes() == content
