import pytest
import torch

from ferdash.training.augment import augment, batch_generator, mixup, resize
from ferdash.training.config import AugmentConfig

STRONG = AugmentConfig(flip=0.5, rotation=20, scale=0.2, shift=0.1, brightness=0.4, contrast=0.4, erasing=0.5)


@pytest.fixture
def faces() -> torch.Tensor:
    return torch.randint(0, 256, (32, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_no_augmentation_only_scales_to_one(faces: torch.Tensor) -> None:
    pixels = augment(faces, AugmentConfig(), batch_generator(0, 0), 48)
    assert torch.equal(pixels[:, 0], faces.float() / 255)


def test_a_batch_depends_on_its_generator_alone(faces: torch.Tensor) -> None:
    torch.manual_seed(1)
    once = augment(faces, STRONG, batch_generator(5, 9), 48)
    torch.manual_seed(2)
    assert torch.equal(once, augment(faces, STRONG, batch_generator(5, 9), 48))
    assert not torch.equal(once, augment(faces, STRONG, batch_generator(5, 10), 48))
    assert not torch.equal(once, augment(faces, STRONG, batch_generator(6, 9), 48))


def test_values_and_shape_stay_in_bounds(faces: torch.Tensor) -> None:
    pixels = augment(faces, STRONG, batch_generator(0, 1), 36)
    assert pixels.shape == (32, 1, 36, 36)
    assert float(pixels.min()) >= 0
    assert float(pixels.max()) <= 1


def test_flip_alone_mirrors_about_half_of_the_images_exactly(faces: torch.Tensor) -> None:
    pixels = augment(faces, AugmentConfig(flip=0.5), batch_generator(0, 2), 48)[:, 0]
    plain = faces.float() / 255
    same = torch.isclose(pixels, plain, atol=1e-5).all(dim=(1, 2))
    mirrored = torch.isclose(pixels, plain.flip(2), atol=1e-5).all(dim=(1, 2))
    assert bool((same ^ mirrored).all())
    assert 8 <= int(mirrored.sum()) <= 24


def test_erasing_blanks_two_to_fifteen_percent_with_the_mean(faces: torch.Tensor) -> None:
    pixels = augment(faces, AugmentConfig(erasing=1.0), batch_generator(0, 3), 48)[:, 0]
    plain = faces.float() / 255
    mean = plain.mean(dim=(1, 2), keepdim=True)
    erased = torch.isclose(pixels, mean.expand_as(pixels), atol=1e-6)
    assert torch.equal(pixels[~erased], plain[~erased])
    share = erased.float().mean(dim=(1, 2))
    assert float(share.min()) > 0.012
    assert float(share.max()) < 0.19


def test_mixup_blends_images_and_targets_by_the_same_share() -> None:
    pixels = torch.eye(7).view(7, 1, 7, 1)
    mixed, targets = mixup(pixels, torch.eye(7), 0.4, batch_generator(0, 4))
    assert torch.equal(mixed.view(7, 7), targets)
    assert torch.allclose(targets.sum(1), torch.ones(7))


def test_resize_keeps_what_fits() -> None:
    pixels = torch.rand(2, 1, 48, 48)
    assert resize(pixels, 48) is pixels
    assert resize(pixels, 24).shape == (2, 1, 24, 24)
    flat = torch.full((1, 1, 48, 48), 0.25)
    assert torch.allclose(resize(flat, 31), torch.full((1, 1, 31, 31), 0.25))
