import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ferdash.training.losses import EFFECTIVE_BETA, class_weight_vector, loss_of, target_table
from ferdash.training.settings import LossConfig

LABELS = np.array([0, 0, 0, 0, 1, 3, 3, 6])


def test_label_smoothing_agrees_with_pytorch() -> None:
    logits = torch.randn(8, 7, generator=torch.Generator().manual_seed(0))
    targets = target_table(LABELS, None, LossConfig(label_smoothing=0.1))
    golden = F.cross_entropy(logits, torch.from_numpy(LABELS), label_smoothing=0.1)
    assert float(loss_of(logits, targets)) == pytest.approx(float(golden), rel=1e-6)


def test_focal_loss_is_the_papers_formula() -> None:
    logits = torch.randn(8, 7, generator=torch.Generator().manual_seed(1))
    p = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(1, keepdims=True)
    p_true = p[np.arange(8), LABELS]
    golden = (-((1 - p_true) ** 2) * np.log(p_true)).mean()
    targets = target_table(LABELS, None, LossConfig())
    assert float(loss_of(logits, targets, focal_gamma=2.0)) == pytest.approx(golden, rel=1e-5)


def test_votes_take_the_place_of_labels_only_where_known() -> None:
    votes = np.zeros((8, 10), dtype=np.uint8)
    votes[4] = [4, 0, 4, 0, 0, 1, 0, 0, 0, 1]  # two single votes, taken for slips
    votes[6] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 9]  # no face, say nine
    targets = target_table(LABELS, votes, LossConfig(soft_votes=True))
    assert targets[4].tolist() == [0.5, 0, 0.5, 0, 0, 0, 0]
    assert targets[[5, 6]].argmax(1).tolist() == [3, 3]
    assert targets.sum(1).tolist() == [1] * 8
    assert target_table(LABELS, votes, LossConfig())[4].argmax() == 1


def test_inverse_weights_make_every_emotion_count_the_same() -> None:
    weights = class_weight_vector(LABELS, LossConfig(class_weights="inverse"))
    assert weights is not None
    mass = weights.numpy() * np.bincount(LABELS, minlength=7)
    np.testing.assert_allclose(mass[[0, 1, 3, 6]], mass.sum() / 4, rtol=1e-6)
    assert mass.sum() == pytest.approx(len(LABELS))
    assert weights[2] == 0


def test_effective_number_weights_are_the_papers_formula() -> None:
    weights = class_weight_vector(LABELS, LossConfig(class_weights="effective"))
    assert weights is not None
    ratio = (1 - EFFECTIVE_BETA**4) / (1 - EFFECTIVE_BETA**1)
    assert float(weights[1] / weights[0]) == pytest.approx(ratio, rel=1e-5)


def test_equal_weights_are_none() -> None:
    assert class_weight_vector(LABELS, LossConfig()) is None


def test_class_weights_scale_the_focal_loss_of_their_emotion() -> None:
    logits = torch.zeros(1, 7)
    targets = target_table(np.array([3]), None, LossConfig())
    plain = loss_of(logits, targets, focal_gamma=1.0)
    doubled = loss_of(logits, targets, focal_gamma=1.0, class_weights=torch.full((7,), 2.0))
    assert float(doubled) == pytest.approx(2 * float(plain))
