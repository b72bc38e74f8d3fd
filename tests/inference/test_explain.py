"""Networks that are built to look at one place, so that a map has a right answer."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from transformers import ConvNextConfig, ConvNextForImageClassification, ViTConfig, ViTForImageClassification

from ferdash.emotions import EMOTIONS
from ferdash.errors import LabelError, ModelError
from ferdash.inference.explain import grad_cam, has_feature_maps, occlusion_map
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.torch_model import TorchModel

HAPPY = EMOTIONS.index("happy")
RGB = Preprocess(height=64, width=64, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
LABELS = {"id2label": dict(enumerate(EMOTIONS)), "label2id": {name: place for place, name in enumerate(EMOTIONS)}}


class LooksForWhite(nn.Module):
    """Happy as far as something is white, sad as far as something is black; the labels stand in reverse order."""

    def forward(self, pixel_values: torch.Tensor, output_hidden_states: bool = False) -> SimpleNamespace:
        white, black = (pixel_values - 0.8).relu(), (0.2 - pixel_values).relu()
        maps = nn.functional.avg_pool2d(torch.cat([white, black], dim=1), 4)
        weights = torch.zeros(7, 2)
        weights[6 - HAPPY, 0] = weights[6 - EMOTIONS.index("sad"), 1] = 200.0
        return SimpleNamespace(logits=maps.mean(dim=(2, 3)) @ weights.T, hidden_states=(maps,))


def model_of(network: nn.Module, preprocess: Preprocess, columns: list[int] | None = None) -> EmotionModel:
    columns = columns or list(range(7))
    return TorchModel("test", "Test", columns, preprocess, network.eval().requires_grad_(False), torch.device("cpu"))


@pytest.fixture
def white_seeker() -> EmotionModel:
    return model_of(LooksForWhite(), Preprocess(mean=(0.0,), std=(1.0,)), list(range(6, -1, -1)))


@pytest.fixture
def face() -> np.ndarray:
    """Grey, with a white spot at the top left and a black one at the bottom right."""
    face = np.full((48, 48), 128, dtype=np.uint8)
    face[6:14, 8:16] = 255
    face[34:42, 30:38] = 0
    return face


@pytest.mark.parametrize("explain", [grad_cam, occlusion_map])
def test_the_map_is_where_the_network_looks(explain, white_seeker: EmotionModel, face: np.ndarray) -> None:
    for emotion, (rows, columns) in {
        "happy": (slice(0, 20), slice(2, 22)),
        "sad": (slice(28, 48), slice(24, 44)),
    }.items():
        heat = explain(white_seeker, face, emotion)
        assert heat.shape == (48, 48)
        assert heat.dtype == np.float32
        assert 0 <= heat.min() <= heat.max() <= 1
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        assert rows.start <= row < rows.stop
        assert columns.start <= column < columns.stop
        assert heat[rows, columns].sum() > 0.8 * heat.sum()


def test_the_occlusion_map_is_the_fall_of_the_probability(white_seeker: EmotionModel, face: np.ndarray) -> None:
    # One square covers the whole spot, so the deepest pixel falls as far as the probability can.
    covered = face.copy()
    covered[6:18, 6:18] = 129
    before, after = white_seeker.probabilities(np.stack([face, covered]))[:, HAPPY]
    heat = occlusion_map(white_seeker, face, "happy")
    assert before - after > 0.1
    assert 0.3 * (before - after) < heat.max() <= before - after + 1e-6


def test_nothing_that_speaks_for_an_emotion_is_an_empty_map(white_seeker: EmotionModel) -> None:
    blank = np.full((48, 48), 129, dtype=np.uint8)
    assert not grad_cam(white_seeker, blank, "happy").any()
    assert not occlusion_map(white_seeker, blank, "happy").any()


def test_grad_cam_of_fernet_by_its_definition() -> None:
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=8))
    model = model_of(network, Preprocess())
    face = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    maps = network.stages(network.stem(model.preprocess(face[None])))[0]
    # Behind a mean over positions stands one linear layer, so each map's importance is its weight over 9 positions.
    heat = (network.classifier.weight[HAPPY][:, None, None] * maps).sum(0).relu() / 9
    found = grad_cam(model, face, "happy")
    expected = nn.functional.interpolate(heat[None, None], (48, 48), mode="bilinear")[0, 0].numpy()
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-5)
    # And the maps are those of the network as it classifies.
    np.testing.assert_allclose(
        network.classifier(maps.mean(dim=(1, 2))).softmax(0).numpy(), model.probabilities(face[None])[0], atol=1e-6
    )


def test_a_transformers_network_with_a_centre_crop() -> None:
    torch.manual_seed(0)
    config = ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, image_size=64, **LABELS)
    cropped = Preprocess(**{**vars(RGB), "resize": (80, 80)})
    model = model_of(ConvNextForImageClassification(config), cropped)
    assert has_feature_maps(model)
    face = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    heat = grad_cam(model, face, "fear")
    assert heat.shape == (40, 40)
    # The network saw the inner 32 of 40 pixels.
    assert not heat[:3].any()
    assert not heat[:, -3:].any()


def test_a_vision_transformer_has_the_occlusion_map_only() -> None:
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=64, **LABELS
    )
    model = model_of(ViTForImageClassification(config), RGB)
    face = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    assert not has_feature_maps(model)
    with pytest.raises(ModelError, match="test is no convolutional network, so it has no Grad-CAM map; use the occl"):
        grad_cam(model, face, "happy")
    assert occlusion_map(model, face, "happy").shape == (48, 48)


@pytest.mark.parametrize("explain", [grad_cam, occlusion_map])
def test_an_unknown_emotion(explain, white_seeker: EmotionModel, face: np.ndarray) -> None:
    with pytest.raises(LabelError, match="bored"):
        explain(white_seeker, face, "bored")
