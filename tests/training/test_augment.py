import pytest
import torch

from ferdash.models.preprocess import Preprocess
from ferdash.training.augment import affine_grid, augment, batch_generator, mixup
from ferdash.training.settings import AugmentConfig

STRONG = AugmentConfig(flip=0.5, rotation=20, scale=0.2, shift=0.1, brightness=0.4, contrast=0.4, erasing=0.5)


FERNET, SMALL = Preprocess(), Preprocess(height=36, width=36)


@pytest.fixture
def faces() -> torch.Tensor:
    return torch.randint(0, 256, (32, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_no_augmentation_only_scales_to_one(faces: torch.Tensor) -> None:
    pixels = augment(faces, AugmentConfig(), batch_generator(0, 0), FERNET)
    assert torch.equal(pixels[:, 0], faces.float() / 255)


def test_a_batch_depends_on_its_generator_alone(faces: torch.Tensor) -> None:
    torch.manual_seed(1)
    once = augment(faces, STRONG, batch_generator(5, 9), FERNET)
    torch.manual_seed(2)
    assert torch.equal(once, augment(faces, STRONG, batch_generator(5, 9), FERNET))
    assert not torch.equal(once, augment(faces, STRONG, batch_generator(5, 10), FERNET))
    assert not torch.equal(once, augment(faces, STRONG, batch_generator(6, 9), FERNET))


def test_values_and_shape_stay_in_bounds(faces: torch.Tensor) -> None:
    pixels = augment(faces, STRONG, batch_generator(0, 1), SMALL)
    assert pixels.shape == (32, 1, 36, 36)
    assert float(pixels.min()) >= 0
    assert float(pixels.max()) <= 1


def test_flip_alone_mirrors_about_half_of_the_images_exactly(faces: torch.Tensor) -> None:
    pixels = augment(faces, AugmentConfig(flip=0.5), batch_generator(0, 2), FERNET)[:, 0]
    plain = faces.float() / 255
    same = torch.isclose(pixels, plain, atol=1e-5).all(dim=(1, 2))
    mirrored = torch.isclose(pixels, plain.flip(2), atol=1e-5).all(dim=(1, 2))
    assert bool((same ^ mirrored).all())
    assert 8 <= int(mirrored.sum()) <= 24


@pytest.mark.parametrize(("height", "width"), [(48, 48), (36, 52), (1, 7)])
def test_a_grid_is_that_of_pytorch(height: int, width: int) -> None:
    theta = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.affine_grid(theta, [5, 1, height, width], align_corners=False)
    torch.testing.assert_close(affine_grid(theta, height, width), expected, atol=2e-6, rtol=0)


def test_erasing_blanks_two_to_fifteen_percent_with_the_mean(faces: torch.Tensor) -> None:
    pixels = augment(faces, AugmentConfig(erasing=1.0), batch_generator(0, 3), FERNET)[:, 0]
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


SEEN_BY = {
    "larger": Preprocess(height=64, width=64),
    "smaller": Preprocess(height=32, width=32),
    "bicubic": Preprocess(height=96, width=96, resample="bicubic"),
    "nearest": Preprocess(height=50, width=50, resample="nearest"),
    "the centre cut out": Preprocess(height=56, width=56, resize=(64, 64)),
    "cut out, bicubic": Preprocess(height=56, width=56, resize=(64, 64), resample="bicubic"),
    "cut out off the middle": Preprocess(height=55, width=56, resize=(64, 61)),
    "oblong": Preprocess(height=48, width=64),
}


@pytest.mark.parametrize("shown", SEEN_BY)
def test_without_a_change_training_sees_what_evaluation_sees(faces: torch.Tensor, shown: str) -> None:
    seen = SEEN_BY[shown]
    golden = seen.resized(faces[:, None]).float() / 255
    assert torch.equal(augment(faces, AugmentConfig(), batch_generator(0, 0), seen), golden)
    # A rotation of nearly nothing goes the way of all rotations.
    barely = augment(faces, AugmentConfig(rotation=1e-6), batch_generator(0, 0), seen)
    assert float((barely - golden).abs().max()) < 0.02


@pytest.mark.parametrize("shown", SEEN_BY)
def test_a_mirrored_face_is_the_mirrored_face_that_evaluation_sees(faces: torch.Tensor, shown: str) -> None:
    seen = SEEN_BY[shown]
    golden = seen.resized(faces[:, None].flip(3)).float() / 255
    flipped = augment(faces, AugmentConfig(flip=1.0), batch_generator(0, 0), seen)
    assert float((flipped - golden).abs().max()) < 0.02 or shown in ("cut out off the middle", "nearest")


@pytest.mark.parametrize("rescale", [1 / 255, 1 / 127.5, 1.0])
def test_the_scale_is_the_networks_own(faces: torch.Tensor, rescale: float) -> None:
    seen = Preprocess(rescale=rescale, mean=(0.4,), std=(0.3,))
    pixels = augment(faces, AugmentConfig(), batch_generator(0, 0), seen)
    assert torch.allclose(seen.normalise_unit(pixels), seen(faces.numpy()), rtol=1e-5)
