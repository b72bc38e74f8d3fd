"""One batch through the network and back: what changes is the training state, and nothing else is looked at or kept.

Dropout, learning rate and the running average depend on the batch's number alone, and sums are made in a fixed order.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ferdash.errors import RunError
from ferdash.models.preprocess import Preprocess
from ferdash.training.config import TrainConfig
from ferdash.training.losses import loss_of
from ferdash.training.processes import Processes
from ferdash.training.schedules import rate_factor
from ferdash.training.state import Position, TrainingState, update_average


@dataclass(frozen=True)
class Sums:
    """Of one batch, over all processes: the loss summed over its images, hits, and images. Where a device other than
    the processor computes, loss and hits are tensors there: to read them is to wait for it."""

    loss: float | torch.Tensor
    correct: float | torch.Tensor
    images: int


@dataclass(frozen=True, eq=False)
class Step:
    """What stays the same from batch to batch.

    forward: the network as it is called, compiled or shared between processes as the case may be. columns: for each of
    EMOTIONS, the network's output that holds it. batches: of an epoch. class_weights: float32 (7,), or None.
    """

    config: TrainConfig
    forward: Callable[[torch.Tensor], Any]
    columns: Sequence[int]
    batches: int
    preprocess: Preprocess
    class_weights: torch.Tensor | None
    device: torch.device
    dtype: torch.dtype
    processes: Processes

    def __call__(self, state: TrainingState, pixels: torch.Tensor, targets: torch.Tensor) -> Sums:
        """Train the batch at the state's position, pixels float32 (B, 1, H, W) from 0 to 1 and targets float32 (B, 7).

        Raises RunError when the loss is no number any more, if it is read here.
        """
        images = len(pixels)
        # Every process changes the whole batch and takes its share, so that the images do not depend on their number.
        pixels, targets, weight = self._share(pixels, targets)
        pixels = self.preprocess.normalise_unit(pixels.to(self.device)).contiguous(memory_format=torch.channels_last)
        targets = targets.to(self.device)
        number = batch_number(state.position, self.batches)
        # Dropout draws from the global generator; seeding it by batch makes it, too, a function of the position.
        torch.manual_seed((self.config.seed * 7_368_787 + number) % 2**63)
        losses = [row["validation"]["log_loss"] for row in state.history]
        rate = learning_rate(self.config, state.position, batches=self.batches, validation_losses=losses)
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        with self._autocast():
            logits = self.forward(pixels).logits.float()[:, self.columns]
            gamma = self.config.loss.focal_gamma
            loss = loss_of(logits, targets, focal_gamma=gamma, class_weights=self.class_weights)
        loss = loss * (weight * self.processes.count)
        if self.reads_later:
            found = (logits.detach().argmax(1) == targets.argmax(1)).sum()
            self._descend(state, loss)
            return Sums(loss=loss.detach() * images, correct=found, images=images)
        hits = float((logits.detach().argmax(1) == targets.argmax(1)).sum()) if weight else 0.0
        mean, hits = self.processes.sum([float(loss.detach()) / self.processes.count, hits])
        require_finite(mean, state.position)
        self._descend(state, loss)
        return Sums(loss=mean * images, correct=hits, images=images)

    @property
    def reads_later(self) -> bool:
        """Whether sums stay on the device until somebody asks for them."""
        return self.device.type != "cpu" and self.processes.count == 1

    def _share(self, pixels: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float]:
        """This process's part of a batch, and its share of the batch's images; a process left without any takes one
        at a share of 0, because all must go through the network together."""
        mine, mine_targets = self.processes.shard(pixels), self.processes.shard(targets)
        weight = len(mine) / len(pixels)
        return (mine, mine_targets, weight) if weight else (pixels[:1], targets[:1], 0.0)

    def _descend(self, state: TrainingState, loss: torch.Tensor) -> None:
        """Add the batch's gradients, and step where it is the last of its group."""
        position, accumulate = state.position, self.config.optimizer.accumulate
        group_start = position.batch - position.batch % accumulate
        group_size = min(accumulate, self.batches - group_start)
        (loss / group_size).backward()
        if position.batch + 1 < group_start + group_size:
            return
        if self.config.optimizer.clip:
            torch.nn.utils.clip_grad_norm_(state.network.parameters(), self.config.optimizer.clip)
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)
        position.step += 1
        if state.averaged is not None:
            update_average(state.averaged, state.network, self.config.ema, position.step)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)


def require_finite(loss: float, position: Position) -> None:
    """Raise RunError for a loss that is no number, with where it was found and what to do."""
    if not np.isfinite(loss):
        raise RunError(
            f"The loss became {loss} in epoch {position.epoch + 1}, batch {position.batch + 1}. "
            "Continue from the last checkpoint with a lower optimizer.lr, or with optimizer.clip=1."
        )


def batch_number(position: Position, batches: int) -> int:
    """The batch's number since the run's start. batches: of an epoch."""
    return position.epoch * batches + position.batch


def learning_rate(
    config: TrainConfig, position: Position, *, batches: int, validation_losses: Sequence[float]
) -> float:
    """That of the batch at `position`. validation_losses: of the epochs finished so far."""
    epoch = position.epoch + position.batch / batches
    return config.optimizer.lr * rate_factor(
        config.schedule, epoch=epoch, epochs=config.epochs, validation_losses=list(validation_losses)
    )
