"""Folders that several processes share, runs and analyses: what both need to be written, watched, found and removed.

Such a folder holds a record (written once, with the number of its format), status.json (state, heartbeat and owner;
replaced in one step by whoever is at work) and, while somebody is, a lock that the system takes back when that process
ends. The folder is the truth: app, command line and other processes only read and write it.

One rule says whether work goes on: its owner beats within STALE_AFTER_S and, seen from the same machine, still is the
process that it was, by number and time of its start.
"""

import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Required, TypedDict, cast

import psutil
from filelock import FileLock, Timeout

from ferdash.errors import FerdashError
from ferdash.files import LONGEST_NAME, write_json
from ferdash.leftovers import DELETED, sweep
from ferdash.shapes import Needed, fitting, read_json

FORMAT = 1
"""Of the folders that are written now. Those from before it was counted have no number and are read as they are; what
a later ferdash wrote is refused."""

STALE_AFTER_S = 600.0
"""Whoever works beats every few seconds, or after each batch of a large network where that takes longer. After this
silence it is taken for dead; on its own machine a vanished process is noticed at once."""

SAME_START_S = 60.0
"""A process of the same number that began at a time further away is another one. Less would not do: a clock that is set
right moves the time at which a process seems to have begun."""

STATUS = "status.json"
LOCK = ".lock"


class Status(TypedDict, total=False):
    """status.json. heartbeat, process_started: seconds since 1970. error: a sentence, where the state is failed.
    progress, best, timings and what else a watcher should see depend on the kind of work."""

    state: Required[str]
    heartbeat: float
    pid: int
    process_started: float
    host: str
    error: str
    finished_at: str
    progress: dict[str, Any]
    best: dict[str, Any]
    test: dict[str, Any]
    frames: int
    timings: dict[str, float]
    engine: str
    note: str


STATUS_SHAPE: dict[str, Any] = {
    "state": Needed(str),
    "heartbeat": float,
    "pid": int,
    "process_started": float,
    "host": str,
    "error": (str, None),
    "finished_at": str,
    "progress": {
        **dict.fromkeys(("epoch", "epochs", "batch", "batches", "frame", "frames", "faces", "done", "total"), int),
        **dict.fromkeys(("loss", "images_per_s", "eta_s", "timestamp_s"), (float, None)),
        "phase": str,
    },
    "best": {"score": Needed(float), "epoch": Needed(int), "select": str},
    "test": {"epoch": Needed(int), "accuracy": float, "macro_f1": float, "worst_f1": float, "worst_emotion": str},
    "frames": int,
    "timings": {str: float},
    "engine": str,
    "note": str,
}


