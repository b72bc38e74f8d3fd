"""How the network that a run starts from scored on the run's own validation images, and how far the run has come.

It stands in `before.json` of the run's folder, written once, before the first epoch.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferdash.errors import RunError
from ferdash.files import write_json
from ferdash.runs.history import EpochLines, best_row
from ferdash.runs.store import open_run, read_status
from ferdash.wording import count, percent


@dataclass(frozen=True)
class BeforeAfter:
    """Accuracy and macro F1 of the network that the run starts from, and of the run's best epoch (None before the first
    is done), on the same `images` of validation. epoch: the best one, counted from 0. extra: name of the dataset
    trained on besides, if any."""

    images: int
    before_accuracy: float
    before_macro_f1: float
    epoch: int | None = None
    after_accuracy: float | None = None
    after_macro_f1: float | None = None
    extra: str = ""

    @property
    def sentence(self) -> str:
        """For a person."""
        before = f"Before, {percent(self.before_accuracy)} of {count(self.images)} validation faces were recognised"
        if self.after_accuracy is None or self.epoch is None:
            return f"{before}."
        points = 100 * (self.after_accuracy - self.before_accuracy)
        change = "the same" if abs(points) < 0.05 else f"{points:+.1f} points"
        return f"{before}; after epoch {self.epoch + 1}, the best, {percent(self.after_accuracy)} ({change})."


def write_before(folder: Path, validation: dict[str, Any]) -> None:
    """Keep what the network scored that the run in `folder` starts from; `validation` as in a row of metrics.jsonl."""
    write_json(folder / "before.json", {"validation": validation})


def read_before(folder: Path) -> BeforeAfter | None:
    """The scores of a run before and after, None when the former were not measured. Raises RunError when a file of the
    run cannot be read."""
    path = folder / "before.json"
    if not path.is_file():
        return None
    try:
        before = json.loads(path.read_text(encoding="utf-8"))["validation"]
        images, accuracy, macro_f1 = int(before["images"]), float(before["accuracy"]), float(before["macro_f1"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"before.json of run {folder.name} is not what ferdash writes there ({error}).") from error
    config = open_run(folder.parent, folder.name).record["config"]
    select = config.get("evaluation", {}).get("select", "accuracy")
    best = best_row(folder, EpochLines(folder), read_status(folder).get("best"), select)
    extra = config.get("sampling", {}).get("extra", "")
    if best is None:
        return BeforeAfter(images, accuracy, macro_f1, extra=extra)
    after = best["validation"]
    return BeforeAfter(images, accuracy, macro_f1, best["epoch"], after["accuracy"], after["macro_f1"], extra)
