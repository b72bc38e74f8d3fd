from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification, pipeline

from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess, preprocess_of
from ferdash.models.processing import FerNetImageProcessor, processor_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A FerNet as it is shipped."""
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(tmp_path)
    processor_of(Preprocess()).save_pretrained(tmp_path)
    return tmp_path


def test_the_folder_opens_with_the_auto_classes(folder: Path) -> None:
    processor = AutoImageProcessor.from_pretrained(folder)
    assert isinstance(processor, FerNetImageProcessor)
    assert isinstance(AutoModelForImageClassification.from_pretrained(folder), FerNetForImageClassification)


@pytest.mark.parametrize("preprocess", [Preprocess(), Preprocess(40, 44, 1, (0.3,), (0.2,), 1 / 127.5, "bicubic")])
def test_settings_survive_saving_and_loading(tmp_path: Path, preprocess: Preprocess) -> None:
    processor_of(preprocess).save_pretrained(tmp_path)
    assert preprocess_of(AutoImageProcessor.from_pretrained(tmp_path), channels=1) == preprocess


def test_pictures_arrays_and_lists_of_them_give_the_same_grey_pixels(folder: Path) -> None:
    processor = AutoImageProcessor.from_pretrained(folder)
    grey = np.random.default_rng(0).integers(0, 256, (2, 60, 50), dtype=np.uint8)
    colour = np.repeat(grey[..., None], 3, axis=-1)
    expected = processor([Image.fromarray(image) for image in grey], return_tensors="pt")["pixel_values"]
    assert expected.shape == (2, 1, 48, 48)
    for images in (list(grey), list(colour), [Image.fromarray(image) for image in colour]):
        assert torch.equal(processor(images, return_tensors="pt")["pixel_values"], expected)
    assert torch.equal(processor(grey[0], return_tensors="pt")["pixel_values"], expected[:1])


def test_the_batch_path_agrees_within_two_levels(folder: Path) -> None:
    processor = AutoImageProcessor.from_pretrained(folder)
    faces = np.random.default_rng(1).integers(0, 256, (4, 90, 70), dtype=np.uint8)
    theirs = processor(list(faces), return_tensors="pt")["pixel_values"]
    assert (Preprocess()(faces) - theirs).abs().max() <= 2.001 / 255 / Preprocess().std[0]
    small = faces[:, :48, :48]
    theirs = processor(list(small), return_tensors="pt")["pixel_values"]
    assert torch.allclose(Preprocess()(small), theirs, atol=1e-6)


def test_transformers_own_pipeline_classifies_with_it(folder: Path) -> None:
    classify = pipeline("image-classification", model=str(folder), device="cpu")
    answer = classify(Image.new("RGB", (80, 60), "grey"))
    assert sum(entry["score"] for entry in classify(Image.new("L", (48, 48)), top_k=7)) == pytest.approx(1, abs=1e-5)
    assert answer[0]["label"] in FerNetConfig().label2id
