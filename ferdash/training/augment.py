"""Augmentation of a whole batch as tensor operations: one affine resampling, then light, erasing and what
cameras and codecs do."""

import math

import torch
from torch.nn import functional as F

from ferdash.models.preprocess import Preprocess
from ferdash.training.degrade import degrade
from ferdash.training.settings import AugmentConfig
from ferdash.training.torch_compat import draw_beta


def batch_generator(seed: int, step: int, device: torch.device | str = "cpu") -> torch.Generator:
    """The random numbers of one batch: a function of the run's seed and the batch's number since the run's start, and
    of the kind of device, which has a generator of its own."""
    # A large odd multiplier keeps (seed, step) pairs apart; torch mixes the bits of the seed itself.
    return torch.Generator(device).manual_seed((seed * 1_000_003 + step) % 2**63)


def augment(
    images: torch.Tensor,
    config: AugmentConfig,
    generator: torch.Generator,
    preprocess: Preprocess,
    *,
    quick: bool = False,
) -> torch.Tensor:
    """Randomly changed training images, of the size and from the part of the face that the network is given.

    images: uint8 (N, H, W), on the generator's device. Returns float32 (N, 1, height, width) on a scale of 0 to 1,
    which without any change are the pixels that evaluation sees. The randomness comes from `generator` alone. quick:
    sample once where resizing first would look nearer at every pixel.
    """
    count, channel = len(images), images[:, None]
    if config.flip or config.rotation or config.scale or config.shift:
        if not quick and not _samples_alike(images, preprocess):
            channel = preprocess.uncut(channel)
        theta = _random_affine(count, config, generator) @ _window(preprocess).to(images.device)
        grid = affine_grid(theta, preprocess.height, preprocess.width)
        pixels = F.grid_sample(channel.float().div_(255), grid, padding_mode="border", align_corners=False)
    else:
        pixels = preprocess.resized(channel).float().div_(255)
    if config.brightness or config.contrast:
        pixels = _relight(pixels, config, generator)
    if config.erasing:
        pixels = _erase(pixels, config.erasing, generator)
    if config.degrade:
        pixels = degrade(pixels, config.degrade, generator)
    return pixels


def _samples_alike(images: torch.Tensor, preprocess: Preprocess) -> bool:
    """Whether sampling at once from the images is what resizing them first would give, up to rounding: bilinear, and
    not smaller."""
    height, width = preprocess.whole
    return preprocess.resample == "bilinear" and height >= images.shape[1] and width >= images.shape[2]


def _window(preprocess: Preprocess) -> torch.Tensor:
    """The part of the resized face that is cut out, (3, 3): from coordinates of the part, -1 to 1, to the face's."""
    (height, width), (top, left) = preprocess.whole, preprocess.corner
    down, across = preprocess.height / height, preprocess.width / width
    middle_x, middle_y = (2 * left + preprocess.width) / width - 1, (2 * top + preprocess.height) / height - 1
    return torch.tensor([[across, 0.0, middle_x], [0.0, down, middle_y], [0.0, 0.0, 1.0]])


def mixup(
    pixels: torch.Tensor, targets: torch.Tensor, alpha: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend each image and target with another of the batch, by one share drawn from Beta(alpha, alpha).

    pixels: float (N, C, H, W); targets: float (N, 7), rows sum to 1. Zhang et al., "mixup: Beyond Empirical Risk
    Minimization" (2018), equation 1.
    """
    share = draw_beta(alpha, generator)
    order = torch.randperm(len(pixels), generator=generator, device=generator.device)
    return torch.lerp(pixels[order], pixels, share), torch.lerp(targets[order], targets, share)


def _rand(count: int, generator: torch.Generator) -> torch.Tensor:
    return torch.rand(count, generator=generator, device=generator.device)


def _uniform(count: int, limit: float, generator: torch.Generator) -> torch.Tensor:
    return (_rand(count, generator) * 2 - 1) * limit


def _random_affine(count: int, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    angle = _uniform(count, math.radians(config.rotation), generator)
    zoom = 1 + _uniform(count, config.scale, generator)
    shift = _uniform(2 * count, 2 * config.shift, generator).view(2, count)  # a grid spans -1 to 1
    mirror = torch.where(_rand(count, generator) < config.flip, -1.0, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    return torch.stack([cos * mirror, -sin, shift[0], sin * mirror, cos, shift[1]], dim=1).view(count, 2, 3)


def affine_grid(theta: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Where each pixel is looked up, (N, height, width, 2), by theta (N, 2, 3): what torch's affine_grid gives, which
    multiplies a small matrix with every pixel's place and takes over ten times as long on a processor."""
    columns = (torch.arange(width, device=theta.device) * 2 + 1 - width) / width
    rows = (torch.arange(height, device=theta.device) * 2 + 1 - height) / height
    by_column = theta[:, :, 0, None] * columns
    by_row = theta[:, :, 1, None] * rows + theta[:, :, 2, None]
    return by_row.transpose(1, 2)[:, :, None] + by_column.transpose(1, 2)[:, None]


def _relight(pixels: torch.Tensor, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    count = len(pixels)
    brightness = 1 + _uniform(count, config.brightness, generator).view(-1, 1, 1, 1)
    contrast = 1 + _uniform(count, config.contrast, generator).view(-1, 1, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return ((pixels - mean) * contrast + mean * brightness).clamp_(0, 1)


def _erase(pixels: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """Zhong et al., "Random Erasing Data Augmentation" (2020), filling with the image's mean."""
    count, _, height, width = pixels.shape
    chosen = _rand(count, generator) < probability
    area = (0.02 + 0.13 * _rand(count, generator)) * height * width
    ratio = torch.exp(_uniform(count, math.log(3.0), generator))
    tall = (area * ratio).sqrt().clamp(max=height)
    wide = (area / ratio).sqrt().clamp(max=width)
    top = _rand(count, generator) * (height - tall)
    left = _rand(count, generator) * (width - wide)
    rows = torch.arange(height, device=pixels.device)[None, :]
    columns = torch.arange(width, device=pixels.device)[None, :]
    in_rows = (rows >= top[:, None]) & (rows < (top + tall)[:, None])
    in_columns = (columns >= left[:, None]) & (columns < (left + wide)[:, None])
    hole = (in_rows[:, :, None] & in_columns[:, None, :] & chosen[:, None, None])[:, None]
    return torch.where(hole, pixels.mean(dim=(1, 2, 3), keepdim=True), pixels)
