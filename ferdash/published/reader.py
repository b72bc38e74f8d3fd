"""The report's figures as dataclasses. Shares are from 0 to 1 here, as everywhere in ferdash.

The report prints percentages with two decimals, so a share may be off by ROUNDING; losses have three decimals.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from ferdash.emotions import EMOTIONS

ROUNDING = 0.00005
"""Half of the last printed digit of a share."""


@dataclass(frozen=True)
class ClassTable:
    """precision, recall, f1: shares; support: images. Each has seven entries, in the order of EMOTIONS."""

    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    support: tuple[int, ...]

    @property
    def images(self) -> int:
        return sum(self.support)

    @property
    def accuracy(self) -> float:
        """The share of images recognised: recall, weighted by support."""
        return self.weighted()[1]

    def macro(self) -> tuple[float, float, float]:
        """Unweighted means of precision, recall and F1."""
        return self._means((1,) * len(EMOTIONS))

    def weighted(self) -> tuple[float, float, float]:
        """Means of precision, recall and F1, weighted by support."""
        return self._means(self.support)

    def _means(self, weights: tuple[int, ...]) -> tuple[float, float, float]:
        def mean(values: tuple[float, ...]) -> float:
            return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)

        return mean(self.precision), mean(self.recall), mean(self.f1)


@dataclass(frozen=True)
class EpochRow:
    """A line of a progression, epoch counted from 1 as printed. accuracy: on validation or test, as the experiment's
    `measured_on` says. loss, best (highest accuracy so far), focus: where the report states them."""

    epoch: int
    train_loss: float
    train_accuracy: float
    accuracy: float
    loss: float | None
    best: float | None
    focus: tuple[str, ...]


@dataclass(frozen=True)
class Increase:
    """Relative increases over another experiment, in percent, as printed: of the accuracy, and of each emotion's F1."""

    over: str
    accuracy: str
    f1: dict[str, str]


@dataclass(frozen=True)
class Experiment:
    """One experiment of the report: published, not run here.

    name: the report's, which is also that of the recipe that repeats it. section: where it stands. images: test images
    behind the scores. accuracy: as stated. table: of the last epoch. macro: stated averages of precision, recall and
    F1. best_epoch: where the accuracy is that of an epoch before the last. What the report does not state is None, or
    empty.
    """

    name: str
    title: str
    section: str
    date: date
    epochs: int
    batch_size: int | None
    train_images: int | None
    weights: dict[str, float]
    accuracy: float
    images: int
    table: ClassTable
    macro: tuple[float, float, float] | None
    measured_on: str
    best_epoch: int | None
    progress: tuple[EpochRow, ...]
    increase: Increase | None


@dataclass(frozen=True)
class SummaryRow:
    """A line of the report's own comparison. called_best: whether it is marked as the best there."""

    name: str
    date: date
    accuracy: float
    called_best: bool


@dataclass(frozen=True)
class SplitImages:
    """Images of each emotion, and the share that is stated of each, in the order of EMOTIONS."""

    total: int
    count: tuple[int, ...]
    share: tuple[float, ...]


@dataclass(frozen=True)
class Text:
    """Figures and findings that the report's text names.

    abstract_increase: relative increase in percent as printed, and the accuracy it is said to have led to.
    adaptive_hardest: emotions said to stay hardest. most_improved: the emotion said to have gained most. rerun: two
    experiments said to differ by their test images alone. imbalance: training images of the most frequent emotion over
    those of the rarest, as printed. f1, accuracy: (experiment, value), f1 with the emotion.
    """

    abstract_increase: tuple[str, float]
    adaptive_hardest: tuple[str, ...]
    most_improved: str
    rerun: tuple[str, str]
    imbalance: str
    f1: tuple[tuple[str, str, float], ...]
    accuracy: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Report:
    """timeline: date and name of everything that was run, in the order of the report. images: by split."""

    title: str
    base_model: str
    learning_rate: float
    images: dict[str, SplitImages]
    timeline: tuple[tuple[date, str], ...]
    experiments: tuple[Experiment, ...]
    summary: tuple[SummaryRow, ...]
    text: Text

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name. Raises KeyError when the report has no results of it."""
        return {experiment.name: experiment for experiment in self.experiments}[name]


@cache
def read_report() -> Report:
    """The report's figures, from the file beside this module."""
    content = tomllib.loads(files("ferdash.published").joinpath("report.toml").read_text(encoding="utf-8"))
    text = content["text"]
    return Report(
        title=content["title"],
        base_model=content["base_model"],
        learning_rate=content["learning_rate"],
        images={split: _split_images(rows) for split, rows in content["images"].items()},
        timeline=tuple((row["date"], row["name"]) for row in content["timeline"]),
        experiments=tuple(_experiment(row) for row in content["experiment"]),
        summary=tuple(
            SummaryRow(row["name"], row["date"], _share(row["accuracy"]), row.get("called_best", False))
            for row in content["summary"]
        ),
        text=Text(
            abstract_increase=(text["abstract_increase"]["percent"], _share(text["abstract_increase"]["to"])),
            adaptive_hardest=tuple(text["adaptive_hardest"]),
            most_improved=text["most_improved"],
            rerun=(text["rerun"][0], text["rerun"][1]),
            imbalance=text["imbalance"],
            f1=tuple((row["name"], row["emotion"], _share(row["value"])) for row in text["f1"]),
            accuracy=tuple((row["name"], _share(row["value"])) for row in text["accuracy"]),
        ),
    )


def _experiment(row: dict[str, Any]) -> Experiment:
    columns = list(zip(*(row["per_class"][emotion] for emotion in EMOTIONS), strict=True))
    precision, recall, f1 = (tuple(map(_share, column)) for column in columns[:3])
    macro = tuple(map(_share, row["macro"])) if "macro" in row else None
    increase = row.get("increase")
    return Experiment(
        name=row["name"],
        title=row["title"],
        section=row["section"],
        date=row["date"],
        epochs=row["epochs"],
        batch_size=row.get("batch_size"),
        train_images=row.get("train_images"),
        weights=row.get("weights", {}),
        accuracy=_share(row["accuracy"]),
        images=row["images"],
        table=ClassTable(precision, recall, f1, columns[3]),
        macro=macro,  # type: ignore[arg-type]
        measured_on=row.get("measured_on", ""),
        best_epoch=row.get("best_epoch"),
        progress=tuple(_epoch(line) for line in row.get("progress", [])),
        increase=increase
        and Increase(increase["over"], increase["accuracy"], {emotion: increase[emotion] for emotion in EMOTIONS}),
    )


def _epoch(line: dict[str, Any]) -> EpochRow:
    return EpochRow(
        epoch=line["epoch"],
        train_loss=line["train_loss"],
        train_accuracy=_share(line["train_accuracy"]),
        accuracy=_share(line["accuracy"]),
        loss=line.get("loss"),
        best=_share(line["best"]) if "best" in line else None,
        focus=tuple(line.get("focus", [])),
    )


def _split_images(rows: dict[str, Any]) -> SplitImages:
    count, share = zip(*(rows[emotion] for emotion in EMOTIONS), strict=True)
    return SplitImages(rows["total"], count, tuple(map(_share, share)))


def _share(percent: float) -> float:
    return round(percent / 100, 6)
