"""What the form of the Train page calls each setting: what it is, with its unit, and what is told of it besides."""

import dataclasses
import re
import typing
from functools import cache

from ferdash.training.config import TrainConfig

LABELS = {
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "seed": "Seed",
    "ema": "Weight averaging (EMA decay)",
    "network.name": "Architecture",
    "network.width": "Width (channels of the first stage)",
    "network.depths": "Blocks per stage",
    "network.dropout": "Dropout",
    "optimizer.name": "Optimizer",
    "optimizer.lr": "Learning rate",
    "optimizer.weight_decay": "Weight decay",
    "optimizer.momentum": "Momentum (SGD)",
    "optimizer.clip": "Gradient norm at most (0: no limit)",
    "optimizer.accumulate": "Batches per step",
    "optimizer.freeze": "Frozen leading stages",
    "schedule.name": "Schedule",
    "schedule.warmup_epochs": "Warm-up (epochs)",
    "schedule.floor": "Lowest rate (share of the learning rate)",
    "schedule.restart_epochs": "First cycle of restarts (epochs)",
    "schedule.patience": "Plateau: epochs to wait",
    "schedule.factor": "Plateau: factor",
    "loss.focal_gamma": "Focal loss gamma (0: cross-entropy)",
    "loss.label_smoothing": "Label smoothing",
    "loss.class_weights": "Class weights",
    "loss.soft_votes": "Learn the raters' votes",
    "loss.teachers": "Teachers",
    "loss.teacher_share": "Teachers' share of each target",
    "augment.flip": "Flip (probability)",
    "augment.rotation": "Rotation (degrees)",
    "augment.scale": "Scale (share of the size)",
    "augment.shift": "Shift (share of the size)",
    "augment.brightness": "Brightness (relative)",
    "augment.contrast": "Contrast (relative)",
    "augment.erasing": "Erasing (probability)",
    "augment.degrade": "Degrading (probability of each kind)",
    "augment.mixup": "Mixup alpha (0: none)",
    "augment.small_size": "Size of small images (pixels)",
    "augment.small_epochs": "Epochs on small images",
    "sampling.mode": "Sampling",
    "sampling.per_class": "Images per emotion (0: all)",
    "sampling.repeat_cap": "Most draws of one image (0: no limit)",
    "sampling.extra": "Extra dataset",
    "sampling.extra_repeat": "Corrections repeated",
    "sampling.focus.k": "Classes in focus",
    "sampling.focus.low": "Lowest focus weight",
    "sampling.focus.high": "Highest focus weight",
    "sampling.focus.measured_on": "Focus measured on",
    "sampling.focus.smoothing": "Smoothing of the F1 behind the focus",
    "sampling.focus.memory": "Former focus weight kept (share)",
    "evaluation.per_class": "Validation images per emotion (0: all)",
    "evaluation.select": "Best epoch by",
    "evaluation.patience": "Early stopping: epochs to wait (0: never)",
    "evaluation.baseline": "Score the network it starts from",
    "evaluation.test": "Score the test split at the end",
    "checkpoint.every_batches": "Batches between checkpoints (0: per epoch)",
    "checkpoint.keep_last": "Checkpoints kept",
    "compute.device": "Device",
    "compute.precision": "Precision",
    "compute.threads": "Threads (0: all cores)",
    "compute.compile": "Compile the network",
}
"""By the setting's dotted path, as `--set` takes it."""


@cache
def help_of(path: str) -> str:
    """What the docstring of a setting's dataclass says of it; empty where it says nothing.

    >>> help_of("loss.focal_gamma")
    '0 is cross-entropy, above 0 focal loss.'
    """
    kind: typing.Any = TrainConfig
    *groups, name = path.split(".")
    for group in groups:
        kind = typing.get_type_hints(kind)[group]
    fields = "|".join(field.name for field in dataclasses.fields(kind))
    text = " ".join((kind.__doc__ or "").split())
    # A passage begins with the names it is about: `patience, factor: for plateau ...`.
    heads = list(re.finditer(rf"(?:^|(?<=\. ))((?:{fields})(?:, (?:{fields}))*): ", text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=False):
        if name in head[1].split(", "):
            return text[head.end() : end].strip()
    return ""
