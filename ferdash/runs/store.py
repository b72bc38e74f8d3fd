"""A run is a folder, and the folder is the truth: app, command line and other processes only read and write it.

config.json        written once: configuration, seed, dataset hash, code version, parent run and checkpoint
status.json        state, progress, heartbeat, process id; replaced in one step
metrics.jsonl      a line an epoch: appended, flushed, fsynced; a torn last line is skipped by the reader
predictions/       <split>.parquet: probabilities of every image, so that any score can be computed again
checkpoints/       complete training states
meta.json          name, tags, notes, archived
"""

import json
import os
import re
import secrets
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.files import append_line, write_atomic, write_json

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

State = Literal["queued", "running", "paused", "stopped", "finished", "failed", "interrupted"]

STALE_AFTER_S = 600.0
"""A run at work beats every few seconds, or after each batch where that takes longer. After this silence it is taken
for dead; on its own machine a vanished process is noticed at once."""

NO_META: dict[str, Any] = {"name": "", "tags": [], "notes": "", "archived": False}


@dataclass(frozen=True)
class Run:
    """A run's folder and the content of its config.json."""

    folder: Path
    record: dict[str, Any]

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"


def new_run_id(recipe: str) -> str:
    """Sortable by time, readable, and unique: `20250114-093000-fernet-3fa9`."""
    label = re.sub(r"[^a-z0-9]+", "-", recipe.lower()).strip("-") or "run"
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{label}-{secrets.token_hex(2)}"


def create_run(root: Path, run_id: str, record: dict[str, Any], *, name: str = "") -> Run:
    """Make the folder of a new run under `root` (the runs folder). `record` becomes config.json, unchanged for ever.

    Raises RunError when the id is taken.
    """
    folder = root / run_id
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise RunError(f"There is already a run {run_id}.") from None
    for part in ("checkpoints", "predictions"):
        (folder / part).mkdir()
    record = {"created_at": datetime.now(UTC).isoformat(timespec="seconds"), **record}
    write_json(folder / "meta.json", {**NO_META, "name": name})
    write_status(folder, state="queued")
    write_json(folder / "config.json", record)
    return Run(folder, record)


def open_run(root: Path, run_id: str) -> Run:
    """An existing run. Raises RunError when it is missing or its config.json cannot be read."""
    folder = root / run_id
    if not run_id or Path(run_id).name != run_id or not folder.is_dir():
        raise RunError(f"There is no run {run_id}; `ferdash runs list` shows those there are.")
    return Run(folder, _read_object(folder / "config.json"))


def list_run_ids(root: Path) -> list[str]:
    """Names of the run folders, newest first; empty when there are none. Hidden folders are at work, not runs."""
    if not root.is_dir():
        return []
    with os.scandir(root) as entries:
        return sorted((e.name for e in entries if not e.name.startswith(".") and e.is_dir()), reverse=True)


def find_run_id(root: Path, text: str) -> str:
    """The id of the run that a person means: its id, the start or the end of it, or its name, as long as only one run
    fits. Raises RunError otherwise."""
    ids = list_run_ids(root)
    if not text or text in ids:
        return text
    fitting = [run_id for run_id in ids if run_id.startswith(text) or run_id.endswith(f"-{text}")]
    fitting = fitting or [run_id for run_id in ids if _name_of(root / run_id) == text]
    if not fitting:
        raise RunError(f"There is no run {text}; `ferdash runs list` shows those there are.")
    if len(fitting) > 1:
        some = ", ".join(fitting[:3]) + (", ..." if len(fitting) > 3 else "")
        raise RunError(f"“{text}” fits {len(fitting):,} runs: {some}; write more of the id.")
    return fitting[0]


def write_status(folder: Path, *, state: State, **facts: Any) -> None:
    """Replace status.json. `facts` are whatever a watcher should see (progress, error); heartbeat and pid are added."""
    write_json(
        folder / "status.json",
        {"state": state, "heartbeat": time.time(), "pid": os.getpid(), "host": socket.gethostname(), **facts},
    )


def read_status(folder: Path) -> dict[str, Any]:
    """status.json, with `state` turned into `interrupted` when a run claims to be at work, or waits in a queue, and the
    process that should see to it is gone.

    Raises RunError when it cannot be read.
    """
    status = _read_object(folder / "status.json")
    if status.get("state") in ("queued", "running", "paused") and not _alive(status):
        status["state"] = "interrupted"
    return status


def read_meta(folder: Path) -> dict[str, Any]:
    """What a person gave the run: `name`, `tags`, `notes`, `archived`. Nothing given when meta.json is missing; raises
    RunError when it cannot be read."""
    given = _read_object(folder / "meta.json") if (folder / "meta.json").is_file() else {}
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
    path = folder / "metrics.jsonl"
    if not path.is_file():
        return []
    rows: dict[int, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
            rows[int(row["epoch"])] = row
        except (ValueError, KeyError, TypeError):
            continue
    return [rows[epoch] for epoch in sorted(rows)]


def write_predictions(
    folder: Path, split: str, *, rows: "np.ndarray", labels: "np.ndarray", probabilities: "np.ndarray"
) -> None:
    """Save the probabilities of a split: int64 (N,) dataset rows, int64 (N,) labels, float (N, 7) probabilities."""
    import numpy as np
    import pandas as pd

    table = pd.DataFrame(np.asarray(probabilities, dtype=np.float32), columns=list(EMOTIONS))
    table.insert(0, "label", labels)
    table.insert(0, "row", rows)
    write_atomic(folder / "predictions" / f"{split}.parquet", lambda file: table.to_parquet(file, index=False))


def read_predictions(folder: Path, split: str) -> "pd.DataFrame":
    """The table of `write_predictions`. Raises RunError when there is none, or it cannot be read."""
    import pandas as pd

    path = folder / "predictions" / f"{split}.parquet"
    if not path.is_file():
        raise RunError(f"Run {folder.name} has no predictions for {split}.")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(f"The predictions of run {folder.name} for {split} cannot be read ({error}).") from error


def _name_of(folder: Path) -> str:
    try:
        return str(read_meta(folder)["name"])
    except RunError:
        return ""  # nobody can mean a damaged run by its name


def _alive(status: dict[str, Any]) -> bool:
    waits = status["state"] == "queued"  # nobody beats for a run in a queue
    if not waits and time.time() - float(status.get("heartbeat", 0)) > STALE_AFTER_S:
        return False
    return status.get("host") != socket.gethostname() or _process_exists(int(status.get("pid", 0)))


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"Run {path.parent.name} has no {path.name}; its folder is damaged.") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path.name} of run {path.parent.name} cannot be read ({error}).") from error
    if not isinstance(content, dict):
        raise RunError(f"{path.name} of run {path.parent.name} is not what ferdash writes there.")
    return content
