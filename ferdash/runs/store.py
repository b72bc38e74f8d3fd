"""A run is a folder, and the folder is the truth: app, command line and other processes only read and write it.

config.json        written once: format, configuration, seed, dataset hash, code version, parent run and checkpoint
status.json        state, progress, heartbeat, owner; replaced in one step
metrics.jsonl      a line an epoch: appended, flushed, fsynced; a torn last line is skipped by the reader
predictions/       <split>.parquet: probabilities of every image, so that any score can be computed again
checkpoints/       complete training states
meta.json          name, tags, notes, archived
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypedDict, cast

from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.files import append_line, reason_of, write_json
from ferdash.leftovers import workspace
from ferdash.records import STATUS, STATUS_SHAPE, FolderKind, Status
from ferdash.shapes import Needed, Row, Sound, read_journal

State = Literal["queued", "running", "paused", "stopped", "finished", "failed", "interrupted"]

FILES = ("config.json", "status.json", "meta.json", "metrics.jsonl")
LIVE = ("queued", "running", "paused")
RUNS = FolderKind(
    noun="run",
    nouns="runs",
    listing="ferdash runs list",
    record="config.json",
    files=FILES,
    at_work=LIVE,
    error=RunError,
    shapes={
        "config.json": {
            "created_at": Needed(str),
            "config": Needed({"recipe": str, "start_from": str}),
            "dataset": Needed({"name": Needed(str), "hash": Needed(str), "images": int}),
            "extra": ({"name": Needed(str), "hash": Needed(str)}, None),
            "parent": ({"run": Needed(str), "checkpoint": str, "changes": {str: Any}}, None),
            "group": (str, None),
            "kind": str,
            "code": str,
            "command": str,
            "versions": {str: str},
            "parameters": int,
        },
        "meta.json": {"name": str, "tags": [str], "notes": str, "archived": bool},
        STATUS: STATUS_SHAPE,
    },
)

_SEVEN = Row((float, None), len(EMOTIONS))
_SCORES: dict[str, Any] = {
    **dict.fromkeys(("accuracy", "macro_f1", "weighted_f1", "log_loss", "images"), (float, None)),
    **dict.fromkeys(("precision", "recall", "f1", "support"), _SEVEN),
    "confusion": Row(Row(float, len(EMOTIONS)), len(EMOTIONS)),
    "raters": ({str: Any}, None),
}
METRICS_SHAPE: dict[str, Any] = {
    "epoch": Needed(int),
    "validation": Sound(_SCORES),
    "test": _SCORES,
    **dict.fromkeys(("step", "parameters"), int),
    **dict.fromkeys(("train_loss", "train_accuracy", "seconds", "images_per_s", "lr"), float),
    "weights": (_SEVEN, None),
    "drawn": Row(int, len(EMOTIONS)),
    "focus": [str],
    "next_focus": [str],
}
"""Of a line of metrics.jsonl."""

NO_RECORD: dict[str, Any] = {"code": "", "versions": {}, "command": "", "parent": None}
NO_META: dict[str, Any] = {"name": "", "tags": [], "notes": "", "archived": False}


class RunRecord(TypedDict, total=False):
    """config.json. dataset: its name, hash and number of images. parent: the `run`, `checkpoint` and `changes` of the
    run that this one continues. kind: `imported` for figures brought in from elsewhere."""

    format: int
    created_at: str
    config: dict[str, Any]
    dataset: dict[str, Any]
    extra: Any
    code: str
    versions: dict[str, str]
    command: str
    parent: dict[str, Any] | None
    group: str
    kind: str


@dataclass(frozen=True)
class Run:
    """A run's folder and the content of its config.json."""

    folder: Path
    record: RunRecord

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"


def new_run_id(recipe: str) -> str:
    """Sortable by time, readable, and unique: `20250114-093000-fernet-3fa9`."""
    return RUNS.new_id(recipe)


def create_run(
    root: Path,
    run_id: str,
    record: Mapping[str, object],
    *,
    name: str = "",
    state: State = "queued",
    fill: Callable[[Path], object] = lambda folder: None,
) -> Run:
    """Make the folder of a new run under `root` (the runs folder). `record` becomes config.json, unchanged for ever.
    fill: writes what else the run has from the start; the folder is seen whole or not at all.

    Raises RunError when the id is taken, or the folder cannot be written.
    """
    folder = root / run_id
    if folder.exists():
        raise RunError(f"There is already a run {run_id}.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with workspace(root, "creating") as place:
            draft = place / run_id
            for part in ("checkpoints", "predictions"):
                (draft / part).mkdir(parents=True)
            write_json(draft / "meta.json", {**NO_META, "name": name})
            fill(draft)
            write_status(draft, state=state)
            written = RUNS.write_record(draft, record)
            draft.rename(folder)
    except OSError as error:
        raise RunError(f"A run cannot be written to {root} ({reason_of(error)}).") from error
    return Run(folder, cast(RunRecord, {**NO_RECORD, **written}))


def open_run(root: Path, run_id: str) -> Run:
    """An existing run. Raises RunError when it is missing or its config.json cannot be read."""
    folder = RUNS.folder(root, run_id)
    return Run(folder, cast(RunRecord, {**NO_RECORD, **RUNS.read(folder / RUNS.record)}))


def list_run_ids(root: Path) -> list[str]:
    """Names of the run folders, newest first; empty when there are none. Hidden folders are at work, not runs."""
    return RUNS.ids(root)


def find_run_id(root: Path, text: str) -> str:
    """The id of the run that a person means: its id, the start or the end of it, or its name, as long as only one run
    fits. Raises RunError otherwise."""
    return RUNS.find(root, text, lambda folder: str(read_meta(folder)["name"]))


def write_status(folder: Path, *, state: State, **facts: Any) -> None:
    """Replace status.json. `facts` are whatever a watcher should see (progress, error); heartbeat and owner are
    added."""
    RUNS.write_status(folder, state=state, **facts)


def read_status(folder: Path) -> Status:
    """status.json, with `state` turned into `interrupted` when a run claims to be at work, or waits in a queue, and the
    process that should see to it is gone.

    Raises RunError when it cannot be read.
    """
    return RUNS.read_status(folder)


def read_meta(folder: Path) -> dict[str, Any]:
    """What a person gave the run: `name`, `tags`, `notes`, `archived`. Nothing given when meta.json is missing; raises
    RunError when it cannot be read."""
    given = RUNS.read(folder / "meta.json") if (folder / "meta.json").is_file() else {}
    return {**NO_META, **given}


def append_log(folder: Path, message: str) -> None:
    """Add a line, with the time in UTC, to the run's log."""
    with (folder / "log.txt").open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}  {message}\n")


def read_log(folder: Path) -> list[str]:
    """The lines of the log, oldest first; empty when there is none."""
    path = folder / "log.txt"
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def append_metrics(folder: Path, row: dict[str, Any]) -> None:
    """Add one epoch's figures and make them durable."""
    append_line(folder / "metrics.jsonl", json.dumps(row, allow_nan=False))


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The epochs of a run in order. An epoch that was run again after a kill counts once, as run last; lines torn by
    the kill are skipped."""
    rows = {row["epoch"]: row for row in read_journal(folder / "metrics.jsonl", METRICS_SHAPE)}
    return [rows[epoch] for epoch in sorted(rows)]
