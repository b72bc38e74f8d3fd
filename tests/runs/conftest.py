"""Run folders as training leaves them, made through the store."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferdash.emotions import EMOTIONS
from ferdash.runs import store

IMAGES = 70
"""Ten of each emotion."""

CONFIG: dict[str, Any] = {
    "recipe": "fernet",
    "dataset": "faces",
    "start_from": "",
    "epochs": 3,
    "seed": 0,
    "optimizer": {"name": "adamw", "lr": 0.002},
    "sampling": {"mode": "uniform", "weights": {}, "focus": {"k": 2, "measured_on": "validation"}},
    "evaluation": {"per_class": 0, "select": "accuracy"},
}


def row_of(epoch: int, accuracy: float, f1: Sequence[float | None] | None = None, **extra: Any) -> dict[str, Any]:
    """A line of metrics.jsonl. f1: by default 0.1, 0.2, ... in the order of EMOTIONS."""
    f1 = f1 or [0.1 * (index + 1) for index in range(len(EMOTIONS))]
    known = [value for value in f1 if value is not None]
    return {
        "epoch": epoch,
        "step": 10 * (epoch + 1),
        "train_loss": 2.0 / (epoch + 1),
        "seconds": 1.5 + epoch,
        "images_per_s": 100.0 + epoch,
        "validation": {
            "images": IMAGES,
            "accuracy": accuracy,
            "macro_f1": sum(known) / len(known),
            "log_loss": 1.0 - accuracy / 2,
            "f1": f1,
            "support": [0 if value is None else 10 for value in f1],
            "confusion": (np.eye(7, dtype=int) * 10).tolist(),
        },
        "focus": ["fear", "disgust"],
    } | extra


def probabilities_of(predicted: np.ndarray, sure: float = 0.7) -> np.ndarray:
    """float32 (N, 7) whose highest is `predicted`."""
    table = np.full((len(predicted), len(EMOTIONS)), (1 - sure) / (len(EMOTIONS) - 1), dtype=np.float32)
    table[np.arange(len(predicted)), predicted] = sure
    return table


MakeRun = Callable[..., store.Run]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def make_run(root: Path) -> MakeRun:
    def make(
        run_id: str,
        accuracies: Sequence[float] = (0.3, 0.5, 0.4),
        *,
        first_epoch: int = 0,
        state: store.State = "finished",
        best: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        name: str = "",
        **record: Any,
    ) -> store.Run:
        facts = {
            "config": CONFIG | (config or {}),
            "dataset": {"name": "faces", "hash": "9079d33afbb7c79f", "images": 700},
            "code": "0f709548b669",
            "versions": {"python": "3.11.7", "torch": "2.13.0"},
            "command": f"ferdash train --recipe fernet --name {run_id}",
            "parent": None,
        }
        run = store.create_run(root, run_id, facts | record, name=name)
        for number, accuracy in enumerate(accuracies):
            store.append_metrics(run.folder, row_of(first_epoch + number, accuracy))
        if best is None and accuracies:
            epoch = int(np.argmax(accuracies))
            best = {"score": accuracies[epoch], "epoch": first_epoch + epoch, "select": "accuracy"}
        store.write_status(run.folder, state=state, **({"best": best} if best else {}))
        return run

    return make
