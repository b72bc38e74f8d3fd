"""The private names of PyTorch that ferdash uses, all of them, each with the reason; a test finds others.

Whoever updates PyTorch looks here first.
"""

import torch


def move_towards(averages: list[torch.Tensor], values: list[torch.Tensor], share: float) -> None:
    """Move each average, in place, by `share` of the way to its value: all tensors in one step, which for a FerNet is
    several times as fast as one after another. torch.optim's own optimizers and AveragedModel do it the same way."""
    torch._foreach_lerp_(averages, values, share)


def draw_beta(alpha: float, generator: torch.Generator) -> float:
    """A draw from Beta(alpha, alpha), made of two gamma draws: torch.distributions takes no generator."""
    shape = torch.full((2,), alpha, dtype=torch.float64, device=generator.device)
    gammas = torch._standard_gamma(shape, generator=generator)
    return float(gammas[0] / gammas.sum().clamp_min(1e-12))
