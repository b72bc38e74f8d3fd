import json

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from transformers import ConvNextImageProcessorPil, ViTImageProcessorPil

from ferdash.errors import ModelError
from ferdash.models.preprocess import Preprocess, preprocess_of

LEVEL = 1 / 255 / 0.5  # one level of 255 after a mean and standard deviation of 0.5


def photos(size: int) -> np.ndarray:
    """Patches of a photograph and one of noise, uint8 (4, size, size, 3)."""
    rng = np.random.default_rng(size)
    astronaut = data.astronaut()
    patches = [cv2.resize(astronaut[y : y + 200, y : y + 200], (size, size)) for y in (0, 100, 250)]
    return np.stack([*patches, rng.integers(0, 256, (size, size, 3), dtype=np.uint8)])


@pytest.mark.parametrize("resample", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
@pytest.mark.parametrize("size", [48, 100, 224, 300])
def test_a_batch_is_prepared_as_the_image_processor_does_one_by_one(resample: int, size: int) -> None:
    faces = photos(size)
    processor = ViTImageProcessorPil(resample=resample)
    theirs = processor(list(faces), return_tensors="pt")["pixel_values"]
    ours = preprocess_of(processor, 3)(faces)
    difference = (ours - theirs).abs() / LEVEL
    assert ours.shape == theirs.shape == (4, 3, 224, 224)
    assert difference.max() <= 2.001
    assert difference.mean() < 0.05


def test_without_resizing_nothing_differs() -> None:
    faces = photos(224)
    processor = ViTImageProcessorPil(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    theirs = processor(list(faces), return_tensors="pt")["pixel_values"]
    assert torch.allclose(preprocess_of(processor, 3)(faces), theirs, atol=1e-6)


@pytest.mark.parametrize(
    "processor",
    [
        ViTImageProcessorPil(size={"shortest_edge": 40}, do_center_crop=True, crop_size={"height": 32, "width": 30}),
        ViTImageProcessorPil(size={"height": 32, "width": 24}, do_rescale=False, do_normalize=False),
        ConvNextImageProcessorPil(size={"shortest_edge": 64}, crop_pct=0.875),
        ConvNextImageProcessorPil(size={"shortest_edge": 384}),
    ],
)
def test_other_ways_to_size_and_scale(processor) -> None:
    faces = photos(100)
    theirs = torch.as_tensor(np.stack(processor(list(faces), return_tensors="np")["pixel_values"])).float()
    preprocess = preprocess_of(processor, 3)
    ours = preprocess(faces)
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 2.001 * preprocess.rescale / min(preprocess.std)


def test_grey_goes_to_every_channel_and_colour_becomes_grey_as_pillow_does() -> None:
    faces = photos(48)
    grey = np.stack([np.asarray(Image.fromarray(face).convert("L")) for face in faces])
    one, three = Preprocess(), Preprocess(channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    assert torch.equal(one(faces), one(grey))
    as_colour = np.repeat(grey[..., None], 3, axis=-1)
    assert torch.equal(three(grey), three(as_colour))


def test_values_by_hand() -> None:
    faces = np.array([[[0, 255], [51, 102]]], dtype=np.uint8)
    prepared = Preprocess(height=2, width=2, mean=(0.2,), std=(0.5,))(faces)
    assert prepared.numpy() == pytest.approx(np.array([[[[-0.4, 1.6], [0.0, 0.4]]]]), abs=1e-6)


def test_a_read_only_memory_map_is_left_alone(tmp_path) -> None:
    faces = photos(48)[..., 0]
    np.save(tmp_path / "faces.npy", faces)
    mapped = np.load(tmp_path / "faces.npy", mmap_mode="r")
    assert torch.equal(Preprocess()(mapped), Preprocess()(faces))


@pytest.mark.parametrize(
    "faces", [np.zeros((2, 48, 48)), np.zeros((48, 48), np.uint8), np.zeros((2, 3, 4, 4), np.uint8)]
)
def test_anything_but_a_batch_of_uint8_faces_is_refused(faces: np.ndarray) -> None:
    with pytest.raises(ValueError, match="faces must be uint8"):
        Preprocess()(faces)


def test_settings_that_cannot_be_reproduced_are_refused() -> None:
    with pytest.raises(ModelError, match="resizes by “hamming”"):
        preprocess_of(ViTImageProcessorPil(resample=Image.Resampling.HAMMING), 3)
    with pytest.raises(ModelError, match="does not fit"):
        preprocess_of(ViTImageProcessorPil(size={"shortest_edge": 20}, do_center_crop=True, crop_size=32), 3)
    with pytest.raises(ModelError, match="ferdash needs height and width"):
        preprocess_of(ViTImageProcessorPil(size={"max_height": 20, "max_width": 20}), 3)


@pytest.mark.parametrize("shape", [(5, 48, 48), (5, 48, 48, 3)])
@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(),
        Preprocess(channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        Preprocess(rescale=1 / 127.5, mean=(1.0,), std=(1.0,)),
        Preprocess(height=36, width=36),
    ],
    ids=["fernet", "colour", "to one around zero", "resized"],
)
def test_arrays_are_the_tensors_bit_by_bit(preprocess: Preprocess, shape: tuple[int, ...]) -> None:
    faces = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    found = preprocess.array(faces)
    golden = preprocess(faces).contiguous().numpy()
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, golden)


def test_it_survives_json() -> None:
    preprocess = Preprocess(height=224, width=224, channels=3, mean=(0.1, 0.2, 0.3), resize=(256, 256))
    assert Preprocess.from_dict(json.loads(json.dumps(preprocess.to_dict()))) == preprocess
