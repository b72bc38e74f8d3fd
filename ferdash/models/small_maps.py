"""A convolution whose weights' gradient is quick on a processor where the map is small.

On processors that multiply bfloat16 matrices, oneDNN's gradient of the weights takes 2 to 6 times as long as one
product of matrices wherever a map is as small as 6 x 6, while its other passes do not; in a FerNet those few
gradients are a fifth of the time of a step. The product is the one of Chellapilla et al., "High Performance
Convolutional Neural Networks for Document Processing" (2006): every window of the input laid out as a row.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

SMALL = 36
"""Pixels of a map up to which the product is the quicker way: 6 x 6 it is, 12 x 12 it is not."""


class Convolution(nn.Conv2d):
    """nn.Conv2d of a square kernel, padded by half of it, without bias. (N, C, H, W) in and out. Its answer is the
    same; the gradient of its weights is, up to rounding."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if not self._by_product(features):
            return super().forward(features)
        weight = self.weight.to(torch.bfloat16)
        found: torch.Tensor = _ByProduct.apply(features.to(torch.bfloat16), weight, self.stride[0])  # type: ignore[no-untyped-call]
        return found

    def _by_product(self, features: torch.Tensor) -> bool:
        """Whether this is training in bfloat16 on a processor, of a small map."""
        if not self.training or features.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return False
        height, width = (-(-side // self.stride[0]) for side in features.shape[2:])
        return height * width <= SMALL and torch.get_autocast_dtype("cpu") == torch.bfloat16


class _ByProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
        ctx.save_for_backward(features, weight)
        ctx.stride = stride
        return F.conv2d(features, weight, stride=stride, padding=weight.shape[2] // 2)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        (gradient,), (features, weight), stride = gradients, ctx.saved_tensors, ctx.stride
        kernel = weight.shape[2]
        of_features = of_weight = None
        if ctx.needs_input_grad[0]:
            of_features = torch.ops.aten.convolution_backward(
                gradient,
                features,
                weight,
                None,
                [stride] * 2,
                [kernel // 2] * 2,
                [1, 1],
                False,
                [0, 0],
                1,
                [True, False, False],
            )[0]
        if ctx.needs_input_grad[1]:
            rows = _windows(features, kernel, stride)
            outer = gradient.permute(0, 2, 3, 1).reshape(len(rows), -1)
            of_weight = torch.mm(outer.t(), rows).view(-1, kernel, kernel, weight.shape[1]).permute(0, 3, 1, 2)
        return of_features, of_weight, None


def _windows(features: torch.Tensor, kernel: int, stride: int) -> torch.Tensor:
    """What each pixel of the output looks at: (N, C, H, W) -> (N * rows * columns, kernel * kernel * C)."""
    edge = kernel // 2
    padded = F.pad(features.permute(0, 2, 3, 1), (0, 0, edge, edge, edge, edge)).contiguous()
    images, height, width, channels = padded.shape
    rows, columns = (height - kernel) // stride + 1, (width - kernel) // stride + 1
    image, row, column, channel = padded.stride()
    windows = padded.as_strided(
        (images, rows, columns, kernel, kernel, channels), (image, stride * row, stride * column, row, column, channel)
    )
    return windows.reshape(images * rows * columns, kernel * kernel * channels)
