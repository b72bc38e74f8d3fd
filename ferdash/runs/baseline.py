"""How the network that a run starts from scored on the run's own validation images, and how far the run has come.

It stands in `baseline_score.json` of the run's folder, written once, before the first epoch.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferdash import former_names
from ferdash.errors import RunError
from ferdash.files import write_json
from ferdash.runs.history import EpochLines, best_row
from ferdash.runs.store import open_run, read_status
from ferdash.wording import count, percent

BASELINE_FILE = "baseline_score.json"


@dataclass(frozen=True)
class BaselineScore:
    """Accuracy and macro F1 of the network that the run starts from, and of the run's best epoch (None before the first
    is done), on the same `images` of validation. epoch: the best one, counted from 0. extra: name of the dataset
    trained on besides, if any."""

    images: int
    baseline_accuracy: float
    baseline_macro_f1: float
    epoch: int | None = None
    best_accuracy: float | None = None
    best_macro_f1: float | None = None
    extra: str = ""

    @property
    def sentence(self) -> str:
        """For a person."""
        start = f"Baseline score: {percent(self.baseline_accuracy)} of {count(self.images)} validation faces recognised"
        if self.best_accuracy is None or self.epoch is None:
            return f"{start}."
        points = 100 * (self.best_accuracy - self.baseline_accuracy)
        change = "the same" if abs(points) < 0.05 else f"{points:+.1f} points"
        return f"{start}; after epoch {self.epoch + 1}, the best, {percent(self.best_accuracy)} ({change})."


def write_baseline(folder: Path, validation: dict[str, Any]) -> None:
    """Keep what the network scored that the run in `folder` starts from; `validation` as in a row of metrics.jsonl."""
    write_json(folder / BASELINE_FILE, {"validation": validation})


def read_baseline(folder: Path) -> BaselineScore | None:
    """The baseline score of a run beside its best, None when it was not measured. Raises RunError when a file of
    the run cannot be read."""
    path = folder / BASELINE_FILE
    if not path.is_file():
        path = folder / former_names.BASELINE_SCORE
    if not path.is_file():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["validation"]
        images, accuracy, macro_f1 = int(stored["images"]), float(stored["accuracy"]), float(stored["macro_f1"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path.name} of run {folder.name} is not what ferdash writes there ({error}).") from error
    config = open_run(folder.parent, folder.name).record["config"]
    select = config.get("evaluation", {}).get("select", "accuracy")
    best = best_row(folder, EpochLines(folder), read_status(folder).get("best"), select)
    extra = config.get("sampling", {}).get("extra", "")
    if best is None:
        return BaselineScore(images, accuracy, macro_f1, extra=extra)
    after = best["validation"]
    return BaselineScore(images, accuracy, macro_f1, best["epoch"], after["accuracy"], after["macro_f1"], extra)
