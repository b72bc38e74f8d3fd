"""The groups of settings of a run, one frozen dataclass each, checked when they are made."""

from dataclasses import dataclass, field
from typing import Literal

from ferdash.emotions import EMOTIONS, canonical_emotion
from ferdash.errors import ConfigError
from ferdash.models.registry import DEFAULT as DEFAULT_ARCHITECTURE
from ferdash.models.registry import names as architectures


@dataclass(frozen=True)
class NetworkConfig:
    """A new network, used when a run starts from no model. name: its architecture, the file of that name in
    ferdash/models/architectures; the other fields are of FerNetConfig, and what another makes of them, it says."""

    name: str = DEFAULT_ARCHITECTURE
    width: int = 32
    depths: tuple[int, ...] = (1, 1, 1, 1)
    dropout: float = 0.3

    def __post_init__(self) -> None:
        require(self.name in architectures(), "network.name", self.name, f"one of {', '.join(architectures())}")
        require(self.width >= 4 and self.width % 2 == 0, "network.width", self.width, "an even number from 4")
        require(len(self.depths) > 0 and min(self.depths) > 0, "network.depths", self.depths, "positive numbers")
        require(0 <= self.dropout < 1, "network.dropout", self.dropout, "from 0 to below 1")


@dataclass(frozen=True)
class OptimizerConfig:
    """The step. lr: size of a step, above 0; about 0.001 for a new FerNet, 0.00002 for a ViT. weight_decay: how far
    weights shrink at each step, 0 or more. momentum: of SGD, 0 to below 1. clip: largest gradient norm, 0 for none.
    accumulate: batches whose gradients make one step. freeze: leading stages of the network that stay as they are."""

    name: Literal["adamw", "sgd"] = "adamw"
    lr: float = 2e-5
    weight_decay: float = 0.01
    momentum: float = 0.9
    clip: float = 0.0
    accumulate: int = 1
    freeze: int = 0

    def __post_init__(self) -> None:
        require(self.lr > 0, "optimizer.lr", self.lr, "above 0")
        require(self.weight_decay >= 0, "optimizer.weight_decay", self.weight_decay, "0 or more")
        require(self.accumulate >= 1, "optimizer.accumulate", self.accumulate, "1 or more")
        require(self.clip >= 0, "optimizer.clip", self.clip, "0 (off) or more")
        require(self.freeze >= 0, "optimizer.freeze", self.freeze, "0 or more")


@dataclass(frozen=True)
class ScheduleConfig:
    """How the learning rate moves. warmup_epochs: linear rise from 0. restart_epochs: length of the first cosine of
    `restarts`, each later one twice as long. patience, factor: for `plateau`, epochs without a better validation loss
    before the rate is multiplied. floor: lowest rate as a share of optimizer.lr."""

    name: Literal["constant", "cosine", "restarts", "plateau"] = "constant"
    warmup_epochs: float = 0.0
    floor: float = 0.0
    restart_epochs: int = 10
    patience: int = 3
    factor: float = 0.5

    def __post_init__(self) -> None:
        require(self.warmup_epochs >= 0, "schedule.warmup_epochs", self.warmup_epochs, "0 or more")
        require(0 <= self.floor <= 1, "schedule.floor", self.floor, "from 0 to 1")
        require(self.restart_epochs >= 1, "schedule.restart_epochs", self.restart_epochs, "1 or more")
        require(0 < self.factor < 1, "schedule.factor", self.factor, "between 0 and 1")


