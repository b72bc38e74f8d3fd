"""Everything that decides how a run trains, as frozen dataclasses with one default each.

A configuration is data: it goes to JSON and back unchanged, unknown fields are refused by name, and any field can be
replaced by its dotted path (`optimizer.lr=1e-4`).
"""

import dataclasses
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from ferdash import former_names
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
        _require(self.name in architectures(), "network.name", self.name, f"one of {', '.join(architectures())}")
        _require(self.width >= 4 and self.width % 2 == 0, "network.width", self.width, "an even number from 4")
        _require(len(self.depths) > 0 and min(self.depths) > 0, "network.depths", self.depths, "positive numbers")
        _require(0 <= self.dropout < 1, "network.dropout", self.dropout, "from 0 to below 1")


@dataclass(frozen=True)
class OptimizerConfig:
    """The step. clip: largest gradient norm, 0 for none. accumulate: batches whose gradients make one step.
    freeze: leading stages of the network that stay as they are."""

    name: Literal["adamw", "sgd"] = "adamw"
    lr: float = 2e-5
    weight_decay: float = 0.01
    momentum: float = 0.9
    clip: float = 0.0
    accumulate: int = 1
    freeze: int = 0

    def __post_init__(self) -> None:
        _require(self.lr > 0, "optimizer.lr", self.lr, "above 0")
        _require(self.weight_decay >= 0, "optimizer.weight_decay", self.weight_decay, "0 or more")
        _require(self.accumulate >= 1, "optimizer.accumulate", self.accumulate, "1 or more")
        _require(self.clip >= 0, "optimizer.clip", self.clip, "0 (off) or more")
        _require(self.freeze >= 0, "optimizer.freeze", self.freeze, "0 or more")


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
        _require(self.warmup_epochs >= 0, "schedule.warmup_epochs", self.warmup_epochs, "0 or more")
        _require(0 <= self.floor <= 1, "schedule.floor", self.floor, "from 0 to 1")
        _require(self.restart_epochs >= 1, "schedule.restart_epochs", self.restart_epochs, "1 or more")
        _require(0 < self.factor < 1, "schedule.factor", self.factor, "between 0 and 1")


@dataclass(frozen=True)
class LossConfig:
    """focal_gamma: 0 is cross-entropy, above 0 focal loss. class_weights: `inverse` frequency or `effective` number.
    label_smoothing: share of the target spread over all emotions. soft_votes: learn the raters' votes where known.
    teachers: model references, separated by commas, whose probabilities take teacher_share of each target; `start` is
    the model that the run starts from, `votes` what the label usually is given an image's votes, `votes:MODEL` what it
    usually is given these and MODEL's features (see ferdash.training.raters), and a .npy file a table of what somebody
    else sees in the training images."""

    focal_gamma: float = 0.0
    label_smoothing: float = 0.0
    class_weights: Literal["none", "inverse", "effective"] = "none"
    soft_votes: bool = False
    teachers: str = ""
    teacher_share: float = 0.5

    def __post_init__(self) -> None:
        _require(self.focal_gamma >= 0, "loss.focal_gamma", self.focal_gamma, "0 or more")
        _require(0 <= self.label_smoothing < 1, "loss.label_smoothing", self.label_smoothing, "from 0 to below 1")
        _require(0 < self.teacher_share <= 1, "loss.teacher_share", self.teacher_share, "above 0 and at most 1")


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes to each training image. flip, erasing: probabilities. rotation: degrees either way. scale,
    shift: share of the size either way. brightness, contrast: relative strength. erasing blanks a rectangle of 2% to
    15% of the area. degrade: probability of each of the eight kinds of ferdash.training.degrade (blur, noise, JPEG).
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
            _require(0 <= getattr(self, name) <= 1, f"augment.{name}", getattr(self, name), "from 0 to 1")
        for name in ("rotation", "shift", "brightness", "contrast", "mixup", "small_epochs"):
            _require(getattr(self, name) >= 0, f"augment.{name}", getattr(self, name), "0 or more")
        _require(0 <= self.scale < 1, "augment.scale", self.scale, "from 0 to below 1")
        _require(self.small_size == 0 or self.small_size >= 16, "augment.small_size", self.small_size, "0, or from 16")


