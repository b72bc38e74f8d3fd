from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForImageClassification

from ferdash.emotions import EMOTIONS
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification


def test_the_auto_classes_open_what_it_saves(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=8, depths=(1, 2))).eval()
    network.save_pretrained(tmp_path)
    again = AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    assert isinstance(again, FerNetForImageClassification)
    assert again.config.id2label == dict(enumerate(EMOTIONS))
    faces = torch.rand(3, 1, 48, 48)
    assert torch.equal(network(faces).logits, again(faces).logits)
    assert AutoConfig.from_pretrained(tmp_path).depths == [1, 2]


def test_the_shipped_shape_is_compact() -> None:
    network = FerNetForImageClassification(FerNetConfig())
    assert 1e6 < sum(parameter.numel() for parameter in network.parameters()) < 6e6


@pytest.mark.parametrize("size", [36, 48, 64, 47])
def test_it_takes_any_size(size: int) -> None:
    network = FerNetForImageClassification(FerNetConfig(width=8)).eval()
    assert network(torch.rand(2, 1, size, size)).logits.shape == (2, 7)


def test_labels_give_the_cross_entropy() -> None:
    network = FerNetForImageClassification(FerNetConfig(width=8)).eval()
    faces, labels = torch.rand(4, 1, 48, 48), torch.tensor([0, 1, 2, 3])
    result = network(faces, labels=labels)
    golden = -result.logits.log_softmax(1)[torch.arange(4), labels].mean()
    assert result.loss.item() == pytest.approx(golden.item(), rel=1e-6)
