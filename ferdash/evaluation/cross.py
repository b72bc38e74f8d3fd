"""Several models on several datasets: one figure of each model on each set of images, from kept evaluations."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.intervals import Interval
from ferdash.evaluation.protocol import Protocol

SEEN_SOURCES = ("same source", "training images")
"""Sources on which a model is at home: it learned from that dataset."""


@dataclass(frozen=True)
class Cell:
    """A model on a set of images. absent: emotions that no image shows, left out of macro F1. source: as
    `ferdash.inference.provenance.source_of` says it, empty where nobody asked."""

    model: str
    title: str
    protocol: Protocol
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    absent: tuple[str, ...]
    source: str

    @property
    def column(self) -> str:
        """The images in a few words, equal exactly where the images are, as long as hashes are."""
        p = self.protocol
        part = f"{p.images:,} images" + ("" if p.duplicates_included else " without duplicates")
        return f"{p.dataset} {p.split}, {part} ({p.dataset_hash[:4]}{p.rows[:4]})"

    def notes(self) -> str:
        """What to know before comparing it, in a few words."""
        notes = [self.source] if self.source in SEEN_SOURCES else []
        if self.source == "unknown":
            notes.append("origin of the model unknown")
        if self.absent:
            notes.append(f"no {' or '.join(self.absent)}")
        return "; ".join(notes)


def asked_model(record: dict[str, Any]) -> str:
    """The model that was measured: its reference, and `int8` where it was asked in 8-bit integers, which is another
    model to its scores. In ONNX Runtime it is the same, up to rounding."""
    return f"{record['model']}, int8" if record.get("engine") == "int8" else str(record["model"])


def cell_of(record: dict[str, Any]) -> Cell:
    """A cell from what is kept of an evaluation. Raises EvaluationError or KeyError for what is none."""
    metrics, intervals = record["metrics"], record["intervals"]
    return Cell(
        model=asked_model(record),
        title=str(record.get("title", record["model"])),
        protocol=Protocol.from_dict(record["protocol"]),
        accuracy=float(metrics["accuracy"]),
        accuracy_interval=Interval(**intervals["accuracy"]),
        macro_f1=float(metrics["macro_f1"]),
        macro_f1_interval=Interval(**intervals["macro_f1"]),
        absent=tuple(name for name, images in zip(EMOTIONS, metrics["support"], strict=True) if not images),
        source=str(record.get("source", "")),
    )


def absent_sentences(cells: Iterable[Cell]) -> list[str]:
    """Which emotions each dataset lacks, a sentence a dataset."""
    lacking = {cell.protocol.dataset: cell.absent for cell in cells if cell.absent}
    return [
        f"{dataset} shows no {' or '.join(names)}: left out of macro F1 there, and a model that answers so is wrong."
        for dataset, names in lacking.items()
    ]
