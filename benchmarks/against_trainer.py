"""Training images a second of ferdash against transformers' Trainer: same network, images, batch and augmentation.

    python benchmarks/against_trainer.py [--dataset fer2013] [--turns 3] [--steps 8] [--epochs 3] [--images 6400]

Trainer is used in its usual way: a Dataset of PIL images, augmented one by one (Pillow and NumPy, which takes less than
its image processor would), a DataLoader with 0 or 2 workers, float32 or bf16. The fastest of the four stands for it.
Both are measured with torch.compile besides, Trainer in bf16 without workers.
Speeds are measured in turns, from the end of Trainer's first step, so that starting its workers is not counted; batches
of ferdash are complete, from drawing to bookkeeping. The share of the machine's matrix-product rate is the arithmetic
of the network's forward and backward pass at 48 px, a second, beside that of one large product of the same number type.

With --epochs both then train from the same weights on the same images, at one schedule and without averaged weights,
and are scored on validation. --epochs 0 leaves that out. Without the dataset, drawn faces take its place.
"""

import argparse
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode

from ferdash.data.dataset import FaceDataset, list_datasets, open_dataset, save_dataset
from ferdash.data.demo import draw_face
from ferdash.emotions import EMOTIONS
from ferdash.memory import held_for_reuse
from ferdash.models.engines import machine
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.paths import data_root
from ferdash.runs.store import create_run
from ferdash.training.config import TrainConfig, override
from ferdash.training.loop import Trainer
from ferdash.training.recipes import get_recipe
from ferdash.training.settings import AugmentConfig

BAR = 2.0
CLOSE = 0.02
"""Accuracies so near count as equal: on 3,589 images, one standard error of a difference is about 0.011."""

PRODUCT = 2048
PLAIN_WAYS = [(workers, bf16, False) for bf16 in (False, True) for workers in (0, 2)]
WAYS = [*PLAIN_WAYS, (0, True, True)]
"""DataLoader workers, bf16 and torch.compile that Trainer is tried with."""


class Pictures(Dataset[dict[str, Any]]):
    """Faces as PIL images, changed at random as ferdash changes a batch: one affine resampling, light, erasing."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, augment: AugmentConfig, preprocess: Preprocess) -> None:
        self.pictures, self.labels = [Image.fromarray(image) for image in images], labels
        self.augment, self.mean, self.std = augment, preprocess.mean[0], preprocess.std[0]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> dict[str, Any]:
        pixels = self._relit(np.asarray(self._moved(self.pictures[index]), dtype=np.float32) / 255)
        if torch.rand(()) < self.augment.erasing:
            self._erase(pixels)
        return {"pixel_values": torch.from_numpy((pixels - self.mean) / self.std)[None], "labels": self.labels[index]}

    def _moved(self, picture: Image.Image) -> Image.Image:
        # Random numbers are torch's: it seeds them for every worker.
        turn, zoom, right, down = (torch.rand(4) * 2 - 1).tolist()
        half, config = picture.width / 2, self.augment
        angle, zoom = np.radians(turn * config.rotation), 1 + zoom * config.scale
        mirror = -1 if torch.rand(()) < config.flip else 1
        a, b = mirror * zoom * np.cos(angle), -zoom * np.sin(angle)
        d, e = mirror * zoom * np.sin(angle), zoom * np.cos(angle)
        c = half - half * (a + b) + right * config.shift * picture.width
        f = half - half * (d + e) + down * config.shift * picture.height
        return picture.transform(
            picture.size, Image.Transform.AFFINE, (a, b, c, d, e, f), resample=Image.Resampling.BILINEAR
        )

    def _relit(self, pixels: np.ndarray) -> np.ndarray:
        brightness, contrast = 1 + (torch.rand(2) * 2 - 1).numpy() * (self.augment.brightness, self.augment.contrast)
        mean = pixels.mean()
        return np.clip((pixels - mean) * np.float32(contrast) + mean * np.float32(brightness), 0, 1)

    def _erase(self, pixels: np.ndarray) -> None:
        size, shape, top, left = torch.rand(4).tolist()
        area, ratio = (0.02 + 0.13 * size) * pixels.size, 3 ** (2 * shape - 1)
        height, width = (min(int(np.sqrt(area * side)), len(pixels)) for side in (ratio, 1 / ratio))
        row, column = int(top * (len(pixels) - height)), int(left * (len(pixels) - width))
        pixels[row : row + height, column : column + width] = pixels.mean()


class Clock(transformers.TrainerCallback):
    """When each step ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ends.append(time.perf_counter())


