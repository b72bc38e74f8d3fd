import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage.data import astronaut

from ferdash.models.preprocess import Preprocess
from ferdash.training import degrade as module
from ferdash.training.augment import augment, batch_generator
from ferdash.training.degrade import KINDS, degrade
from ferdash.training.settings import AugmentConfig


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """float32 (64, 1, 48, 48): one face, over and over."""
    face = np.asarray(Image.fromarray(astronaut()[30:190, 140:300]).convert("L").resize((48, 48)))
    return (torch.from_numpy(face.copy()).float() / 255).expand(64, 1, 48, 48).contiguous()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_changes_faces_by_its_generator_alone(faces: torch.Tensor, kind) -> None:
    before = faces.clone()
    changed = kind(faces, batch_generator(0, 1))
    assert torch.equal(faces, before)
    assert changed.shape == faces.shape
    assert torch.equal(changed, kind(faces, batch_generator(0, 1)))
    assert not torch.equal(changed, kind(faces, batch_generator(0, 2)))
    assert float((changed - faces).abs().mean()) > 0.005


def test_each_image_is_changed_with_the_probability_given(faces: torch.Tensor) -> None:
    many = faces.repeat(16, 1, 1, 1)
    changed = degrade(many, 0.1, batch_generator(0, 3))
    untouched = (changed == many).all(dim=3).all(dim=2).all(dim=1).float().mean()
    assert abs(float(untouched) - 0.9 ** len(KINDS)) < 0.06
    assert torch.equal(degrade(many, 0.0, batch_generator(0, 3)), many)
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 1


def test_augmenting_degrades_where_asked_to(faces: torch.Tensor) -> None:
    images = (faces[:, 0] * 255).round().to(torch.uint8)
    plain = augment(images, AugmentConfig(), batch_generator(0, 4), Preprocess())
    assert not torch.equal(plain, augment(images, AugmentConfig(degrade=1.0), batch_generator(0, 4), Preprocess()))


def test_blur_is_scipys_gaussian(faces: torch.Tensor) -> None:
    blurred = module._gaussian(faces[:1], torch.full((1, 1, 1, 1), 1.3))[0, 0].numpy()
    expected = ndimage.gaussian_filter(faces[0, 0].numpy(), 1.3, mode="nearest", radius=module.KERNEL // 2)
    np.testing.assert_allclose(blurred, expected, atol=1e-5)


def test_a_kernel_of_each_image_is_its_own() -> None:
    spots = torch.zeros(2, 1, 15, 15)
    spots[:, :, 7, 7] = 1
    kernels = torch.zeros(2, 1, 9, 9)
    kernels[0, 0, 4, 4] = 1
    kernels[1, 0, 4, 2:7] = 1
    smeared = module._convolved(spots, kernels)
    assert torch.equal(smeared[0], spots[0])
    assert torch.allclose(smeared[1, 0, 7, 5:10], torch.full((5,), 0.2))


def test_cosines_are_orthonormal() -> None:
    assert torch.allclose(module.COSINES @ module.COSINES.T, torch.eye(8), atol=1e-6)


@pytest.mark.parametrize("quality", [10, 30, 59])
def test_jpeg_loses_what_pillow_loses(faces: torch.Tensor, quality: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = torch.full((64, 1, 1, 1), float(quality))
    monkeypatch.setattr(module, "_uniform", lambda count, low, high, generator: fixed)
    ours = module.jpeg(faces, batch_generator(0, 0))[0, 0].numpy() * 255
    file = io.BytesIO()
    original = (faces[0, 0].numpy() * 255).round().astype(np.uint8)
    Image.fromarray(original).save(file, "jpeg", quality=quality)
    theirs = np.asarray(Image.open(file)).astype(float)
    assert np.abs(ours.clip(0, 255) - theirs).mean() < 0.12 * np.abs(theirs - original).mean() + 0.3
