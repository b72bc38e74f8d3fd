import pytest
import torch
from torch import nn

from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.fusing import fuse


@pytest.fixture
def network() -> FerNetForImageClassification:
    """With statistics and scales of batch norm that are not those of a new network."""
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=8, depths=(2, 1)))
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
    return network.eval()


@torch.inference_mode()
def test_it_answers_as_the_network_does(network: FerNetForImageClassification) -> None:
    pixels = torch.randn(5, 1, 48, 48)
    torch.testing.assert_close(fuse(network)(pixels), network(pixel_values=pixels).logits, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_no_batch_norm_is_left_and_the_network_stays_as_it_was(network: FerNetForImageClassification) -> None:
    pixels = torch.randn(2, 1, 48, 48)
    before = network(pixel_values=pixels).logits
    fused = fuse(network)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in fused.network.modules())
    assert torch.equal(network(pixel_values=pixels).logits, before)
    network.classifier.weight.zero_()
    assert fused.network.classifier.weight.abs().sum() > 0