@dataclass(frozen=True)
class FolderKind:
    """One kind of such folders. noun, nouns: what a person calls one, and several; listing: the command that lists
    them; record: its file that is written once; files: those by one of which a damaged folder is still known to be
    ours; at_work: the states in which somebody should see to it; error: what is raised about it; shapes: of its files
    by name, see `ferdash.shapes`."""

    noun: str
    nouns: str
    listing: str
    record: str
    files: tuple[str, ...]
    at_work: tuple[str, ...]
    error: type[FerdashError]
    shapes: Mapping[str, Any]

    def new_id(self, label: str) -> str:
        """Sortable by time, readable, and unique: `20250114-093000-fernet-3fa9`."""
        words = re.sub(r"[^a-z0-9]+", "-", label.lower())[:40].strip("-") or self.noun
        return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{words}-{secrets.token_hex(2)}"

    def ids(self, root: Path) -> list[str]:
        """Names of the folders in `root`, newest first; empty when there are none. Hidden ones are no one's."""
        if not root.is_dir():
            return []
        with os.scandir(root) as entries:
            return sorted((e.name for e in entries if not e.name.startswith(".") and _is_folder(e)), reverse=True)

    def folder(self, root: Path, name: str) -> Path:
        """The folder of that name, which cannot lead out of `root`. Raises the kind's error when there is none."""
        folder = root / name
        if not name or name.startswith(".") or Path(name).name != name or not os.path.isdir(folder):
            raise self.error(f"There is no {self.noun} {name[:LONGEST_NAME]}; `{self.listing}` shows those there are.")
        return folder

    def find(self, root: Path, text: str, name_of: Callable[[Path], str]) -> str:
        """The id that a person means: an id, the start or the end of one, or a name, as long as only one fits.

        name_of: the name that a folder was given. Raises the kind's error where none fits, or several do.
        """
        return self.folder(root, self.known(root, text, name_of) or text).name

    def known(self, root: Path, text: str, name_of: Callable[[Path], str]) -> str:
        """As `find`, but empty where none fits. Raises the kind's error where several do."""
        ids = self.ids(root)
        if text in ids:
            return text
        fitting = [one for one in ids if text and (one.startswith(text) or one.endswith(f"-{text}"))]
        fitting = fitting or [one for one in ids if text and self._name(root / one, name_of) == text]
        if len(fitting) > 1:
            some = ", ".join(fitting[:3]) + (", ..." if len(fitting) > 3 else "")
            raise self.error(f"“{text}” fits {len(fitting):,} {self.nouns}: {some}; write more of the id.")
        return fitting[0] if fitting else ""

    def read(self, path: Path) -> dict[str, Any]:
        """The JSON object in a file of such a folder. Raises the kind's error when it is not there, is none, or was
        written in a format of later."""
        name = path.parent.name
        try:
            content = fitting(read_json(path), self.shapes.get(path.name, {}))
        except FileNotFoundError:
            raise self.error(f"{self.noun.capitalize()} {name} has no {path.name}; its folder is damaged.") from None
        except ValueError as error:
            raise self.error(f"{path.name} of {self.noun} {name} cannot be read ({error}).") from error
        if not isinstance(content, dict):
            raise self._strange(path)
        if path.name == self.record and isinstance(number := content.get("format"), int) and number > FORMAT:
            later = f"{self.noun.capitalize()} {name} was written by a later ferdash (format {number})"
            raise self.error(f"{later}; update ferdash to open it.")
        return content

    def write_record(self, folder: Path, record: Mapping[str, object]) -> dict[str, Any]:
        """Write the record with the format's number and, unless it has one, the time; returns it as it was written."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        numbered: dict[str, Any] = {"format": FORMAT, "created_at": created, **record}
        write_json(folder / self.record, numbered)
        return numbered

    def read_status(self, folder: Path) -> Status:
        """status.json, with `state` turned into `interrupted` when somebody should be at work, or have it in a queue,
        and is gone. Raises the kind's error when it cannot be read."""
        path = folder / STATUS
        content = self.read(path)
        if not isinstance(content.get("state"), str):
            raise self._strange(path)
        status = cast(Status, content)
        try:
            if status["state"] in self.at_work and not _alive(status):
                status["state"] = "interrupted"
        except (TypeError, ValueError):
            raise self._strange(path) from None
        return status

    def write_status(self, folder: Path, *, state: str, **facts: Any) -> None:
        """Replace status.json. `facts` are whatever a watcher should see (progress, error); the heartbeat and whose it
        is are added."""
        beat = {"heartbeat": time.time(), "host": socket.gethostname(), "pid": os.getpid()}
        started = psutil.Process().create_time()
        write_json(folder / STATUS, {**facts, "state": state, **beat, "process_started": started})

    def lock(self, folder: Path) -> FileLock:
        """Take the folder for this process, until the lock is released or the process ends. Raises the kind's error
        while another process or thread has it."""
        lock = FileLock(folder / LOCK, thread_local=False)
        try:
            lock.acquire(timeout=0)
            for part in (folder, *(entry for entry in folder.iterdir() if entry.is_dir())):
                sweep(part)
        except Timeout:
            raise self.error(f"{self.noun.capitalize()} {folder.name} is at work already; stop that first.") from None
        except OSError as error:
            raise self.error(f"{self.noun.capitalize()} {folder.name} cannot be written to ({error}).") from error
        return lock

    def delete(self, root: Path, name: str) -> None:
        """Remove a folder for good; a damaged one too. Raises the kind's error when it waits or is at work, when it is
        not of this kind, or cannot be removed."""
        folder = self.folder(root, name)
        if any(folder.iterdir()) and not any((folder / file).exists() for file in self.files):
            raise self.error(f"{name} is a folder without a file of ferdash's; look into it and remove it by hand.")
        try:
            state = self.read_status(folder)["state"]
        except self.error:
            state = "damaged"
        if state in self.at_work:
            raise self.error(f"{self.noun.capitalize()} {name} is {state}; stop it first.")
        # Out of sight in one step: nobody meets half of it, even if removing its files takes a while or fails.
        doomed = root / f"{DELETED}{name}"
        sweep(root)
        try:
            folder.rename(doomed)
            shutil.rmtree(doomed)
        except OSError as error:
            raise self.error(f"{self.noun.capitalize()} {name} could not be deleted: {error}.") from error

    def _name(self, folder: Path, name_of: Callable[[Path], str]) -> str:
        try:
            return name_of(folder)
        except self.error:
            return ""  # nobody can mean a damaged one by its name

    def _strange(self, path: Path) -> FerdashError:
        return self.error(f"{path.name} of {self.noun} {path.parent.name} is not what ferdash writes there.")


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one level with dotted paths.

    >>> flatten({"optimizer": {"lr": 0.1}, "seed": 1})
    {'optimizer.lr': 0.1, 'seed': 1}
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """False for a link that leads nowhere, or round in a circle."""
    with suppress(OSError):
        return entry.is_dir()
    return False


def _alive(status: Status) -> bool:
    waits = status["state"] == "queued"  # nobody beats for what is in a queue
    if not waits and time.time() - float(status.get("heartbeat", 0)) > STALE_AFTER_S:
        return False
    return status.get("host") != socket.gethostname() or _same_process(status)


def _same_process(status: Status) -> bool:
    """Whether the process that wrote the status, on this machine, still is."""
    try:
        process = psutil.Process(int(status.get("pid", 0)))
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # A status from before its owner's start was written names the process by its number alone.
        started = float(status.get("process_started", process.create_time()))
        return bool(abs(process.create_time() - started) <= SAME_START_S)
    except (psutil.NoSuchProcess, OverflowError):
        return False
    except psutil.AccessDenied:
        return True
