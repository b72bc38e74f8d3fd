"""A convolution's gradient by one product of matrices, against PyTorch's own."""

import pytest
import torch
from torch import nn

from ferdash.models.small_maps import Convolution


def gradients(layer: nn.Module, features: torch.Tensor, weighting: torch.Tensor) -> list[torch.Tensor]:
    """Of the features and of the weights, of a sum of the answer's pixels."""
    features = features.clone().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(features)
    return list(torch.autograd.grad((found.float() * weighting).sum(), [features, *layer.parameters()]))


@pytest.mark.parametrize(("size", "stride"), [(6, 1), (5, 1), (12, 2), (11, 2), (3, 1)])
def test_gradients_are_those_of_pytorch_up_to_rounding(size: int, stride: int) -> None:
    torch.manual_seed(0)
    ours = Convolution(8, 12, 3, stride=stride).train()
    theirs = nn.Conv2d(8, 12, 3, stride=stride, padding=1, bias=False)
    theirs.load_state_dict(ours.state_dict())
    features = torch.randn(4, 8, size, size).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = ours(features)
    assert "ByProduct" in answer.grad_fn.name(), "the way under test was not taken"
    weighting = torch.randn_like(answer.float())
    for found, wanted in zip(gradients(ours, features, weighting), gradients(theirs, features, weighting), strict=True):
        assert (found - wanted).abs().max() <= 0.01 * wanted.abs().max()


def test_answers_are_bit_for_bit_those_of_a_plain_convolution() -> None:
    ours = Convolution(3, 5, 3)
    features = torch.randn(2, 3, 6, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        trained, evaluated = ours.train()(features), ours.eval()(features)
    assert torch.equal(trained, evaluated)


@pytest.mark.parametrize("case", ["large map", "float32", "evaluation"])
def test_everything_else_goes_pytorchs_way(case: str) -> None:
    layer = Convolution(3, 5, 3).train(case != "evaluation")
    features = torch.randn(2, 3, 7 if case == "large map" else 6, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=case != "float32"):
        found = layer(features)
    assert "ByProduct" not in found.grad_fn.name()


def test_a_first_layer_asks_for_no_gradient_of_its_input() -> None:
    layer = Convolution(3, 5, 3).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer(torch.randn(2, 3, 6, 6)).sum().backward()
    assert layer.weight.grad is not None