@dataclass(frozen=True)
class FocusConfig:
    """Adaptive focus (see ferdash.training.focus, which argues each default)."""

    k: int = 2
    low: float = 3.0
    high: float = 5.0
    measured_on: Literal["validation", "test"] = "validation"
    smoothing: float = 0.0
    memory: float = 0.0

    def __post_init__(self) -> None:
        _require(1 <= self.k <= len(EMOTIONS), "sampling.focus.k", self.k, "from 1 to 7")
        _require(1 <= self.low <= self.high, "sampling.focus.low", self.low, "at least 1 and at most focus.high")
        _require(0 <= self.smoothing < 1, "sampling.focus.smoothing", self.smoothing, "from 0 to below 1")
        _require(0 <= self.memory < 1, "sampling.focus.memory", self.memory, "from 0 to below 1")


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
        _require(self.per_class >= 0, "sampling.per_class", self.per_class, "0 (all) or more")
        _require(self.repeat_cap >= 0, "sampling.repeat_cap", self.repeat_cap, "0 (no limit) or more")
        _require(self.extra_repeat >= 1, "sampling.extra_repeat", self.extra_repeat, "1 or more")
        for name, weight in self.weights.items():
            canonical_emotion(name)
            _require(weight >= 0, f"sampling.weights.{name}", weight, "0 or more")


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
        _require(self.per_class >= 0, "evaluation.per_class", self.per_class, "0 (all) or more")
        _require(self.patience >= 0, "evaluation.patience", self.patience, "0 (never) or more")


@dataclass(frozen=True)
class FoldsConfig:
    """Cross-validation. count: folds into which training and validation images together are divided (see
    ferdash.training.folds), 0 for the dataset's own splits. index: the fold that is validation, from 0."""

    count: int = 0
    index: int = 0

    def __post_init__(self) -> None:
        _require(self.count == 0 or self.count >= 2, "folds.count", self.count, "0 (the dataset's splits), or from 2")
        _require(0 <= self.index < max(self.count, 1), "folds.index", self.index, "from 0 to below folds.count")


@dataclass(frozen=True)
class CheckpointConfig:
    """every_batches: a checkpoint inside the epoch too, 0 for none. keep_last: how many of the newest are kept."""

    every_batches: int = 100
    keep_last: int = 3

    def __post_init__(self) -> None:
        _require(self.every_batches >= 0, "checkpoint.every_batches", self.every_batches, "0 (off) or more")
        _require(self.keep_last >= 1, "checkpoint.keep_last", self.keep_last, "1 or more")


@dataclass(frozen=True)
class ComputeConfig:
    """Where and how it is computed. precision: `auto` is bfloat16 where the hardware has it. threads: 0 for all cores;
    results are only repeatable with the same number. compile: let torch.compile fuse the network (needs a C++
    compiler)."""

    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: int = 0
    compile: bool = False

    def __post_init__(self) -> None:
        _require(self.threads >= 0, "compute.threads", self.threads, "0 (all cores) or more")


