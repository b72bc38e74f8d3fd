"""What a run will take, from a few timed batches of exactly that run."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import torch

from ferdash.data.dataset import FaceDataset
from ferdash.memory import held_for_reuse
from ferdash.models.preprocess import Preprocess
from ferdash.runs.store import Run
from ferdash.training.compute import pick_device
from ferdash.training.config import TrainConfig
from ferdash.training.distillation import LOOKS, model_behind
from ferdash.training.extra import with_extra
from ferdash.training.folds import in_fold
from ferdash.training.loop import Trainer
from ferdash.training.scorer import BATCH as EVALUATION_BATCH
from ferdash.training.state import Position
from ferdash.wording import count, counted, duration

TIMED_BATCHES = 3
PEAK = 1.4
"""Memory of a batch at its highest beside what the backward pass keeps: 1.1 with 2,000 images of a FerNet, 1.4 with
6,000."""
PROBED_IMAGES = 16
"""What a batch keeps in memory is measured on so few, as a whole batch may be too much."""


@dataclass(frozen=True)
class Estimate:
    """seconds of the whole run, not compiled and its teachers taken to be networks of the same size; memory_bytes for
    weights, optimizer, images and what a batch takes; free_bytes of memory before it began, on the device that trains;
    fits: batch_size and optimizer.accumulate with which it has room there, None where nothing has; disk_bytes of the
    checkpoints that are kept; images_per_s while training at full size."""

    seconds: float
    memory_bytes: int
    free_bytes: int
    fits: tuple[int, int] | None
    disk_bytes: int
    images_per_s: float

    @property
    def has_room(self) -> bool:
        """Whether the run fits into memory as it is."""
        return self.memory_bytes <= self.free_bytes


def in_words(found: Estimate, epochs: int) -> str:
    """What a run of so many epochs will take, and what would fit into memory where it would not."""
    said = (
        f"About {duration(found.seconds)} for {counted(epochs, 'epoch')}, at {count(round(found.images_per_s))} "
        f"images/s, {_size(found.memory_bytes)} of memory and {_size(found.disk_bytes)} on disk."
    )
    if found.has_room:
        return said
    said += f" Only {_size(found.free_bytes)} of memory are free here"
    if found.fits is None:
        return f"{said}, too little for one image at a time; choose a smaller network, or close other programs."
    batch, accumulate = found.fits
    return f"{said}; it fits with batch_size={batch} and optimizer.accumulate={accumulate}."


def _size(number: int) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"


def fitting(
    batch: int, accumulate: int, *, batch_bytes: int, rest_bytes: int, free_bytes: int
) -> tuple[int, int] | None:
    """batch_size and optimizer.accumulate that fit into the free memory, for steps of about as many images: as they
    are, or the batch halved as often as it takes; None where an image at a time is too much. batch_bytes: of the batch;
    rest_bytes: of all else."""
    while rest_bytes + batch_bytes > free_bytes and batch > 1:
        batch, accumulate, batch_bytes = batch // 2, accumulate * 2, batch_bytes // 2
    return (batch, accumulate) if rest_bytes + batch_bytes <= free_bytes else None


@held_for_reuse()
def estimate(config: TrainConfig, dataset: FaceDataset, network: torch.nn.Module, preprocess: Preprocess) -> Estimate:
    """Time a few batches of training and of evaluation. Trains `network` by these batches, so give it a copy. Of a
    batch that would not fit into memory, as much as does is timed."""
    free = free_bytes(pick_device(config.compute.device))
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), {})
        (run.folder / "checkpoints").mkdir()
        # Nothing of the estimate is written: no checkpoint within the few batches.
        trained = replace(config, epochs=max(config.epochs, 1), compute=replace(config.compute, compile=False))
        trained_on = with_extra(in_fold(dataset, config.folds), config.sampling)
        trainer = Trainer(run, trained, trained_on, network, preprocess)  # type: ignore[arg-type]
        batch, accumulate = min(config.batch_size, len(trainer.images)), config.optimizer.accumulate
        batch_bytes = batch * _bytes_of_an_image(trainer, min(batch, PROBED_IMAGES))
        weights = sum(tensor.nbytes for tensor in network.state_dict().values())
        state = weights * ((2 if config.ema else 1) + (2 if config.optimizer.name == "adamw" else 1))
        rest = state + weights + trainer.images.images.nbytes
        fits = fitting(batch, accumulate, batch_bytes=batch_bytes, rest_bytes=rest, free_bytes=free)
        timed = fits[0] if fits else 1
        small_s = _seconds_of_an_image(trainer, TIMED_BATCHES, epoch=0, images=timed)
        full_s = _seconds_of_an_image(trainer, TIMED_BATCHES, epoch=config.epochs, images=timed)
        evaluation_s = _evaluation_seconds(trainer)
    small_epochs = min(config.augment.small_epochs if config.augment.small_size else 0, config.epochs)
    training_s = len(trainer.images) * (small_epochs * small_s + (config.epochs - small_epochs) * full_s)
    scoring_s = -(-len(trainer.validation) // EVALUATION_BATCH) * evaluation_s * max(config.epochs, 1)
    asked = [reference for reference in config.teachers() if model_behind(reference)]
    asked_s = len(asked) * LOOKS * len(trainer.images) / EVALUATION_BATCH * evaluation_s
    return Estimate(
        seconds=training_s + scoring_s + asked_s,
        memory_bytes=rest + batch_bytes,
        free_bytes=free,
        fits=fits,
        disk_bytes=state * config.checkpoint.keep_last + weights * (2 if config.ema else 1),
        images_per_s=1 / full_s,
    )


def free_bytes(device: torch.device) -> int:
    """Memory that a device has to spare."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _seconds_of_an_image(trainer: Trainer, count: int, *, epoch: int, images: int) -> float:
    """Of training as in that epoch, in the shortest of `count` batches of so many images. Changes the network."""
    rows = torch.arange(images)
    trainer.start_epoch()

    def train() -> None:
        trainer.state.position = Position(epoch=min(epoch, trainer.config.epochs - 1))
        trainer.train_batch(rows)

    return _shortest(train, count) / images


def _evaluation_seconds(trainer: Trainer) -> float:
    """Seconds to score a batch of validation images, in the shortest of a few."""
    rows = trainer.validation[:EVALUATION_BATCH]
    return _shortest(lambda: trainer.scorer(trainer.state, rows), TIMED_BATCHES)


def _shortest(work: Callable[[], object], times: int) -> float:
    """Seconds of the quickest of so many goes: one that another program held up would be taken for all."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _bytes_of_an_image(trainer: Trainer, images: int) -> int:
    """What an image takes at most, in a batch of so many: what the backward pass keeps, each storage counted once, and
    gradients on their way back. This batch is the warm-up besides."""
    storages: dict[int, int] = {}

    def remember(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        _seconds_of_an_image(trainer, 1, epoch=trainer.config.epochs, images=images)
    weights = {parameter.untyped_storage().data_ptr() for parameter in trainer.state.network.parameters()}
    kept = sum(size for place, size in storages.items() if place not in weights)
    return int(PEAK * kept / images)
