"""Everything that decides how a run trains, as frozen dataclasses with one default each.

A configuration is data: it goes to JSON and back unchanged, unknown fields are refused by name, and any field can be
replaced by its dotted path (`optimizer.lr=1e-4`).
"""

import dataclasses
import math
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from ferdash import former_names
from ferdash.emotions import canonical_emotion
from ferdash.errors import ConfigError
from ferdash.records import flatten
from ferdash.training.settings import (
    AugmentConfig,
    CheckpointConfig,
    ComputeConfig,
    EvaluationConfig,
    FoldsConfig,
    LossConfig,
    NetworkConfig,
    OptimizerConfig,
    SamplingConfig,
    ScheduleConfig,
    require,
)

MOST = 2**31 - 1
"""What every place that takes a whole number can hold."""


@dataclass(frozen=True)
class TrainConfig:
    """One run. dataset: name of an imported dataset. start_from: a model reference, or empty for a new network.
    epochs: how often the training images are gone through; 0 only evaluates. batch_size: images for one step; half of
    it takes half the memory. seed: of everything that is drawn; the same seed makes the same run. ema: decay of the
    running average of the weights that is evaluated, 0 for none, 0.999 for a long run."""

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
        require(self.epochs >= 0, "epochs", self.epochs, "0 or more")
        require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")
        require(self.seed >= 0, "seed", self.seed, "0 or more")
        require(0 <= self.ema < 1, "ema", self.ema, "from 0 to below 1")

    def teachers(self) -> list[str]:
        """The references in loss.teachers. Raises ConfigError for `start` where the run starts from none."""
        names = [name.strip() for name in self.loss.teachers.split(",") if name.strip()]
        if {"start", "votes:start"} & set(names) and not self.start_from:
            raise ConfigError("loss.teachers names “start”, but this run starts from no model; name one to start from.")
        known = {"start": self.start_from, "votes:start": f"votes:{self.start_from}"}
        return [known.get(name, name) for name in names]


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """The configuration as nested plain data, ready for JSON."""
    found: dict[str, Any] = _plain(dataclasses.asdict(config))
    return found


def from_dict(values: dict[str, Any]) -> TrainConfig:
    """The configuration of `to_dict`, also one that an earlier version stored; fields left out take their defaults.

    Raises ConfigError for a field that does not exist (by name) or a value of the wrong kind.
    """
    # Whatever is no group of settings is refused by what builds them.
    config: TrainConfig = _build(TrainConfig, former_names.config(values) if isinstance(values, dict) else values, "")
    return config


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
        if not isinstance(value, dict):
            raise ConfigError(f"{path} is {value!r}, but it must be a group of numbers by emotion.")
        return {canonical_emotion(name): _convert(float, item, f"{path}.{name}") for name, item in value.items()}
    if origin is tuple:
        items = value.strip("()[] ").split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise ConfigError(f"{path} is {value!r}, but it must be a list of whole numbers.")
        return tuple(_convert(int, item, path) for item in items)
    return _scalar(hint, value, path)


def _scalar(hint: Any, value: Any, path: str) -> Any:
    try:
        if hint is bool and isinstance(value, str):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[value.lower()]
        if hint is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        found = hint(value)
        if hint is float and not math.isfinite(found):
            raise ValueError
        if hint is int and abs(found) > MOST:
            raise ConfigError(f"{path} is {value}, which is further from 0 than any setting can be: {MOST:,}.")
        return found
    except (ValueError, KeyError, TypeError, OverflowError):
        kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        raise ConfigError(f"{path} is {value!r}, but it must be {kinds[hint]}.") from None