@dataclass(frozen=True)
class TrainConfig:
    """One run. dataset: name of an imported dataset. start_from: a model reference, or empty for a new network.
    ema: decay of the running average of the weights that is evaluated, 0 for none. epochs 0 only evaluates."""

    recipe: str = "custom"
    dataset: str = "fer2013"
    start_from: str = ""
    epochs: int = 1
    batch_size: int = 32
    seed: int = 0
    ema: float = 0.0
    network: NetworkConfig = field(default_factory=NetworkConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    folds: FoldsConfig = field(default_factory=FoldsConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    compute: ComputeConfig = field(default_factory=ComputeConfig)

    def __post_init__(self) -> None:
        _require(self.epochs >= 0, "epochs", self.epochs, "0 or more")
        _require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")
        _require(self.seed >= 0, "seed", self.seed, "0 or more")
        _require(0 <= self.ema < 1, "ema", self.ema, "from 0 to below 1")

    def teachers(self) -> list[str]:
        """The references in loss.teachers. Raises ConfigError for `start` where the run starts from none."""
        names = [name.strip() for name in self.loss.teachers.split(",") if name.strip()]
        if {"start", "votes:start"} & set(names) and not self.start_from:
            raise ConfigError("loss.teachers names “start”, but this run starts from no model; name one to start from.")
        known = {"start": self.start_from, "votes:start": f"votes:{self.start_from}"}
        return [known.get(name, name) for name in names]


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """The configuration as nested plain data, ready for JSON."""
    return _plain(dataclasses.asdict(config))


def from_dict(values: dict[str, Any]) -> TrainConfig:
    """The configuration of `to_dict`, also one that an earlier version stored; fields left out take their defaults.

    Raises ConfigError for a field that does not exist (by name) or a value of the wrong kind.
    """
    return _build(TrainConfig, former_names.config(values), "")


def override(config: TrainConfig, settings: list[str]) -> TrainConfig:
    """Replace fields by `path=value` texts, as the command line gives them.

    >>> override(TrainConfig(), ["optimizer.lr=1e-4", "sampling.weights.fear=2"]).sampling.weights
    {'fear': 2.0}

    Raises ConfigError for a text without `=`, an unknown field or an impossible value.
    """
    values = to_dict(config)
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"“{setting}” is not a setting; write it as field=value, such as optimizer.lr=1e-4.")
        *parents, last = path.strip().split(".")
        target: Any = values
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise ConfigError(f"There is no setting called {path.strip()}.")
        target[last] = text.strip()
    return from_dict(values)


def differences(before: TrainConfig, after: TrainConfig) -> dict[str, tuple[Any, Any]]:
    """Dotted path -> (value before, value after) for every field that differs."""
    old, new = flatten(to_dict(before)), flatten(to_dict(after))
    return {path: (old.get(path), new.get(path)) for path in old | new if old.get(path) != new.get(path)}


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one level with dotted paths."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _require(condition: bool, path: str, value: object, expected: str) -> None:
    if not condition:
        raise ConfigError(f"{path} is {value}, but it must be {expected}.")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _build(kind: Any, values: Any, prefix: str) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"{prefix.rstrip('.')} is {values!r}, but it must be a group of settings.")
    hints = typing.get_type_hints(kind)
    unknown = [name for name in values if name not in hints]
    if unknown:
        raise ConfigError(f"There is no setting called {prefix}{unknown[0]}; there are: {', '.join(hints)}.")
    return kind(**{name: _convert(hints[name], value, prefix + name) for name, value in values.items()})


def _convert(hint: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, path + ".")
    origin = typing.get_origin(hint)
    if origin is Literal:
        choices = typing.get_args(hint)
        if value not in choices:
            raise ConfigError(f"{path} is {value!r}, but it must be one of {', '.join(choices)}.")
        return value
    if origin is dict:
        return {canonical_emotion(name): _convert(float, item, f"{path}.{name}") for name, item in value.items()}
    if origin is tuple:
        items = value.strip("()[] ").split(",") if isinstance(value, str) else value
        return tuple(_convert(int, item, path) for item in items)
    return _scalar(hint, value, path)


def _scalar(hint: Any, value: Any, path: str) -> Any:
    try:
        if hint is bool and isinstance(value, str):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[value.lower()]
        if hint is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        return hint(value)
    except (ValueError, KeyError, TypeError):
        kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        raise ConfigError(f"{path} is {value!r}, but it must be {kinds[hint]}.") from None
