"""What phones, webcams and codecs do to a face, as batch operations on training images.

FER2013's pictures are clean and sharp beside what a person drops on the page or a camera delivers. Each of the kinds
below happens to an image with the probability `degrade`, independently of the others and in the order in which a
camera adds them: light, optics, sensor, processing, compression. At 0.1 about half of the images stay as they are.

The kinds are drawn anew here for training; ferdash.evaluation.corruptions, which measures robustness, shares no code
with them.
"""

import math
from collections.abc import Callable

import torch
from torch.nn import functional as F

KERNEL = 9
"""Side of the kernels of blur, in pixels."""


def degrade(pixels: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """Images degraded at random.

    pixels: float32 (N, 1, H, W) on a scale of 0 to 1, on the generator's device; returns the same shape and scale. The
    randomness comes from `generator` alone.
    """
    pixels = pixels.clone()
    for kind in KINDS:
        chosen = (torch.rand(len(pixels), generator=generator, device=generator.device) < probability).nonzero()[:, 0]
        if len(chosen):
            pixels[chosen] = kind(pixels[chosen], generator).clamp_(0, 1)
    return pixels


def tone(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Gamma from 1/2.5 to 2.5, then contrast from a quarter to twice, then light from 0.15 to 1.5 times."""
    gamma = _log_uniform(len(pixels), 1 / 2.5, 2.5, generator)
    contrast = _log_uniform(len(pixels), 0.25, 2.0, generator)
    light = _log_uniform(len(pixels), 0.15, 1.5, generator)
    pixels = pixels.clamp_min(1e-4) ** gamma
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return ((pixels - mean) * contrast + mean).clamp_(0, 1) * light


def cover(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A side of the face, at any angle, covered by one grey: up to 45% of the picture, as by a hand or a scarf."""
    count, _, height, width = pixels.shape
    angle = torch.rand(count, generator=generator, device=generator.device).view(-1, 1, 1) * 2 * math.pi
    depth = _uniform(count, 0.05, 0.5, generator)
    rows = torch.linspace(-0.5, 0.5, height, device=pixels.device)[None, :, None]
    columns = torch.linspace(-0.5, 0.5, width, device=pixels.device)[None, None, :]
    hidden = (torch.cos(angle) * columns + torch.sin(angle) * rows)[:, None] > depth
    return torch.where(hidden, _uniform(count, 0.0, 1.0, generator), pixels)


def blur(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Out of focus: a Gaussian of 0.4 to 2 pixels."""
    return _gaussian(pixels, _uniform(len(pixels), 0.4, 2.0, generator))


def motion(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A movement of 2 to 9 pixels in any direction while the shutter is open."""
    length = _uniform(len(pixels), 2.0, float(KERNEL), generator)
    angle = _uniform(len(pixels), 0.0, math.pi, generator)
    offsets = torch.arange(KERNEL, device=pixels.device) - KERNEL // 2
    across, down = offsets.view(1, 1, 1, -1), offsets.view(1, 1, -1, 1)
    along = across * torch.cos(angle) + down * torch.sin(angle)
    aside = down * torch.cos(angle) - across * torch.sin(angle)
    # Half a pixel of width keeps every line in touch with the pixels' centres.
    kernels = torch.exp(-2 * aside**2) * torch.sigmoid(4 * (length / 2 - along.abs()))
    return _convolved(pixels, kernels)


def low_resolution(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Seen from afar: down to 12 to 36 pixels and enlarged again, the same for all images of the call."""
    size = int(torch.randint(12, 37, (1,), generator=generator, device=generator.device))
    small = F.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    return F.interpolate(small, size=pixels.shape[-2:], mode="bilinear", align_corners=False)


def noise(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A sensor in little light: Gaussian noise with a deviation of 0.01 to 0.15."""
    drawn = torch.randn(pixels.shape, generator=generator, device=generator.device)
    return pixels + drawn * _uniform(len(pixels), 0.01, 0.15, generator)


def sharpen(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """What cameras and editors add: an unsharp mask of 0.3 to 2 times, and the histogram stretched in half of them."""
    amount = _uniform(len(pixels), 0.3, 2.0, generator)
    sharp = pixels + amount * (pixels - _gaussian(pixels, torch.ones_like(amount)))
    flat = sharp.flatten(1)
    low, high = flat.amin(1).view(-1, 1, 1, 1), flat.amax(1).view(-1, 1, 1, 1)
    stretched = (sharp - low) / (high - low).clamp_min(1e-3)
    return torch.where(_uniform(len(pixels), 0.0, 1.0, generator) < 0.5, stretched, sharp)


def jpeg(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """JPEG's loss at qualities of 8 to 60: blocks of 8 x 8 in the cosine domain, rounded by the standard's table for
    brightness (ITU-T T.81, annex K.1), which the quality scales as libjpeg does."""
    quality = _uniform(len(pixels), 8.0, 60.0, generator).view(-1, 1, 1, 1, 1)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    cosines, luminance = COSINES.to(pixels.device), LUMINANCE.to(pixels.device)
    steps = (luminance * scale).round().clamp(1, 255)
    count, _, height, width = pixels.shape
    padded = F.pad(pixels, (0, -width % 8, 0, -height % 8), mode="replicate") * 255 - 128
    down, across = padded.shape[-2] // 8, padded.shape[-1] // 8
    blocks = padded.view(count, down, 8, across, 8).transpose(2, 3)
    rounded = ((cosines @ blocks @ cosines.T) / steps).round() * steps
    restored = (cosines.T @ rounded @ cosines).transpose(2, 3).reshape(padded.shape)
    return ((restored + 128) / 255)[..., :height, :width]


KINDS: tuple[Callable[[torch.Tensor, torch.Generator], torch.Tensor], ...] = (
    cover,
    tone,
    blur,
    motion,
    low_resolution,
    noise,
    sharpen,
    jpeg,
)

_POSITIONS = torch.arange(8, dtype=torch.float32)
COSINES = torch.cos((2 * _POSITIONS[None, :] + 1) * _POSITIONS[:, None] * math.pi / 16) / 2
COSINES[0] /= math.sqrt(2)
"""float32 (8, 8): the orthonormal cosine transform of eight samples (DCT-II)."""

LUMINANCE = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
)


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    return (torch.rand(count, generator=generator, device=generator.device) * (high - low) + low).view(-1, 1, 1, 1)


def _log_uniform(count: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    return _uniform(count, math.log(low), math.log(high), generator).exp()


def _gaussian(pixels: torch.Tensor, deviation: torch.Tensor) -> torch.Tensor:
    offsets = torch.arange(KERNEL, dtype=torch.float32, device=pixels.device) - KERNEL // 2
    line = torch.exp(-0.5 * (offsets / deviation) ** 2)
    return _convolved(pixels, line.transpose(2, 3) @ line)


def _convolved(pixels: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Each image with its own kernel (N, 1, KERNEL, KERNEL), the border repeated."""
    kernels = kernels / kernels.sum(dim=(2, 3), keepdim=True)
    padded = F.pad(pixels, (KERNEL // 2,) * 4, mode="replicate").transpose(0, 1)
    return F.conv2d(padded, kernels, groups=len(pixels)).transpose(0, 1)
