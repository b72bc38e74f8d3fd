"""Checkpoints of a run: written atomically, named by position, thinned to the newest few and the best."""

import math
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import torch

from ferdash.errors import CheckpointError
from ferdash.files import write_atomic
from ferdash.models.seal import seal
from ferdash.models.weights import read_checkpoint

_NAME = re.compile(r"(epoch)-(\d+)\.pt|(batch)-(\d+)\.pt")


def save_checkpoint(folder: Path, name: str, packed: dict[str, Any]) -> Path:
    """Write a packed state into the run's checkpoint folder in one step."""
    path = folder / name

    def write(file: BinaryIO) -> None:
        try:
            torch.save(packed, file)
        except RuntimeError as error:  # PyTorch's own complaint about a file that a full disk did not take
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise
        seal(file)

    write_atomic(path, write)
    return path


def save_best(folder: Path, packed: dict[str, Any], facts: dict[str, Any]) -> None:
    """Keep the network (not the optimizer) of the best epoch as best.pt, with what made it the best."""
    slim = {"format": packed["format"], "network": packed["network"], "averaged": packed["averaged"], "best": facts}
    save_checkpoint(folder, "best.pt", slim)


def list_checkpoints(folder: Path) -> list[Path]:
    """Complete training states in the order of training; best.pt is not among them.

    Names and content say the order, not the times of files, which a copy or a backup changes.
    """
    placed: list[tuple[float, int, Path]] = []
    for path in folder.glob("*.pt"):
        if match := _NAME.fullmatch(path.name):
            with suppress(FileNotFoundError):  # the run at work thinned it out just now
                epoch, batch = (int(match[2]), 0) if match[1] else (_epoch_of(path), int(match[4]))
                placed.append((epoch, batch, path))
    return [path for _, _, path in sorted(placed)]


def _epoch_of(path: Path) -> float:
    """The epoch that a checkpoint lies in, from 0; beyond all where it cannot be read, which reading it will say."""
    stat = path.stat()
    return _read_epoch(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1024)
def _read_epoch(path: Path, changed_ns: int, size: int) -> float:
    # Part of the key: looking into a file takes 40 ms, and whoever watches a run asks every two seconds.
    del changed_ns, size
    try:
        # Mapped, so that the position is read and the weights are not.
        position = torch.load(path, map_location="cpu", weights_only=True, mmap=True)["position"]
        return int(position["epoch"])
    except FileNotFoundError:
        raise
    except Exception:  # whatever a torn file makes of the unpickler
        return math.inf


def kept_epochs(folder: Path) -> list[int]:
    """Epochs, from 0, at whose end a training state was written that is still there; in their order."""
    matches = [_NAME.fullmatch(path.name) for path in list_checkpoints(folder)]
    return sorted(int(match[2]) - 1 for match in matches if match and match[1])


def thin(folder: Path, keep_last: int) -> None:
    """Delete all but the newest `keep_last` of those at the end of an epoch, and of those inside one."""
    by_kind: dict[str, list[tuple[int, Path]]] = {"epoch": [], "batch": []}
    for path in folder.glob("*.pt"):
        if match := _NAME.fullmatch(path.name):
            by_kind[match[1] or match[3]].append((int(match[2] or match[4]), path))
    for files in by_kind.values():
        for _, path in sorted(files)[:-keep_last]:
            path.unlink()


def read_latest(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The newest checkpoint that can be read. Raises CheckpointError when there is none."""
    problems = []
    for path in reversed(list_checkpoints(folder)):
        try:
            return path, read_checkpoint(path)
        except CheckpointError as error:
            problems.append(str(error))
    reason = " ".join(problems) or "It has not written one yet."
    raise CheckpointError(f"Run {folder.parent.name} has no usable checkpoint. {reason}")
