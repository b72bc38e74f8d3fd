"""An architecture is one file: what is written into it is trained, opened, explained and refused by name."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ferdash.errors import ConfigError, ModelError
from ferdash.inference.explain import has_feature_maps
from ferdash.models import architectures
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.registry import architecture, architecture_of, names
from ferdash.models.torch_model import TorchModel
from ferdash.models.weights import pack_network
from ferdash.training.config import TrainConfig, override
from ferdash.training.settings import NetworkConfig
from ferdash.training.start import build_network

LINEAR = """
from torch import nn
from transformers import AutoConfig, AutoModelForImageClassification, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ImageClassifierOutput
from ferdash.emotions import EMOTIONS
from ferdash.models.processing import processor_of
from ferdash.models.registry import Architecture

class LinearConfig(PreTrainedConfig):
    model_type = "linear"
    num_channels = 1

class LinearModel(PreTrainedModel):
    config_class = LinearConfig
    main_input_name = "pixel_values"

    def __init__(self, config):
        super().__init__(config)
        self.classifier = nn.Linear(48 * 48, 7)
        self.post_init()

    def forward(self, pixel_values, **_):
        return ImageClassifierOutput(logits=self.classifier(pixel_values.flatten(1)))

AutoConfig.register("linear", LinearConfig, exist_ok=True)
AutoModelForImageClassification.register(LinearConfig, LinearModel, exist_ok=True)

ARCHITECTURE = Architecture(
    title="Linear",
    model=LinearModel,
    build=lambda settings: LinearModel(LinearConfig(id2label=dict(enumerate(EMOTIONS)))),
    describe=lambda config: "A linear map of the pixels.",
    save_processor=lambda preprocess, folder: processor_of(preprocess).save_pretrained(folder),
)
"""


@pytest.fixture
def linear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "linear.py").write_text(LINEAR)
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "ferdash.models.architectures.linear", raising=False)


def test_the_shipped_architecture_comes_first() -> None:
    assert names()[0] == NetworkConfig().name == "fernet"
    network = architecture("fernet").build({"width": 8, "depths": (1, 2), "dropout": 0.1})
    assert isinstance(network, FerNetForImageClassification)
    assert (network.config.width, network.config.depths, network.config.dropout) == (8, [1, 2], 0.1)
    assert architecture_of(network) is architecture("fernet")
    assert architecture_of(torch.nn.Linear(2, 2)) is None


def test_its_feature_maps_are_those_the_logits_come_from() -> None:
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).eval()
    pixels = torch.rand(2, 1, 48, 48)
    maps_of = architecture("fernet").feature_maps
    assert maps_of is not None
    logits, maps = maps_of(network, pixels)
    torch.testing.assert_close(logits, network(pixels).logits)
    assert maps.shape == (2, 8, 12, 12)


def test_another_name_is_refused() -> None:
    with pytest.raises(ModelError, match="There is no architecture “resnet”; there are: fernet"):
        architecture("resnet")
    with pytest.raises(ConfigError, match=r"network\.name is resnet, but it must be one of fernet"):
        NetworkConfig(name="resnet")


@pytest.mark.usefixtures("linear")
def test_one_file_is_enough(tmp_path: Path) -> None:
    network, preprocess = build_network(override(TrainConfig(), ["network.name=linear"]), tmp_path)
    assert type(network).__name__ == "LinearModel"
    folder = tmp_path / "runs" / "r1" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save({"network": pack_network(network, vars(preprocess))}, folder / "best.pt")
    model = load_model("run:r1", tmp_path)
    assert isinstance(model, TorchModel)
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    pixels = preprocess(faces).flatten(1)
    expected = network.classifier(pixels).softmax(1)
    np.testing.assert_allclose(model.probabilities(faces), expected.detach().numpy(), atol=1e-6)
    assert model.fused is None
    assert not has_feature_maps(model)
