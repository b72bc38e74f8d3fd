"""The epochs of a run, parsed only where they are asked for, and those of the runs that it continues.

Parsing a line of metrics.jsonl takes far longer than reading it. Which epoch it is about, and how long that took,
stands at its start, so a listing needs to parse only the last and the best.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

from ferdash.errors import RunError
from ferdash.references import parse
from ferdash.runs.store import METRICS_SHAPE, Run, open_run, read_metrics
from ferdash.shapes import fitting

# The first fields of a row as the training loop writes it; other rows are parsed whole.
_ROW = re.compile(rb'\{"epoch": (\d+), [^{\[]*?"seconds": ([0-9.eE+-]+)')


class EpochLines:
    """The lines of a run's metrics.jsonl by epoch.

    last: the row of the last epoch, None when there is no row. seconds: of training, by epoch. A line torn by a kill is
    noticed when it is the last; one further up was written again when the run went on, and the later line counts.

    Raises RunError when the file is something else altogether.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "metrics.jsonl"
        content = path.read_bytes() if path.is_file() else b""
        self.seconds: dict[int, float] = {}
        self._lines: dict[int, bytes] = {}
        for line in content.split(b"\n"):
            self._add(line)
        self.last = self._parse_last()
        if content and self.last is None and not content.startswith(b"{"):
            raise RunError(f"metrics.jsonl of run {folder.name} is not text that ferdash wrote.")

    def row(self, epoch: int) -> dict[str, Any] | None:
        """The row of an epoch, None when it is not there."""
        return _parse(self._lines.get(epoch, b""))

    def rows(self) -> list[dict[str, Any]]:
        """Every row, by epoch."""
        parsed = (_parse(self._lines[epoch]) for epoch in sorted(self._lines))
        return [row for row in parsed if row is not None]

    def _add(self, line: bytes) -> None:
        if not line.endswith(b"}"):
            return
        if match := _ROW.match(line):
            epoch, seconds = int(match[1]), float(match[2])
        elif row := _parse(line):
            epoch, seconds = row["epoch"], float(row.get("seconds") or 0.0)
        else:
            return
        self._lines[epoch], self.seconds[epoch] = line, seconds

    def _parse_last(self) -> dict[str, Any] | None:
        while self._lines:
            epoch = max(self._lines)
            if row := self.row(epoch):
                return row
            del self._lines[epoch], self.seconds[epoch]
        return None


def selection_score(validation: dict[str, Any], select: str) -> float:
    """The score by which epochs of a run are compared: `accuracy`, `macro_f1`, `balanced` (the mean of accuracy and the
    worst emotion's F1), or `majority` (the agreement with the raters' majority). validation: of a row of
    metrics.jsonl. Minus infinity when it is not there."""
    if select == "balanced":
        known = [value for value in validation.get("f1") or [] if value is not None]
        accuracy = validation.get("accuracy")
        return -math.inf if accuracy is None or not known else (accuracy + min(known)) / 2
    value = (validation.get("raters") or {}).get("agreement") if select == "majority" else validation.get(select)
    return -math.inf if value is None else float(value)


def best_row(folder: Path, lines: EpochLines, recorded: dict[str, Any] | None, select: str) -> dict[str, Any] | None:
    """The row of the best epoch of the run in `folder`, None without a row. recorded: `best` of its status.json, which
    lags behind when the run was killed. A run that continues another may still have its best epoch from there."""
    if not recorded:
        return max(lines.rows(), key=lambda row: selection_score(row["validation"], select), default=None)
    last = lines.last
    if last is not None and selection_score(last["validation"], select) > recorded["score"]:
        return last
    return lines.row(recorded["epoch"]) or _inherited(folder, recorded["epoch"])


def full_history(run: Run) -> list[dict[str, Any]]:
    """The epochs of a run with those of the runs it continues before them, as one list by epoch. What came before a run
    that was deleted is missing."""
    rows = read_metrics(run.folder)
    for parent in _ancestors(run.folder):
        first = rows[0]["epoch"] if rows else math.inf
        rows = [row for row in read_metrics(parent) if row["epoch"] < first] + rows
    return rows


def _inherited(folder: Path, epoch: int) -> dict[str, Any] | None:
    rows = (EpochLines(parent).row(epoch) for parent in _ancestors(folder))
    return next((row for row in rows if row is not None), None)


def _ancestors(folder: Path) -> list[Path]:
    """The folders of the runs that a run continues epoch by epoch, nearest first."""
    found: list[Path] = []
    while True:
        record = open_run(folder.parent, folder.name).record
        before = (record.get("parent") or {}).get("run")
        # One that only starts from another run's network counts its epochs anew.
        anew = parse(record["config"].get("start_from", "")).run == before
        if not before or anew or not (folder.parent / before / "config.json").is_file():
            return found
        folder = folder.parent / before
        if folder in found:
            return found
        found.append(folder)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] | None = fitting(json.loads(line), METRICS_SHAPE)
    except (ValueError, RecursionError):
        return None
    return row if row and "validation" in row else None
