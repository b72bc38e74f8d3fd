"""From uint8 faces to the float tensor a network takes, a whole batch at once."""

from dataclasses import dataclass

import torch

FER2013_MEAN = 0.5077
FER2013_STD = 0.2550
"""Mean and standard deviation of a pixel over the 28,709 training images of FER2013, on a scale of 0 to 1."""


@dataclass(frozen=True)
class Preprocess:
    """Size, channels and normalisation that a network was trained with."""

    height: int = 48
    width: int = 48
    channels: int = 1
    mean: tuple[float, ...] = (FER2013_MEAN,)
    std: tuple[float, ...] = (FER2013_STD,)

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Grey float (N, 1, H, W) on a scale of 0 to 1 -> float (N, channels, H, W), shifted and scaled by channel."""
        mean = torch.tensor(self.mean, device=pixels.device).view(1, -1, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(1, -1, 1, 1)
        return (pixels - mean) / std
