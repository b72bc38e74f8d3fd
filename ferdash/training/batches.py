"""The training images of a run on their way into the network: which, in what order, and how changed.

A batch depends on the configuration, the epoch's sampling weights and its own number alone, so a resumed run sees the
batches that an uninterrupted one would have seen.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from ferdash.data.dataset import FaceDataset
from ferdash.errors import ConfigError
from ferdash.models.preprocess import Preprocess
from ferdash.training.augment import augment, batch_generator, mixup
from ferdash.training.config import TrainConfig
from ferdash.training.losses import target_table
from ferdash.training.sampling import epoch_order, training_rows


@dataclass(frozen=True, eq=False)
class TrainingImages:
    """labels: int64 (N,). images: uint8 (N, H, W), and targets: float32 (N, 7), rows sum to 1, lie on the device that
    trains: drawing, changing and mixing a batch happens there, and nothing is copied. preprocess: how the network is
    given a face."""

    config: TrainConfig
    labels: np.ndarray
    images: torch.Tensor
    targets: torch.Tensor
    preprocess: Preprocess

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def batches(self) -> int:
        """Batches of an epoch; the last may be smaller."""
        return -(-len(self) // self.config.batch_size)

    def order(self, epoch: int, weights: list[float] | None) -> np.ndarray:
        """Positions of the images in the order in which an epoch visits them, int64 (N,). weights: of the seven
        emotions, None for each image once."""
        return epoch_order(
            self.labels,
            seed=self.config.seed,
            epoch=epoch,
            weights=None if weights is None else np.asarray(weights),
            repeat_cap=self.config.sampling.repeat_cap,
        )

    def batch(self, positions: torch.Tensor, *, epoch: int, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The images at int64 `positions`, changed at random, float32 (B, 1, height, width) from 0 to 1, and their
        targets, float32 (B, 7). number: of the batch since the run's start; it decides the randomness."""
        generator = batch_generator(self.config.seed, number, self.images.device)
        positions = positions.to(self.images.device)
        change = self.config.augment
        small = bool(change.small_size) and epoch < change.small_epochs
        shown = self.preprocess.at_size(change.small_size) if small else self.preprocess
        pixels = augment(self.images[positions], change, generator, shown, quick=small)
        targets = self.targets[positions]
        if self.config.augment.mixup:
            return mixup(pixels, targets, self.config.augment.mixup, generator)
        return pixels, targets


def training_images(
    dataset: FaceDataset,
    config: TrainConfig,
    preprocess: Preprocess,
    *,
    device: torch.device | str = "cpu",
    teacher_probs: np.ndarray | None = None,
) -> TrainingImages:
    """Those that a run trains on, on its device. teacher_probs: float32 (N, 7), what teachers see in the N images of
    `training_rows`.

    Raises ConfigError when there are none.
    """
    rows = training_rows(dataset, config)
    if len(rows) == 0:
        raise ConfigError(f"The dataset “{dataset.name}” has no training images.")
    labels = dataset.labels[rows]
    votes = None if dataset.votes is None else dataset.votes[rows]
    return TrainingImages(
        config=config,
        labels=labels,
        images=torch.from_numpy(np.ascontiguousarray(dataset.images[rows])).to(device),
        targets=target_table(labels, votes, config.loss, teacher_probs).to(device),
        preprocess=preprocess,
    )
