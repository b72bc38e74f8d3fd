"""Unfinished files and folders by names that say whose they are, so that what a kill left of them can be swept away.

Whatever is written is written under such a name and renamed when it is whole. A process that was killed leaves it
behind; whoever comes next sees by the name that nobody is at it any more.
"""

import ctypes
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

_HOST = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40]
_OURS = re.compile(r"\.?.*~(?P<host>[A-Za-z0-9-]*)~(?P<pid>\d{1,9})~\w+(\.\w+)?")
_TEMPORARY = "ferdash~"
DELETED = ".deleted-"
_REPLACED = "replaced-"
_FORMER = re.compile(r"\.(importing|promoting|deleting|exporting)-\w+|\..+\.\w{8}\.tmp")
"""As names were before they said whose they are."""

ABANDONED_S = 86_400.0
"""What another machine, or an earlier version, has not touched for so long is taken for left behind."""

SAME_START_S = 60.0
"""A process that began this much later than a file was changed is another one of the same number."""


def unfinished(name: str) -> str:
    """A name for something of this process that is not finished yet."""
    return f".{name[:80]}~{_HOST}~{os.getpid()}~{secrets.token_hex(4)}"


def temporary() -> str:
    """The beginning of a name in the system's folder of temporary files, for `tempfile` to add to."""
    return f"{_TEMPORARY}{_HOST}~{os.getpid()}~"


@contextmanager
def workspace(parent: Path, purpose: str) -> Iterator[Path]:
    """A hidden folder in `parent` to make something in, gone in the end. What earlier kills left there goes too."""
    sweep(parent)
    folder = parent / unfinished(purpose)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(folder: Path, starting: str = "") -> list[Path]:
    """Remove what kills left directly in a folder, and put back what they had not replaced yet; returns what that was.
    What cannot be removed stays. starting: how the names begin that are looked at."""
    swept = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            path = Path(entry.path)
            if path.name.startswith(starting) and _left_behind(path):
                if (replaced := _replaced(path)) and not replaced.exists():
                    path.rename(replaced)
                elif entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
                swept.append(path)
    return swept


def sweep_all(data: Path, checkpoints: Path) -> list[Path]:
    """`sweep` in every folder that ferdash writes to, and in the system's folder of temporary files."""
    places = [data, checkpoints / "models", checkpoints / "runs"]
    for root, depth in ((data, 3), (checkpoints / "models", 2), (checkpoints / "runs", 2)):
        for stars in range(1, depth + 1):
            places += [path for path in root.glob("/".join("*" * stars)) if path.is_dir()]
    swept = sweep(Path(tempfile.gettempdir()), _TEMPORARY)
    return swept + [path for place in places for path in sweep(place)]


def put_in_place(draft: Path, target: Path) -> None:
    """Give a finished folder its place, and remove the one that was there. At every moment there is the one or the
    other, whole, where the system can exchange two names in one step (Linux and macOS can)."""
    if not target.exists():
        draft.rename(target)
    elif _exchanged(draft, target):
        shutil.rmtree(draft)
    else:
        before = target.parent / unfinished(_REPLACED + target.name)
        target.rename(before)
        draft.rename(target)  # a kill right here is mended by `sweep`
        shutil.rmtree(before)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether two names were exchanged in one step."""
    libc: Any = ctypes.CDLL(None) if os.name == "posix" else None
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(libc, "renameat2"):
        here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
        return bool(libc.renameat2(here, names[0], here, names[1], exchange) == 0)
    if hasattr(libc, "renamex_np"):
        return bool(libc.renamex_np(*names, 2) == 0)  # RENAME_SWAP
    return False


def _replaced(path: Path) -> Path | None:
    """The place that a folder had when it was about to be replaced."""
    name = path.name.removeprefix(".").partition("~")[0]
    return path.parent / name.removeprefix(_REPLACED) if name.startswith(_REPLACED) else None


def _left_behind(path: Path) -> bool:
    if path.name.startswith(DELETED):
        return True  # it was given that name to be removed
    if (match := _OURS.fullmatch(path.name)) is None and _FORMER.fullmatch(path.name) is None:
        return False
    with suppress(OSError):
        changed_s = path.stat().st_mtime
        if match is None or match["host"] != _HOST:
            return time.time() - changed_s > ABANDONED_S
        return not _is_at_work(int(match["pid"]), changed_s)
    return False


def _is_at_work(pid: int, changed_s: float) -> bool:
    try:
        return bool(psutil.Process(pid).create_time() <= changed_s + SAME_START_S)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
