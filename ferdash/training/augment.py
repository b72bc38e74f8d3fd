"""Augmentation of a whole batch as tensor operations: one affine resampling, then light, erasing and what
cameras and codecs do."""

import math

import torch
from torch.nn import functional as F

from ferdash.training.config import AugmentConfig
from ferdash.training.degrade import degrade
from ferdash.training.torch_compat import draw_beta


def batch_generator(seed: int, step: int) -> torch.Generator:
    """The random numbers of one batch: a function of the run's seed and the batch's number since the run's start."""
    # A large odd multiplier keeps (seed, step) pairs apart; torch mixes the bits of the seed itself.
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)


def augment(images: torch.Tensor, config: AugmentConfig, generator: torch.Generator, size: int) -> torch.Tensor:
    """Randomly changed training images.

    images: uint8 (N, H, W). Returns float32 (N, 1, size, size) on a scale of 0 to 1. The randomness comes from
    `generator` alone.
    """
    pixels = images[:, None].float().div_(255)
    count = len(images)
    if config.flip or config.rotation or config.scale or config.shift:
        grid = F.affine_grid(_random_affine(count, config, generator), [count, 1, size, size], align_corners=False)
        pixels = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    elif size != images.shape[-1]:
        pixels = resize(pixels, size)
    if config.brightness or config.contrast:
        pixels = _relight(pixels, config, generator)
    if config.erasing:
        pixels = _erase(pixels, config.erasing, generator)
    if config.degrade:
        pixels = degrade(pixels, config.degrade, generator)
    return pixels


def resize(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Bilinear with antialiasing, (N, C, H, W) -> (N, C, size, size); unchanged where it fits already."""
    if pixels.shape[-2:] == (size, size):
        return pixels
    return F.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True, align_corners=False)


def mixup(
    pixels: torch.Tensor, targets: torch.Tensor, alpha: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend each image and target with another of the batch, by one share drawn from Beta(alpha, alpha).

    pixels: float (N, C, H, W); targets: float (N, 7), rows sum to 1. Zhang et al., "mixup: Beyond Empirical Risk
    Minimization" (2018), equation 1.
    """
    share = draw_beta(alpha, generator)
    order = torch.randperm(len(pixels), generator=generator)
    return torch.lerp(pixels[order], pixels, share), torch.lerp(targets[order], targets, share)


def _uniform(count: int, limit: float, generator: torch.Generator) -> torch.Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * limit


def _random_affine(count: int, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    angle = _uniform(count, math.radians(config.rotation), generator)
    zoom = 1 + _uniform(count, config.scale, generator)
    shift = _uniform(2 * count, 2 * config.shift, generator).view(2, count)  # affine_grid spans -1 to 1
    mirror = torch.where(torch.rand(count, generator=generator) < config.flip, -1.0, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    return torch.stack([cos * mirror, -sin, shift[0], sin * mirror, cos, shift[1]], dim=1).view(count, 2, 3)


def _relight(pixels: torch.Tensor, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    count = len(pixels)
    brightness = 1 + _uniform(count, config.brightness, generator).view(-1, 1, 1, 1)
    contrast = 1 + _uniform(count, config.contrast, generator).view(-1, 1, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return ((pixels - mean) * contrast + mean * brightness).clamp_(0, 1)


def _erase(pixels: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """Zhong et al., "Random Erasing Data Augmentation" (2020), filling with the image's mean."""
    count, _, height, width = pixels.shape
    chosen = torch.rand(count, generator=generator) < probability
    area = (0.02 + 0.13 * torch.rand(count, generator=generator)) * height * width
    ratio = torch.exp(_uniform(count, math.log(3.0), generator))
    tall = (area * ratio).sqrt().clamp(max=height)
    wide = (area / ratio).sqrt().clamp(max=width)
    top = torch.rand(count, generator=generator) * (height - tall)
    left = torch.rand(count, generator=generator) * (width - wide)
    rows = torch.arange(height)[None, :]
    columns = torch.arange(width)[None, :]
    in_rows = (rows >= top[:, None]) & (rows < (top + tall)[:, None])
    in_columns = (columns >= left[:, None]) & (columns < (left + wide)[:, None])
    hole = (in_rows[:, :, None] & in_columns[:, None, :] & chosen[:, None, None])[:, None]
    return torch.where(hole, pixels.mean(dim=(1, 2, 3), keepdim=True), pixels)
