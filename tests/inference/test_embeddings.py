import threading

import numpy as np
import pytest
import torch
from torch import nn
from transformers import ViTConfig, ViTForImageClassification

from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError, ModelError
from ferdash.inference.embeddings import project
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.features import embed
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.torch_model import TorchModel


def model_of(network: nn.Module, preprocess: Preprocess) -> EmotionModel:
    network = network.eval().requires_grad_(False)
    return TorchModel("test", "Test", list(range(7)), preprocess, network, torch.device("cpu"))


@pytest.fixture
def model() -> EmotionModel:
    torch.manual_seed(0)
    return model_of(FerNetForImageClassification(FerNetConfig(width=8)), Preprocess())


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (10, 48, 48), dtype=np.uint8)


def test_the_last_layer_makes_the_logits_of_the_features(model: EmotionModel, faces: np.ndarray) -> None:
    seen: list[tuple[int, int]] = []
    features = embed(model, faces, batch_size=4, on_progress=lambda done, total: seen.append((done, total)))
    assert features.shape == (10, 64)
    assert features.dtype == np.float32
    assert seen == [(4, 10), (8, 10), (10, 10)]
    logits = model.network.classifier(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(logits, model.logits(faces), atol=1e-5)
    assert not model.network.classifier._forward_pre_hooks


def test_a_vision_transformer_gives_features_too(faces: np.ndarray) -> None:
    labels = {"id2label": dict(enumerate(EMOTIONS)), "label2id": {name: place for place, name in enumerate(EMOTIONS)}}
    config = ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, **labels)
    wide = Preprocess(height=224, width=224, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert embed(model_of(ViTForImageClassification(config), wide), faces[:2]).shape == (2, 16)


def test_faces_of_another_thread_do_not_get_in(model: EmotionModel, faces: np.ndarray) -> None:
    def meanwhile(done: int, total: int) -> None:
        other = threading.Thread(target=model.logits, args=(faces,))
        other.start()
        other.join()

    assert len(embed(model, faces, batch_size=5, on_progress=meanwhile)) == 10


def test_no_face_has_no_features(model: EmotionModel, faces: np.ndarray) -> None:
    assert len(embed(model, faces[:0])) == 0


def test_a_network_without_a_classifier() -> None:
    with pytest.raises(ModelError, match="test has no layer called classifier"):
        embed(model_of(nn.Identity(), Preprocess()), np.zeros((1, 48, 48), dtype=np.uint8))


def test_groups_stay_apart_and_the_seed_decides() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 40)
    features = rng.normal(size=(80, 64)) + 20 * group[:, None]
    spread = project(features, seed=1)
    assert spread.shape == (80, 2)
    np.testing.assert_array_equal(spread, project(features, seed=1))
    centres = np.stack([spread[group == one].mean(axis=0) for one in (0, 1)])
    nearest = np.linalg.norm(spread[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == group).all()


def test_few_faces() -> None:
    assert project(np.random.default_rng(0).normal(size=(5, 3))).shape == (5, 2)
    with pytest.raises(EvaluationError, match="A map of faces needs at least 5 of them, not 4"):
        project(np.zeros((4, 3)))
