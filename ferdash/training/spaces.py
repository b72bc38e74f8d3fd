"""Search spaces, as data: which settings of TrainConfig a study varies, and between what.

A setting is varied by one text, `sampling.focus.low=1..3` for a range and `schedule.name=constant|cosine` for a choice.
A bound may be told as a multiple of what the setting is before, `optimizer.lr=0.1x..10x:log`, so that one space fits
recipes of any learning rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferdash.errors import ConfigError
from ferdash.records import flatten
from ferdash.training.config import TrainConfig, override, to_dict

if TYPE_CHECKING:
    import optuna

MEASURED_BY = ("dataset", "seed", "recipe", "folds.", "evaluation.", "sampling.focus.measured_on")
"""Trials that differ in these could not be held against each other, or would differ by chance alone."""

WITHOUT_SCORE = ("checkpoint.", "compute.")

NEEDS_MODE = {"sampling.focus.": "adaptive", "sampling.weights.": "static"}
"""Settings that count in one sampling.mode only."""


@dataclass(frozen=True)
class Vary:
    """One setting that is varied: from low to high (both may be drawn; log: evenly in the logarithm; whole: whole
    numbers only), or one of `choices`."""

    path: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[str | float | bool, ...] = ()

    @property
    def text(self) -> str:
        """What `parse` reads as this."""
        if self.choices:
            return f"{self.path}={'|'.join(map(str, self.choices))}"
        return f"{self.path}={_exactly(self.low)}..{_exactly(self.high)}{':log' if self.log else ''}"

    def suggest(self, trial: "optuna.Trial") -> str:
        """Draw a value; returns the setting as `override` takes it."""
        if self.choices:
            return f"{self.path}={trial.suggest_categorical(self.path, self.choices)}"
        if self.whole:
            return f"{self.path}={trial.suggest_int(self.path, int(self.low), int(self.high), log=self.log)}"
        return f"{self.path}={trial.suggest_float(self.path, self.low, self.high, log=self.log)}"


@dataclass(frozen=True)
class Space:
    """summary: one line on what it searches. settings: what has to be set for it to make sense. vary: texts."""

    summary: str
    vary: tuple[str, ...]
    settings: tuple[str, ...] = ()


SPACES = {
    "focus": Space(
        "The weights of adaptive focus, with the learning rate, which they depend on.",
        vary=(
            "sampling.focus.k=1..3",
            "sampling.focus.low=1..3",
            "sampling.focus.high=3..8",
            "sampling.focus.smoothing=0..0.9",
            "sampling.focus.memory=0..0.9",
            "optimizer.lr=0.3x..3x:log",
        ),
        settings=("sampling.mode=adaptive",),
    ),
    "optimizer": Space(
        "The step: learning rate and its schedule, weight decay, batch size.",
        vary=(
            "optimizer.lr=0.1x..10x:log",
            "optimizer.weight_decay=1e-4..0.2:log",
            "schedule.name=constant|cosine",
            "batch_size=32|64|128|256",
        ),
    ),
    "augment": Space(
        "How strongly training images are changed.",
        vary=(
            "augment.rotation=0..25",
            "augment.scale=0..0.25",
            "augment.shift=0..0.15",
            "augment.brightness=0..0.5",
            "augment.contrast=0..0.5",
            "augment.erasing=0..0.5",
            "augment.mixup=0..0.4",
        ),
    ),
}


def get_space(name: str) -> Space:
    """The space of that name. Raises ConfigError listing those there are."""
    if name not in SPACES:
        raise ConfigError(f"There is no search space called “{name}”; there are: {', '.join(SPACES)}.")
    return SPACES[name]


def parse(texts: Sequence[str], base: TrainConfig) -> tuple[Vary, ...]:
    """What the texts vary of `base`; of two texts about one setting the later counts.

    >>> parse(["optimizer.lr=0.5x..1e-2:log"], override(TrainConfig(), ["optimizer.lr=0.001"]))[0].text
    'optimizer.lr=0.0005..0.01:log'

    Raises ConfigError for a text that cannot be read, for a setting that does not exist, that must stay the same in
    all trials or that has no effect, and for values that it cannot take.
    """
    parts = {path: (text, spec) for text in texts for path, spec in [_split(text)]}
    if not parts:
        raise ConfigError("Nothing is varied; name a search space, or settings such as optimizer.lr=1e-4..1e-2:log.")
    bounds = {path: _bounds(path, text, spec, base) for path, (text, spec) in parts.items()}
    found = tuple(_vary(path, bounds, base) for path in bounds)
    _require_effect(found, base)
    return found


def _exactly(number: float) -> str:
    short = f"{number:g}"
    return short if float(short) == number else repr(number)


def _split(text: str) -> tuple[str, str]:
    path, equals, spec = (part.strip() for part in text.partition("="))
    if not equals or not path or not spec:
        raise ConfigError(
            f"“{text}” does not say what to vary; write a range as field=low..high (with :log for a logarithmic one), "
            "or a choice as field=a|b."
        )
    if path.startswith(MEASURED_BY):
        raise ConfigError(
            f"{path} cannot be varied: all trials of a study are measured alike, on the same images and from the same "
            "seed. Set it for the whole study instead."
        )
    if path.startswith(WITHOUT_SCORE):
        raise ConfigError(f"{path} does not change what is learnt, so there is nothing to search for.")
    return path, spec


@dataclass(frozen=True)
class _Bounds:
    """The values of a text as texts: the two ends of a range, or the choices."""

    values: tuple[str, ...]
    is_range: bool
    log: bool = False


def _bounds(path: str, text: str, spec: str, base: TrainConfig) -> _Bounds:
    if ".." in spec:
        ends, _, scale = spec.partition(":")
        low, _, high = ends.partition("..")
        if scale not in ("", "log") or not low or not high:
            raise ConfigError(f"“{text}” is no range; write it as {path}=low..high, with :log for a logarithmic one.")
        return _Bounds(tuple(_multiplied(path, end.strip(), base) for end in (low, high)), True, scale == "log")
    choices = tuple(dict.fromkeys(choice.strip() for choice in spec.split("|")))
    if len(choices) < 2 or "" in choices:
        raise ConfigError(f"“{text}” leaves nothing to choose; write two or more values, as in {path}=a|b.")
    return _Bounds(choices, False)


def _multiplied(path: str, end: str, base: TrainConfig) -> str:
    if not end.endswith("x"):
        return end
    before = flatten(to_dict(base)).get(path)
    try:
        if isinstance(before, bool) or not isinstance(before, int | float) or before == 0:
            raise ValueError
        return f"{float(end[:-1]) * before:g}"
    except ValueError:
        raise ConfigError(f"{path} is {before!r} before, so {end} times that is no bound; write the value.") from None


def _vary(path: str, bounds: dict[str, _Bounds], base: TrainConfig) -> Vary:
    own = bounds[path]
    values = [_as_field(path, value, bounds, base) for value in own.values]
    if not own.is_range:
        return Vary(path, choices=tuple(values))
    low, high = values
    if isinstance(low, str | bool) or isinstance(high, str | bool):
        raise ConfigError(f"{path} is not a number, so it has no range; write its values as {path}=a|b.")
    if not low < high:
        raise ConfigError(
            f"{path} is varied from {low:g} to {high:g}, but a range goes from a lower value to a higher."
        )
    if own.log and low <= 0:
        raise ConfigError(f"{path} is varied from {low:g} on a logarithmic scale, which has no 0; start above 0.")
    return Vary(path, low, high, own.log, isinstance(low, int))


def _as_field(path: str, value: str, bounds: dict[str, _Bounds], base: TrainConfig) -> Any:
    """The value as the setting holds it. One that base refuses may fit where another varied setting moves along with
    it: a focus.low of 6 needs a focus.high of 6 or more."""
    problem: ConfigError | None = None
    for place in (None, 0, -1):
        others = [f"{name}={each.values[place]}" for name, each in bounds.items() if place is not None and name != path]
        try:
            field = flatten(to_dict(override(base, [*others, f"{path}={value}"]))).get(path)
        except ConfigError as error:
            problem = problem or error
            continue
        if field is None:
            raise ConfigError(f"{path} cannot be varied; write emotions as {path.rpartition('.')[0]}.angry.")
        return value if isinstance(field, list) else field
    assert problem is not None
    raise problem


def _require_effect(found: Sequence[Vary], base: TrainConfig) -> None:
    if any(vary.path == "sampling.mode" for vary in found):
        return
    for vary in found:
        for prefix, mode in NEEDS_MODE.items():
            if vary.path.startswith(prefix) and base.sampling.mode != mode:
                raise ConfigError(
                    f"{vary.path} has no effect while sampling.mode is {base.sampling.mode}; "
                    f"add --set sampling.mode={mode}."
                )
