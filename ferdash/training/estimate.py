"""What a run will take, from a few timed batches of exactly that run."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ferdash.data.dataset import FaceDataset
from ferdash.models.preprocess import Preprocess
from ferdash.runs.store import Run
from ferdash.training.config import TrainConfig
from ferdash.training.distillation import LOOKS, model_behind
from ferdash.training.extra import with_extra
from ferdash.training.folds import in_fold
from ferdash.training.loop import Trainer
from ferdash.training.scorer import BATCH as EVALUATION_BATCH
from ferdash.training.state import Position

TIMED_BATCHES = 3


@dataclass(frozen=True)
class Estimate:
    """seconds of the whole run, not compiled and its teachers taken to be networks of the same size; memory_bytes for
    weights, optimizer, activations of a batch and images; disk_bytes of the checkpoints that are kept; images_per_s
    while training at full size."""

    seconds: float
    memory_bytes: int
    disk_bytes: int
    images_per_s: float


def estimate(config: TrainConfig, dataset: FaceDataset, network: torch.nn.Module, preprocess: Preprocess) -> Estimate:
    """Time a few batches and one batch of evaluation. Trains `network` by these batches, so give it a copy."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), {})
        (run.folder / "checkpoints").mkdir()
        # Nothing of the estimate is written: no checkpoint within the few batches.
        trained = replace(config, epochs=max(config.epochs, 1), compute=replace(config.compute, compile=False))
        trained_on = with_extra(in_fold(dataset, config.folds), config.sampling)
        trainer = Trainer(run, trained, trained_on, network, preprocess)  # type: ignore[arg-type]
        activations = _activation_bytes(trainer)
        small_s = _batch_seconds(trainer, TIMED_BATCHES, epoch=0)
        full_s = _batch_seconds(trainer, TIMED_BATCHES, epoch=config.epochs)
        evaluation_s = _evaluation_seconds(trainer)
    small_epochs = min(config.augment.small_epochs if config.augment.small_size else 0, config.epochs)
    training_s = trainer.images.batches * (small_epochs * small_s + (config.epochs - small_epochs) * full_s)
    scoring_s = -(-len(trainer.validation) // EVALUATION_BATCH) * evaluation_s * max(config.epochs, 1)
    asked = [reference for reference in config.teachers() if model_behind(reference)]
    asked_s = len(asked) * LOOKS * len(trainer.images) / EVALUATION_BATCH * evaluation_s
    weights = sum(tensor.nbytes for tensor in network.state_dict().values())
    state = weights * ((2 if config.ema else 1) + (2 if config.optimizer.name == "adamw" else 1))
    return Estimate(
        seconds=training_s + scoring_s + asked_s,
        memory_bytes=state + weights + activations + trainer.images.images.nbytes,
        disk_bytes=state * config.checkpoint.keep_last + weights * (2 if config.ema else 1),
        images_per_s=config.batch_size / full_s,
    )


def _batch_seconds(trainer: Trainer, count: int, *, epoch: int) -> float:
    """Seconds a batch takes, the shortest of `count`, trained as in that epoch. Changes the network."""
    rows = torch.arange(len(trainer.images))[: trainer.config.batch_size]
    trainer.start_epoch()
    seconds = []
    for _ in range(count):
        trainer.state.position = Position(epoch=min(epoch, trainer.config.epochs - 1))
        began = time.perf_counter()
        trainer.train_batch(rows)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _evaluation_seconds(trainer: Trainer) -> float:
    """Seconds to score one batch of validation images."""
    began = time.perf_counter()
    trainer.scorer(trainer.state, trainer.validation[:EVALUATION_BATCH])
    return time.perf_counter() - began


def _activation_bytes(trainer: Trainer) -> int:
    """Bytes that the backward pass of one batch keeps, each storage counted once; this batch is the warm-up."""
    storages: dict[int, int] = {}

    def remember(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        _batch_seconds(trainer, 1, epoch=trainer.config.epochs)
    return sum(storages.values())
