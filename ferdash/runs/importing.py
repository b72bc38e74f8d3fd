"""Figures from elsewhere as runs in the same table: a CSV file with a line for each epoch, or an MLflow store.

Such a run has no checkpoints and no predictions, and which images its scores are of is not known; it is marked as
imported, and never comparable with another.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.runs.index import list_runs, sound
from ferdash.runs.store import append_metrics, create_run, new_run_id, open_run, write_status
from ferdash.runs.tracking import is_mlflow_store, mlflow_client

_WHOLE = {"step", "parameters", "images", "support", "confusion", "drawn"}

_GROUPS = ("validation", "test", "weights", "drawn")
"""What of a row is not a number but a group of them."""

_SYNONYMS = {
    "validation/accuracy": ("accuracy", "acc", "val_accuracy", "val_acc", "validation_accuracy", "eval_accuracy"),
    "validation/macro_f1": ("macro_f1", "f1_macro", "f1", "val_f1", "val_macro_f1", "eval_f1", "eval_macro_f1"),
    "validation/log_loss": ("val_loss", "validation_loss", "eval_loss", "log_loss"),
    "train_loss": ("loss", "training_loss"),
    "train_accuracy": ("train_acc", "training_accuracy"),
    "lr": ("learning_rate",),
    "seconds": ("time", "epoch_time", "epoch_seconds"),
    "validation/images": ("images", "val_images"),
}
_NAMES = {word: name for name, words in _SYNONYMS.items() for word in words}


@dataclass(frozen=True)
class ForeignRun:
    """A run as another program kept it. source: where it is from, the same at every import. rows: as in metrics.jsonl,
    epochs from 0. parameters: flat, as text."""

    source: str
    name: str
    created_at: str
    parameters: dict[str, str]
    rows: list[dict[str, Any]]

    @property
    def best_accuracy(self) -> float | None:
        """The highest on validation; None where no row has one."""
        return max(
            (row["validation"]["accuracy"] for row in self.rows if "accuracy" in row["validation"]), default=None
        )


@dataclass(frozen=True)
class Preview:
    """What an import would bring. fresh: runs that are not here; known: how many are from an earlier import."""

    fresh: tuple[ForeignRun, ...]
    known: int


def preview(path: Path, root: Path) -> Preview:
    """What `import_runs` would bring into `root`, without doing it. Raises RunError as that does."""
    if not path.exists():
        raise RunError(f"There is no {path} to import.")
    runs = read_csv(path) if path.suffix.lower() == ".csv" else read_mlflow(path)
    known = _sources(root)
    fresh = tuple(run for run in runs if run.source not in known)
    return Preview(fresh, len(runs) - len(fresh))


def import_runs(path: Path, root: Path) -> tuple[list[str], int]:
    """Bring the runs of a CSV file or an MLflow store into `root`; returns the ids of the new ones, and how many were
    there from an earlier import.

    Raises RunError when the file is neither, or a value in it makes no sense; then nothing is imported.
    """
    found = preview(path, root)
    return [_store(run, root) for run in found.fresh], found.known


def read_csv(path: Path) -> list[ForeignRun]:
    """The runs of a CSV file with the columns run, epoch and any figures, by the names that `ferdash runs export` gives
    them or by common ones (accuracy, val_loss, f1_fear ...). Without an epoch the lines count; a file whose epochs
    start at 1 counts from 1. Raises RunError naming the line and the column of what makes no sense."""
    import pandas as pd

    try:
        table = pd.read_csv(path, float_precision="round_trip")
    except (OSError, ValueError) as error:
        raise RunError(f"{path.name} cannot be read as CSV ({error}).") from error
    if "run" not in table:
        raise RunError(f"{path.name} has no column “run”; it needs run, epoch, and a column for each figure.")
    if "epoch" not in table:
        table["epoch"] = table.groupby("run").cumcount()
    figures = [name for name in table.columns if name not in ("run", "focus")]
    for name in ("run", *figures):
        table[name] = _checked(table[name], path.name)
    if not any("/" in name for name in figures) and table["epoch"].min() == 1:
        table["epoch"] -= 1
    created = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return [
        ForeignRun(f"{path.name}#{name}", str(name), created, {}, _rows(part.to_dict("records"), path.name))
        for name, part in table.groupby("run", sort=False)
    ]


def _checked(column: Any, where: str) -> Any:
    """The column as numbers, or as it is for the runs' names. Only a figure may be empty."""
    import pandas as pd

    numbers = column if column.name == "run" else pd.to_numeric(column, errors="coerce")
    may_be_empty = column.name not in ("run", "epoch")
    wrong = (numbers.isna() & ~(may_be_empty & column.isna())).to_numpy()
    if wrong.any():
        line = int(wrong.argmax())
        value = column.iloc[line]
        what = "is empty" if pd.isna(value) else f"is “{value}”, which is no number"
        raise RunError(f"{where}, line {line + 2}: {column.name} {what}.")
    return numbers


