from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from transformers import ViTConfig, ViTForImageClassification

from ferdash.emotions import EMOTIONS
from ferdash.errors import CheckpointError
from ferdash.models.averaging import BATCH, mean_network, measure_statistics
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.torch_model import TorchModel
from ferdash.models.weights import pack_network


def small(seed: int) -> FerNetForImageClassification:
    torch.manual_seed(seed)
    return FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1)))


def model_of(network: torch.nn.Module) -> EmotionModel:
    return TorchModel("x", "x", list(range(7)), Preprocess(), network.eval(), torch.device("cpu"))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, network: FerNetForImageClassification, averaged: dict | None = None) -> Path:
        torch.save({"network": pack_network(network, {}), "averaged": averaged}, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (BATCH + 40, 48, 48), dtype=np.uint8)


def test_the_mean_is_taken_of_weights_as_they_are_evaluated(write: Callable[..., Path]) -> None:
    first, second, third = small(1), small(2), small(3)
    mean = mean_network(
        [write("a.pt", first), write("b.pt", first, averaged=second.state_dict()), write("c.pt", third)]
    )
    states = [network.state_dict() for network in (first, second, third)]
    for name, weights in mean.named_parameters():
        expected = sum(state[name].double() for state in states) / 3
        torch.testing.assert_close(weights.double(), expected, rtol=1e-5, atol=1e-6)


def test_a_file_that_cannot_be_read_is_named(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint epoch-009\.pt"):
        mean_network([write("a.pt", small(1)), tmp_path / "epoch-009.pt"])


def test_statistics_are_the_moments_of_what_a_layer_sees(faces: np.ndarray) -> None:
    model = model_of(small(1))
    measure_statistics(model, faces[:BATCH])
    stem = model.network.get_submodule("stem")
    seen = F.conv2d(model.preprocess(faces[:BATCH]), stem[0].weight, padding=1)
    torch.testing.assert_close(stem[1].running_mean, seen.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(stem[1].running_var, seen.var(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert not model.network.training
    assert stem[1].momentum == 0.1  # a later training continues as before


def test_faces_that_lie_in_order_are_mixed(faces: np.ndarray) -> None:
    dark_first = np.concatenate([faces[:BATCH] // 8, faces[:BATCH]])
    model = model_of(small(1))
    measure_statistics(model, dark_first)
    stem = model.network.get_submodule("stem")
    seen = F.conv2d(model.preprocess(dark_first), stem[0].weight, padding=1)
    torch.testing.assert_close(stem[1].running_var, seen.var(dim=(0, 2, 3)), rtol=0.05, atol=1e-4)


def test_few_faces_are_enough_and_a_small_last_batch_does_not_count(faces: np.ndarray) -> None:
    whole, few = (model_of(small(1)) for _ in range(2))
    measure_statistics(whole, faces)
    measure_statistics(few, faces[:40])
    assert whole.network.stem[1].num_batches_tracked == few.network.stem[1].num_batches_tracked == 1


def test_a_network_without_batch_norm_stays_as_it_is(faces: np.ndarray) -> None:
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=48, patch_size=16,
        num_channels=1, num_labels=len(EMOTIONS),
    )  # fmt: skip
    network = ViTForImageClassification(config)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    measure_statistics(model_of(network), faces[:8])
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
