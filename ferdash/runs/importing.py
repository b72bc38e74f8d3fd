"""Figures from elsewhere as runs in the same table: a CSV file with a line for each epoch, or an MLflow store.

Such a run has no checkpoints and no predictions, and which images its scores are of is not known; it is marked as
imported, and never comparable with another.
"""

import json
import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError, RunError
from ferdash.files import write_atomic
from ferdash.runs.figure_names import FOREIGN, our_names
from ferdash.runs.index import list_runs, sound
from ferdash.runs.store import create_run, new_run_id, open_run
from ferdash.runs.tracking import is_mlflow_store, mlflow_client

_WHOLE = {"step", "parameters", "images", "support", "confusion", "drawn"}

_GROUPS = ("validation/", "test/", "weights/", "drawn/")
"""What of a row is not a number but a group of them."""

MAX_BYTES = 20_000_000
MAX_EPOCHS = 20_000
"""Of one file and of one run: far more than anybody trained."""

LARGEST = 1e15
"""A figure beyond this is a mistake, and too large to add up."""


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
    them or by common ones (accuracy, val_loss, f1_fear ...); name, where there is one, is what to call a run. Without
    an epoch the lines count; a file whose epochs start at 1 counts from 1, and one that we exported since it has names.
    Raises RunError naming the line and the column of what makes no sense."""
    import pandas as pd

    try:
        if path.stat().st_size > MAX_BYTES:
            raise RunError(f"{path.name} is larger than {MAX_BYTES / 1e6:.0f} MB; no table of runs is.")
        table = pd.read_csv(path, float_precision="round_trip", skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise RunError(f"{path.name} cannot be read as CSV ({error}).") from error
    table.columns = [str(name).strip() for name in table.columns]
    if (twice := table.columns.duplicated()).any():
        raise RunError(f"{path.name} has the column “{table.columns[twice][0][:60]}” twice; keep one.")
    if "run" not in table:
        raise RunError(f"{path.name} has no column “run”; it needs run, epoch, and a column for each figure.")
    if "epoch" not in table:
        table["epoch"] = table.groupby("run").cumcount()
    figures = [name for name in table.columns if name not in ("run", "name", "focus")]
    for name in ("run", *figures):
        table[name] = _checked(table[name], path.name)
    names = our_names([name for name in figures if name != "epoch"], path.name)
    _check_epochs(table, path.name)
    exported = any("/" in name for name in figures)
    if "name" in table if exported else table["epoch"].min() == 1:
        table["epoch"] -= 1
    created = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return [
        ForeignRun(
            f"{path.name}#{name}", _called(name, part), created, {}, _rows(part.to_dict("records"), path.name, names)
        )
        for name, part in table.groupby("run", sort=False)
    ]


def _called(run: Any, part: Any) -> str:
    """The name that the lines of a run give it, else what stands in its column."""
    named = list(part["name"].dropna()) if "name" in part else []
    return str(named[0]) if named else str(run)


def _check_epochs(table: Any, where: str) -> None:
    """Raise RunError, naming the line, for an epoch that is no whole number from 0, or stands twice in a run."""
    odd = ((table["epoch"] < 0) | (table["epoch"] % 1 != 0) | (table["epoch"] > LARGEST)).to_numpy()
    if odd.any():
        line = int(odd.argmax())
        raise RunError(f"{where}, line {line + 2}: epoch is {table['epoch'].iloc[line]}; count epochs from 0 or 1.")
    twice = table.duplicated(["run", "epoch"]).to_numpy()
    if twice.any():
        line = int(twice.argmax())
        run, epoch = str(table["run"].iloc[line])[:60], table["epoch"].iloc[line]
        raise RunError(f"{where}, line {line + 2}: epoch {epoch:.0f} of run “{run}” is there a second time; keep one.")


def _checked(column: Any, where: str) -> Any:
    """The column as numbers, or as it is for the runs' names. Only a figure may be empty."""
    import pandas as pd

    numbers = column if column.name == "run" else pd.to_numeric(column, errors="coerce")
    may_be_empty = column.name not in ("run", "epoch")
    wrong = (numbers.isna() & ~(may_be_empty & column.isna())).to_numpy()
    if column.name != "run":
        wrong = wrong | (numbers.abs() > LARGEST).to_numpy()
    if wrong.any():
        line = int(wrong.argmax())
        value = str(column.iloc[line])[:60] if not pd.isna(column.iloc[line]) else column.iloc[line]
        what = "is empty" if pd.isna(value) else f"is “{value}”, which is no number"
        raise RunError(f"{where}, line {line + 2}: {column.name} {what}.")
    return numbers