def read_mlflow(path: Path) -> list[ForeignRun]:
    """The runs of every experiment in an MLflow store (see tracking.mlflow_client), oldest first. Raises RunError when
    MLflow is not installed or the store cannot be read."""
    if not is_mlflow_store(path):
        raise RunError(f"{path} is neither a CSV file nor an MLflow store (a .db file, or a folder such as mlruns).")
    client = mlflow_client(path)
    from mlflow.exceptions import MlflowException

    try:
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        found = client.search_runs(experiments, max_results=50_000, order_by=["attributes.start_time ASC"])
        return [_foreign(client, run, path.name) for run in found]
    except MlflowException as error:
        raise RunError(f"The MLflow store {path.name} cannot be read ({error}).") from error


def nest(values: dict[str, float]) -> dict[str, Any]:
    """A row of metrics.jsonl from figures by name; the reverse of `export.metric_values`. Only finite ones are kept.

    >>> nest({"val_acc": 0.5, "lr": 0.1, "validation/f1/disgust": 0.25})["validation"]
    {'accuracy': 0.5, 'f1': [None, 0.25, None, None, None, None, None]}
    """
    row: dict[str, Any] = {"validation": {}}
    for name, value in values.items():
        if math.isfinite(value):
            known = _canonical(name)
            group, slash, _ = known.partition("/")
            if slash and group in _GROUPS:
                _place(row, known.split("/"), value)
            else:
                _place(row, [f"{known} (imported)" if known in (*_GROUPS, "epoch") else known], value)
    return row


def _place(row: dict[str, Any], parts: list[str], value: float) -> None:
    emotions = [EMOTIONS.index(part) for part in parts[1:] if part in EMOTIONS]
    *groups, last = [part for part in parts if part not in EMOTIONS] or parts
    for group in groups:
        row = row.setdefault(group, {})
    number = int(value) if last in _WHOLE else value
    if not emotions:
        row[last] = number
        return
    cells = row.setdefault(last, [None] * len(EMOTIONS))
    if len(emotions) > 1:
        cells[emotions[0]] = cells[emotions[0]] or [0] * len(EMOTIONS)
        cells[emotions[0]][emotions[1]] = number
    else:
        cells[emotions[0]] = number


def _canonical(name: str) -> str:
    word = name.strip().lower().replace("-", "_").replace(" ", "_")
    for emotion in EMOTIONS:
        if word in (f"f1_{emotion}", f"{emotion}_f1", f"val_f1_{emotion}"):
            return f"validation/f1/{emotion}"
    return _NAMES.get(word, name)


def _rows(records: Iterable[dict[Any, Any]], where: str) -> list[dict[str, Any]]:
    rows = []
    for record in records:
        epoch = int(record["epoch"])
        values = {str(name): float(value) for name, value in record.items() if name not in ("run", "epoch", "focus")}
        row = {"epoch": epoch, **nest(values)}
        for name in ("accuracy", "macro_f1"):
            if not 0 <= (value := row["validation"].get(name, 0.0)) <= 1:
                raise RunError(f"{where}: {name} is {value} in epoch {epoch}; write it as a share from 0 to 1.")
        rows.append(row)
    return rows


def _foreign(client: Any, run: Any, where: str) -> ForeignRun:
    by_epoch: dict[int, dict[str, float]] = {}
    for name in run.data.metrics:
        for point in client.get_metric_history(run.info.run_id, name):
            by_epoch.setdefault(point.step, {})[name] = point.value
    rows = _rows(({"epoch": epoch, **by_epoch[epoch]} for epoch in sorted(by_epoch)), f"{where}, {run.info.run_name}")
    began = datetime.fromtimestamp((run.info.start_time or 0) / 1000, UTC).isoformat(timespec="seconds")
    return ForeignRun(f"mlflow#{run.info.run_id}", run.info.run_name or "", began, dict(run.data.params), rows)


def _store(foreign: ForeignRun, root: Path) -> str:
    record = {
        "kind": "imported",
        "created_at": foreign.created_at,
        "config": {"recipe": "imported", "epochs": len(foreign.rows), "parameters": foreign.parameters},
        # Which images these are is not known, so they are not those of any other run.
        "dataset": {"name": foreign.parameters.get("dataset", "unknown"), "hash": ""},
        "code": "",
        "versions": {},
        "command": "",
        "parent": None,
        "source": foreign.source,
    }
    run = create_run(root, new_run_id(f"imported {foreign.name}"), record, name=foreign.name)
    for row in foreign.rows:
        append_metrics(run.folder, row)
    write_status(run.folder, state="finished")
    return run.id


def _sources(root: Path) -> set[str]:
    imported = [entry.id for entry in sound(list_runs(root)) if entry.kind == "imported"]
    return {str(open_run(root, run_id).record.get("source")) for run_id in imported}