@dataclass(frozen=True)
class LossConfig:
    """focal_gamma: 0 is cross-entropy, above 0 focal loss. class_weights: `inverse` frequency or `effective` number.
    label_smoothing: share of the target spread over all emotions. soft_votes: learn the raters' votes where known.
    teachers: model references, separated by commas, whose probabilities take teacher_share of each target; `start` is
    the model that the run starts from, `votes` what the label usually is given an image's votes, `votes:MODEL` what it
    usually is given these and MODEL's features (see ferdash.training.raters), `oof:GROUP` a cross-validation, each of
    whose networks is asked about the images that it has not learned, and a .npy file a table of what somebody else sees
    in the training images."""

    focal_gamma: float = 0.0
    label_smoothing: float = 0.0
    class_weights: Literal["none", "inverse", "effective"] = "none"
    soft_votes: bool = False
    teachers: str = ""
    teacher_share: float = 0.5

    def __post_init__(self) -> None:
        require(self.focal_gamma >= 0, "loss.focal_gamma", self.focal_gamma, "0 or more")
        require(0 <= self.label_smoothing < 1, "loss.label_smoothing", self.label_smoothing, "from 0 to below 1")
        require(0 < self.teacher_share <= 1, "loss.teacher_share", self.teacher_share, "above 0 and at most 1")


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes to each training image. flip: probability. erasing: probability that a rectangle of 2% to 15%
    of the area is blanked. rotation: degrees either way. scale, shift: share of the size either way. brightness,
    contrast: relative strength. degrade: probability of each of the eight kinds of ferdash.training.degrade (blur,
    noise, JPEG).
    mixup: alpha of the Beta distribution that mixes pairs of images, 0 for none.

    small_size, small_epochs: the first epochs can be trained on smaller images, which costs less and teaches the
    coarse shapes first (progressive resizing; Tan and Le, "EfficientNetV2", 2021).
    """

    flip: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    erasing: float = 0.0
    degrade: float = 0.0
    mixup: float = 0.0
    small_size: int = 0
    small_epochs: int = 0

    def __post_init__(self) -> None:
        for name in ("flip", "erasing", "degrade"):
            require(0 <= getattr(self, name) <= 1, f"augment.{name}", getattr(self, name), "from 0 to 1")
        for name in ("rotation", "shift", "brightness", "contrast", "mixup", "small_epochs"):
            require(getattr(self, name) >= 0, f"augment.{name}", getattr(self, name), "0 or more")
        require(0 <= self.scale < 1, "augment.scale", self.scale, "from 0 to below 1")
        require(self.small_size == 0 or self.small_size >= 16, "augment.small_size", self.small_size, "0, or from 16")


@dataclass(frozen=True)
class FocusConfig:
    """Adaptive focus (see ferdash.training.focus, which argues each default). k: emotions in focus, 1 to 7. low, high:
    their weights, from 1; the worst gets the highest. measured_on: whose F1 decides; `test` marks the run as tuned on
    it. smoothing: share of the former F1 in a running mean, 0 to below 1. memory: share of a former extra weight that
    is kept, 0 to below 1."""

    k: int = 2
    low: float = 3.0
    high: float = 5.0
    measured_on: Literal["validation", "test"] = "validation"
    smoothing: float = 0.0
    memory: float = 0.0

    def __post_init__(self) -> None:
        require(1 <= self.k <= len(EMOTIONS), "sampling.focus.k", self.k, "from 1 to 7")
        require(1 <= self.low <= self.high, "sampling.focus.low", self.low, "at least 1 and at most focus.high")
        require(0 <= self.smoothing < 1, "sampling.focus.smoothing", self.smoothing, "from 0 to below 1")
        require(0 <= self.memory < 1, "sampling.focus.memory", self.memory, "from 0 to below 1")


@dataclass(frozen=True)
class SamplingConfig:
    """Which training images an epoch draws. per_class: at most this many images of each emotion, 0 for all.
    mode: `uniform` (each image once), `static` weights by emotion, or `adaptive` focus. repeat_cap: how often one
    image may be drawn in an epoch, 0 for no limit. extra: a dataset whose training images are mixed in besides, each
    extra_repeat times and all of them whatever per_class says; `corrections` is what has been corrected so far."""

    mode: Literal["uniform", "static", "adaptive"] = "uniform"
    per_class: int = 0
    weights: dict[str, float] = field(default_factory=dict)
    repeat_cap: int = 0
    extra: str = ""
    extra_repeat: int = 1
    focus: FocusConfig = field(default_factory=FocusConfig)

    def __post_init__(self) -> None:
        require(self.per_class >= 0, "sampling.per_class", self.per_class, "0 (all) or more")
        require(self.repeat_cap >= 0, "sampling.repeat_cap", self.repeat_cap, "0 (no limit) or more")
        require(self.extra_repeat >= 1, "sampling.extra_repeat", self.extra_repeat, "1 or more")
        for name, weight in self.weights.items():
            canonical_emotion(name)
            require(weight >= 0, f"sampling.weights.{name}", weight, "0 or more")


@dataclass(frozen=True)
class EvaluationConfig:
    """Measured after every epoch, on validation. per_class: a stratified subset of so many images of each emotion, 0
    for the whole split. select: the score that decides which checkpoint is best; `balanced` is the mean of accuracy
    and the worst emotion's F1, `majority` the agreement with the raters' majority where the dataset has votes.
    patience: epochs without a better score before the run stops early, 0 for never. baseline: also score the network
    that the run starts from, before its first epoch. test: also score the test split when the run ends (nothing is
    chosen on it)."""

    per_class: int = 0
    select: Literal["accuracy", "macro_f1", "balanced", "majority"] = "accuracy"
    patience: int = 0
    baseline: bool = False
    test: bool = False

    def __post_init__(self) -> None:
        require(self.per_class >= 0, "evaluation.per_class", self.per_class, "0 (all) or more")
        require(self.patience >= 0, "evaluation.patience", self.patience, "0 (never) or more")


@dataclass(frozen=True)
class FoldsConfig:
    """Cross-validation. count: folds into which training and validation images together are divided (see
    ferdash.training.folds), 0 for the dataset's own splits. index: the fold that is validation, from 0. within: `train`
    divides the training images alone, so that no fold knows the dataset's validation: teachers need that."""

    count: int = 0
    index: int = 0
    within: Literal["all", "train"] = "all"

    def __post_init__(self) -> None:
        require(self.count == 0 or self.count >= 2, "folds.count", self.count, "0 (the dataset's splits), or from 2")
        require(0 <= self.index < max(self.count, 1), "folds.index", self.index, "from 0 to below folds.count")


@dataclass(frozen=True)
class CheckpointConfig:
    """every_batches: a checkpoint inside the epoch too, 0 for none. keep_last: how many of the
    newest are kept, of those at the end of an epoch and of those inside one."""

    every_batches: int = 100
    keep_last: int = 3

    def __post_init__(self) -> None:
        require(self.every_batches >= 0, "checkpoint.every_batches", self.every_batches, "0 (off) or more")
        require(self.keep_last >= 1, "checkpoint.keep_last", self.keep_last, "1 or more")


@dataclass(frozen=True)
class ComputeConfig:
    """Where and how it is computed. precision: `auto` is bfloat16 where the hardware has it. threads: 0 for all cores;
    results are only repeatable with the same number. compile: let torch.compile fuse the network, which takes a minute
    at the start and makes a long run shorter (needs a C++ compiler)."""

    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: int = 0
    compile: bool = False

    def __post_init__(self) -> None:
        require(self.threads >= 0, "compute.threads", self.threads, "0 (all cores) or more")


def require(condition: bool, path: str, value: object, expected: str) -> None:
    """Raise ConfigError unless a setting fulfils what is expected of it."""
    if not condition:
        raise ConfigError(f"{path} is {value}, but it must be {expected}.")
