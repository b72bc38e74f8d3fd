"""What a run at work writes into its folder, in an order that a kill at any moment leaves whole."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ferdash.runs.metrics_row import MetricsRow
from ferdash.runs.predictions import write_predictions
from ferdash.runs.store import Run, State, append_log, append_metrics, write_status
from ferdash.training.checkpoints import save_best, save_checkpoint, thin
from ferdash.training.control import Progress

HEARTBEAT_S = 2.0


@dataclass
class Journal:
    """Of one run. Of several processes only the first writes; in the others every method does nothing."""

    run: Run
    writes: bool
    keep_last: int
    _last_beat: float = field(default=0.0, init=False)

    def beat(self, state: State, progress: Progress, best: dict[str, Any]) -> None:
        """Say that the run is alive, and where it stands; at most once every HEARTBEAT_S."""
        now = time.monotonic()
        if self.writes and now - self._last_beat >= HEARTBEAT_S:
            self._last_beat = now
            write_status(self.run.folder, state=state, progress=asdict(progress), best=best)

    def epoch(self, row: MetricsRow) -> None:
        """Add the figures of an epoch. Its checkpoint comes after: a kill between them repeats the epoch, which writes
        the same line again."""
        if self.writes:
            append_metrics(self.run.folder, dict(row))

    def best(self, packed: dict[str, Any], predictions: dict[str, np.ndarray]) -> None:
        """Keep the network of the best epoch so far, and what it sees in the validation images."""
        if self.writes:
            save_best(self.run.checkpoints, packed, packed["best"])
            self.predictions("validation", predictions)

    def predictions(self, split: str, predictions: dict[str, np.ndarray]) -> None:
        """Keep rows, labels and probabilities of a split."""
        if self.writes:
            write_predictions(self.run.folder, split, **predictions)

    def checkpoint(self, name: str, packed: dict[str, Any]) -> None:
        """Write a complete training state, and delete the oldest beyond `keep_last`."""
        if self.writes:
            save_checkpoint(self.run.checkpoints, name, packed)
            thin(self.run.checkpoints, self.keep_last)

    def log(self, message: str) -> None:
        """Add a line to the run's log."""
        if self.writes:
            append_log(self.run.folder, message)
