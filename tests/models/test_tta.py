from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

from ferdash.cli.options import TtaOption
from ferdash.emotions import EMOTIONS
from ferdash.evaluation.protocol import TTA
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.torch_model import TorchModel
from ferdash.models.tta import average_probabilities, mirrored, ten_crops, variants

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)


def model(seed: int) -> EmotionModel:
    torch.manual_seed(seed)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=[1, 1])).eval()
    return TorchModel("m", "M", list(range(7)), Preprocess(), network, torch.device("cpu"))


def test_the_ten_crops_are_corners_and_centre_and_their_mirror_images():
    crops = ten_crops(FACES)
    assert len(crops) == 10
    assert {crop.shape for crop in crops} == {FACES.shape}
    top_left, bottom_right_mirrored = crops[0], crops[7]
    assert np.array_equal(top_left[:, 2:, 2:], FACES[:, :46, :46])
    assert np.array_equal(top_left[:, 0, 2:], FACES[:, 0, :46])  # the border is repeated
    assert np.array_equal(bottom_right_mirrored[:, :46, 2:], FACES[:, 2:, 47:1:-1])
    assert np.array_equal(crops[8], FACES)


def test_colour_faces_keep_their_channels():
    colour = np.repeat(FACES[..., None], 3, axis=3)
    assert ten_crops(colour)[1].shape == colour.shape
    assert np.array_equal(ten_crops(colour)[1][..., 0], ten_crops(FACES)[1])
    assert np.array_equal(mirrored(colour)[..., 0], mirrored(FACES))


def test_the_names_are_those_that_protocols_know_and_commands_offer():
    assert list(TTA) == list(get_args(get_args(TtaOption)[0]))
    faces = np.zeros((2, 48, 48), dtype=np.uint8)
    assert [len(variants(name, faces)) for name in TTA] == [1, 2, 10]


def test_a_model_averages_over_its_augmentation():
    plain = model(0)
    golden = np.mean([plain.probabilities(crop) for crop in ten_crops(FACES)], axis=0)
    found = replace(plain, tta="ten-crop").probabilities(FACES)
    assert found == pytest.approx(golden, abs=1e-6)
    assert found.dtype == np.float32
    assert np.abs(found - plain.probabilities(FACES)).max() > 1e-5


def test_the_average_is_over_models_and_variants():
    models, variants = [model(0), model(1)], [FACES, mirrored(FACES)]
    golden = np.mean([one.probabilities(variant) for one in models for variant in variants], axis=0)
    found = average_probabilities(models, variants)
    assert found == pytest.approx(golden, abs=1e-6)
    assert found.shape == (3, len(EMOTIONS))
    assert np.abs(models[0].probabilities(FACES) - golden).max() > 1e-3