def transformers_trainer(
    network: FerNetForImageClassification, pictures: Pictures, config: TrainConfig, folder: Path, **arguments: Any
) -> transformers.Trainer:
    """Trainer with what the configuration says of batch, optimizer, schedule and loss."""
    settings = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.optimizer.lr,
        weight_decay=config.optimizer.weight_decay,
        max_grad_norm=config.optimizer.clip,
        adam_beta2=0.999,
        lr_scheduler_type="cosine",
        warmup_steps=round(config.schedule.warmup_epochs * -(-len(pictures) // config.batch_size)),
        label_smoothing_factor=config.loss.label_smoothing,
        seed=config.seed,
        use_cpu=not torch.cuda.is_available(),
        remove_unused_columns=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **arguments,
    )
    trainer = transformers.Trainer(model=network, args=settings, train_dataset=pictures)
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def new_network(config: TrainConfig) -> FerNetForImageClassification:
    torch.manual_seed(config.seed)
    shape = config.network
    return FerNetForImageClassification(FerNetConfig(shape.width, shape.depths, dropout=shape.dropout))


def way_named(workers: int, bf16: bool, fused: bool) -> str:
    return f"Trainer, {workers} workers, {'bf16' if bf16 else 'float32'}{', compiled' if fused else ''}"


def theirs_images_per_s(
    pictures: Pictures, config: TrainConfig, folder: Path, steps: int, way: tuple[int, bool, bool]
) -> float:
    clock = Clock()
    arguments = {"max_steps": steps + 1, "dataloader_num_workers": way[0], "bf16": way[1], "torch_compile": way[2]}
    trainer = transformers_trainer(new_network(config), pictures, config, folder, **arguments)
    trainer.add_callback(clock)
    trainer.train()
    return steps * config.batch_size / (clock.ends[-1] - clock.ends[0])


@held_for_reuse()
def ours_images_per_s(trainer: Trainer, steps: int, *, epoch: int) -> float:
    """Complete batches of an epoch, as `start.execute` does them; one goes first to warm up."""
    trainer.state.position.epoch, trainer.state.position.batch = epoch, 0
    trainer.start_epoch()
    order = trainer.epoch_order(epoch)
    size = trainer.config.batch_size
    for step in range(steps + 1):
        if step == 1:
            began = time.perf_counter()
        trainer.train_batch(order[step * size : (step + 1) * size])
        trainer.report("training")
    return steps * size / (time.perf_counter() - began)


def flops_of_an_image(config: TrainConfig, size: int) -> float:
    """Of forward and backward pass, a multiplication and an addition counted as two."""
    network, images = new_network(config).train(), 2
    with FlopCounterMode(display=False) as counter:
        network(torch.randn(images, 1, size, size)).logits.sum().backward()
    return counter.get_total_flops() / images


def product_flops_per_s(dtype: torch.dtype) -> float:
    left, right = (torch.randn(PRODUCT, PRODUCT).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        torch.mm(left, right)
        seconds.append(time.perf_counter() - began)
    return 2 * PRODUCT**3 / min(seconds)


def accuracy_of(network: FerNetForImageClassification, dataset: FaceDataset, preprocess: Preprocess) -> float:
    rows, right = dataset.rows("validation"), 0
    network.eval()
    with torch.inference_mode():
        for part in np.array_split(rows, -(-len(rows) // 256)):
            predicted = network(preprocess(dataset.images[part])).logits.argmax(1).numpy()
            right += int((predicted == dataset.labels[part]).sum())
    return right / len(rows)


def drawn_faces(root: Path) -> FaceDataset:
    rng = np.random.default_rng(0)
    labels = np.arange(4200) % len(EMOTIONS)
    return save_dataset(
        root,
        "drawn",
        images=np.stack([draw_face(EMOTIONS[label], rng) for label in labels]),
        labels=labels,
        splits=["train"] * 3500 + ["validation"] * 700,
        sources=[f"{number:05d}" for number in range(len(labels))],
        origin="drawn",
    )


def thinned(dataset: FaceDataset, root: Path, images: int) -> FaceDataset:
    """At most so many of its training images, at random, and all of validation."""
    train = np.random.default_rng(0).permutation(dataset.rows("train"))[: images or None]
    rows = np.concatenate([np.sort(train), dataset.rows("validation")])
    return save_dataset(
        root,
        "part",
        images=dataset.images[rows],
        labels=dataset.labels[rows],
        splits=["train"] * len(train) + ["validation"] * len(dataset.rows("validation")),
        sources=[f"{row:06d}" for row in rows],
        origin=dataset.name,
    )


def measure_speeds(
    dataset: FaceDataset, config: TrainConfig, folder: Path, turns: int, steps: int
) -> tuple[dict[str, list[float]], list[float], torch.dtype]:
    """Images a second of each, by turn, the matrix products a second beside them, and ferdash's number type."""
    preprocess, small = Preprocess(), config.augment.small_size
    ours = Trainer(create_run(folder / "runs", "speed", {}), config, dataset, new_network(config), preprocess)
    rows = dataset.rows("train")
    pictures = Pictures(dataset.images[rows], dataset.labels[rows], config.augment, preprocess)
    fused_config = override(config, ["compute.compile=true"])
    fused = Trainer(create_run(folder / "runs", "fused", {}), fused_config, dataset, new_network(config), preprocess)
    work: dict[str, Callable[[], float]] = {
        "ferdash, 48 px": lambda: ours_images_per_s(ours, steps, epoch=config.epochs - 1),
        "ferdash, 48 px, compiled": lambda: ours_images_per_s(fused, steps, epoch=config.epochs - 1),
        f"ferdash, {small} px": lambda: ours_images_per_s(ours, steps, epoch=0),
    }
    for way in WAYS:
        work[way_named(*way)] = lambda way=way: theirs_images_per_s(pictures, config, folder, steps, way)
    speeds: dict[str, list[float]] = {name: [] for name in work}
    products = []
    for _ in range(turns):
        for name, run in work.items():
            speeds[name].append(run())
        products.append(product_flops_per_s(ours.step.dtype))
    return speeds, products, ours.step.dtype


def compare_accuracy(
    dataset: FaceDataset, config: TrainConfig, folder: Path, way: tuple[int, bool, bool]
) -> dict[str, tuple[float, float]]:
    """Validation accuracy after the same epochs from the same weights, and the minutes that they took."""
    preprocess = Preprocess()
    ours = Trainer(create_run(folder / "runs", "accuracy", {}), config, dataset, new_network(config), preprocess)
    began = time.perf_counter()
    ours.train()
    middle = time.perf_counter()
    rows, network = dataset.rows("train"), new_network(config)
    pictures = Pictures(dataset.images[rows], dataset.labels[rows], config.augment, preprocess)
    arguments = {"num_train_epochs": config.epochs, "dataloader_num_workers": way[0], "bf16": way[1]}
    transformers_trainer(network, pictures, config, folder, **arguments).train()
    end = time.perf_counter()
    return {
        "ferdash": (accuracy_of(ours.state.network, dataset, preprocess), (middle - began) / 60),
        "Trainer": (accuracy_of(network, dataset, preprocess), (end - middle) / 60),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int, default=6400, help="training images for the accuracies, 0 for all")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    recipe = get_recipe("fernet").config()
    with tempfile.TemporaryDirectory() as workspace:
        folder = Path(workspace)
        known = arguments.dataset in list_datasets(data_root())
        dataset = open_dataset(data_root(), arguments.dataset) if known else drawn_faces(folder)
        config = replace(recipe, dataset=dataset.name)
        speeds, products, dtype = measure_speeds(dataset, config, folder, arguments.turns, arguments.steps)
        print_speeds(config, speeds, products, dtype)
        if arguments.epochs:
            part = thinned(dataset, folder, arguments.images)
            changes = [f"epochs={arguments.epochs}", "dataset=part", "ema=0", "augment.small_epochs=0"]
            changes += ["schedule.warmup_epochs=0.5", "schedule.floor=0", "checkpoint.every_batches=0"]
            best = max(PLAIN_WAYS, key=lambda way: median(speeds[way_named(*way)]))
            results = compare_accuracy(part, override(recipe, changes), folder, best)
            print_accuracies(results, arguments.epochs, part)
    print(
        f"{machine()}, {platform.machine()}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}"
    )


def print_speeds(
    config: TrainConfig, speeds: dict[str, list[float]], products: list[float], dtype: torch.dtype
) -> None:
    best = max((way_named(*way) for way in PLAIN_WAYS), key=lambda name: median(speeds[name]))
    kind = str(dtype).removeprefix("torch.")
    parameters = sum(parameter.numel() for parameter in new_network(config).parameters())
    print(f"FerNet of {parameters:,} parameters, batch {config.batch_size}, ferdash in {kind}")
    print(f"{'':30}{'images/s':>10}{'times the best Trainer':>24}")
    for name, measured in speeds.items():
        ratio = median(a / b for a, b in zip(measured, speeds[best], strict=True))
        print(f"{name:30}{median(measured):>10,.0f}{ratio:>24.2f}")
    plain = speeds[way_named(0, False, False)]
    ratio = median(a / b for a, b in zip(speeds["ferdash, 48 px"], plain, strict=True))
    print(f"At 48 px ferdash is {ratio:.2f} times the Trainer as it comes: no workers, float32")
    print(f"medians of {len(products)} turns; the bar is {BAR:g} times, at 48 px")
    rate = flops_of_an_image(config, 48)
    shares = [rate * speed / product for speed, product in zip(speeds["ferdash, 48 px"], products, strict=True)]
    print(
        f"An image takes {rate / 1e9:.2f} GFLOP forward and back: {rate * median(speeds['ferdash, 48 px']) / 1e9:,.0f} "
        f"GFLOP/s, {median(shares):.1%} of one {PRODUCT:,} x {PRODUCT:,} product in {kind} "
        f"({median(products) / 1e9:,.0f} GFLOP/s)"
    )


def print_accuracies(results: dict[str, tuple[float, float]], epochs: int, part: FaceDataset) -> None:
    print(f"After {epochs} epochs on {len(part.rows('train')):,} images, same start, 48 px, no averaged weights:")
    for name, (accuracy, minutes) in results.items():
        print(f"  {name:10}{accuracy:>8.1%} of {len(part.rows('validation')):,} validation images, {minutes:.1f} min")
    apart = abs(results["ferdash"][0] - results["Trainer"][0])
    print(f"  {'equal' if apart <= CLOSE else 'not equal'}: {100 * apart:.1f} points apart (up to {100 * CLOSE:g} is)")


if __name__ == "__main__":
    main()