def read_mlflow(path: Path) -> list[ForeignRun]:
    """The runs of every experiment in an MLflow store (see tracking.mlflow_client), oldest first. Raises RunError when
    MLflow is not installed or the store cannot be read."""
    if not is_mlflow_store(path):
        raise RunError(f"{path} is neither a CSV file nor an MLflow store (a .db file, or a folder such as mlruns).")
    try:
        with _copied(path) as copy:
            client = mlflow_client(copy)
            experiments = [experiment.experiment_id for experiment in client.search_experiments()]
            found = client.search_runs(experiments, max_results=50_000, order_by=["attributes.start_time ASC"])
            return [_foreign(client, run, path.name) for run in found]
    except FerdashError:
        raise
    except Exception as error:  # a stranger's database makes MLflow, SQLAlchemy and YAML raise nearly anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RunError(f"The MLflow store {path.name} cannot be read ({reason[:200]}).") from error


_ARTIFACTS = ("artifacts", "mlflow-artifacts")


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """A copy of a store to read from: MLflow makes tables of its own, and newer ones, in whatever it opens."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        if path.is_dir():
            # The folders of artifacts stay, empty: MLflow takes a run without one for none.
            shutil.copytree(path, copy, ignore=lambda folder, names: names if Path(folder).name in _ARTIFACTS else [])
        else:
            for part in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
                if part.is_file():
                    shutil.copy2(part, copy.with_name(part.name))
        yield copy


def nest(values: dict[str, float], names: dict[str, str]) -> dict[str, Any]:
    """A row of metrics.jsonl from figures by the names of their columns; the reverse of `export.metric_values`. Only
    finite ones are kept. names: of each column in ours, see `our_names`.

    >>> nest({"val_acc": 0.5, "f1 disgust": 0.25}, our_names(["val_acc", "f1 disgust"], ""))["validation"]
    {'accuracy': 0.5, 'f1': [None, 0.25, None, None, None, None, None]}
    """
    row: dict[str, Any] = {"validation": {}}
    for name, value in values.items():
        if math.isfinite(value):
            known = names[name]
            in_group = known.startswith(_GROUPS) and not known.endswith(FOREIGN)
            _place(row, known.split("/") if in_group else [known], value)
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


def _rows(records: Iterable[dict[Any, Any]], where: str, names: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for record in records:
        epoch = int(record["epoch"])
        values = {name: float(record[name]) for name in names if name in record}
        row = {"epoch": epoch, **nest(values, names)}
        for name in ("accuracy", "macro_f1"):
            if not 0 <= (value := row["validation"].get(name, 0.0)) <= 1:
                raise RunError(f"{where}: {name} is {value} in epoch {epoch}; write it as a share from 0 to 1.")
        rows.append(row)
    if len(rows) > MAX_EPOCHS:
        raise RunError(f"{where} has {len(rows):,} epochs of one run; up to {MAX_EPOCHS:,} can be imported.")
    return rows


def _foreign(client: Any, run: Any, where: str) -> ForeignRun:
    by_epoch: dict[int, dict[str, float]] = {}
    for name in run.data.metrics:
        for point in client.get_metric_history(run.info.run_id, name):
            by_epoch.setdefault(point.step, {})[name] = point.value
    told = f"{where}, {run.info.run_name}"
    names = our_names(run.data.metrics, told)
    rows = _rows(({"epoch": epoch, **by_epoch[epoch]} for epoch in sorted(by_epoch)), told, names)
    try:
        began = datetime.fromtimestamp((run.info.start_time or 0) / 1000, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        began = datetime.fromtimestamp(0, UTC).isoformat(timespec="seconds")  # no time that ever was
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
    text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in foreign.rows)

    def fill(folder: Path) -> None:
        write_atomic(folder / "metrics.jsonl", lambda file: file.write(text.encode()))

    run_id = new_run_id(f"imported {foreign.name}")
    return create_run(root, run_id, record, name=foreign.name, state="finished", fill=fill).id


def _sources(root: Path) -> set[str]:
    imported = [entry.id for entry in sound(list_runs(root)) if entry.kind == "imported"]
    return {str(open_run(root, run_id).record.get("source")) for run_id in imported}
