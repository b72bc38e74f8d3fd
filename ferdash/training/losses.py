"""Targets and losses. Targets are always distributions over the seven emotions, so that label smoothing, mixup and
raters' votes are one thing."""

import numpy as np
import torch
from torch.nn import functional as F

from ferdash.data.votes import targets as vote_targets
from ferdash.emotions import EMOTIONS
from ferdash.training.settings import LossConfig

EFFECTIVE_BETA = 0.999
"""beta of the effective number of samples; with 436 to 7,215 images of an emotion it weighs them about 3 to 1."""


def target_table(
    labels: np.ndarray, votes: np.ndarray | None, config: LossConfig, teacher_probs: np.ndarray | None = None
) -> torch.Tensor:
    """The target of each training image, float32 (N, 7), rows sum to 1.

    labels: int64 (N,). votes: uint8 (N, 10); where config.soft_votes asks for it, the distribution that
    `ferdash.data.votes.targets` makes of them takes the label's place. An image without one, as nobody was asked or
    most raters saw none of the seven, keeps its label, so that the training set is the same with votes and without.
    teacher_probs: float32 (N, 7), what teachers see in the images; it takes config.teacher_share of each target. Label
    smoothing is that of Szegedy et al., "Rethinking the Inception Architecture" (2016), section 7.
    """
    targets = torch.from_numpy(np.eye(len(EMOTIONS), dtype=np.float32)[labels])
    if config.soft_votes and votes is not None:
        voted = torch.from_numpy(vote_targets(votes))
        targets = torch.where(voted.isnan(), targets, voted)
    if config.label_smoothing:
        targets = targets * (1 - config.label_smoothing) + config.label_smoothing / len(EMOTIONS)
    if teacher_probs is not None:
        targets = targets * (1 - config.teacher_share) + torch.from_numpy(teacher_probs) * config.teacher_share
    return targets


def class_weight_vector(labels: np.ndarray, config: LossConfig) -> torch.Tensor | None:
    """Weight of each emotion in the loss, float32 (7,), with a mean of 1 over the images; None for equal weights.

    `effective` is (1 - beta) / (1 - beta**n), Cui et al., "Class-Balanced Loss Based on Effective Number of Samples"
    (2019), equation 2. An emotion without images gets weight 0.
    """
    if config.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=len(EMOTIONS)).astype(np.float64)
    present = counts > 0
    weights = np.zeros(len(EMOTIONS))
    if config.class_weights == "inverse":
        weights[present] = 1 / counts[present]
    else:
        weights[present] = (1 - EFFECTIVE_BETA) / (1 - EFFECTIVE_BETA ** counts[present])
    weights *= counts.sum() / (weights * counts).sum()
    return torch.tensor(weights, dtype=torch.float32)


def loss_of(
    logits: torch.Tensor, targets: torch.Tensor, *, focal_gamma: float = 0.0, class_weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Mean loss of a batch, a scalar.

    logits: float (N, 7). targets: float (N, 7), rows sum to 1. With focal_gamma the term of each emotion is scaled by
    (1 - p) ** gamma: Lin et al., "Focal Loss for Dense Object Detection" (2017), equation 4, for soft targets.
    """
    if focal_gamma == 0.0:
        return F.cross_entropy(logits, targets, weight=class_weights)
    log_p = F.log_softmax(logits, dim=1)
    terms = -targets * (1 - log_p.exp()).pow(focal_gamma) * log_p
    if class_weights is not None:
        terms = terms * class_weights
    return terms.sum(dim=1).mean()
