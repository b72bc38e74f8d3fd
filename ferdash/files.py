"""Writing files so that a reader never sees half of one: temporary name, fsync, rename; and journals, line by line."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from ferdash.leftovers import unfinished

LONGEST_NAME = 255
"""Bytes of a file's name that disks take; of a longer text no more is shown."""

PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA")
"""What Pillow may take a picture for, to be given wherever it opens one. It knows many more, and some of them are not
safe with a stranger's file: for PostScript it starts Ghostscript, which runs what the file says."""


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write` with an open binary file and put the result at `path` in one step, surviving a kill or power cut."""
    temporary = path.parent / f"{unfinished(path.name)}.tmp"
    try:
        with temporary.open("xb+") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`value` as indented JSON at `path`, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomic(path, lambda file: file.write(text.encode()))


def append_line(path: Path, line: str) -> None:
    """Add a line of text at the end of a journal and make it durable. A line that a kill tore off before stays by
    itself, so that a reader can skip it."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read() == b"\n" else "\n" + line
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def reason_of(error: OSError) -> str:
    """Why a file could not be read or written, in words for a person.

    >>> reason_of(OSError(28, "No space left on device"))
    'the disk is full'
    """
    return _REASONS.get(error.errno or 0, str(error))


def trouble_of(error: OSError) -> str | None:
    """What to tell a person about a disk that does not take a file or give it; None for a mistake of ours.

    >>> trouble_of(OSError(28, "No space left on device", "runs/a.pt"))
    'The disk is full (at runs/a.pt). What was written before is whole; put that right and try again.'
    """
    if error.errno not in _REASONS:
        return None
    reason, where = reason_of(error), f" (at {str(error.filename)[:LONGEST_NAME]})" if error.filename else ""
    return f"{reason[0].upper()}{reason[1:]}{where}. What was written before is whole; put that right and try again."


_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EROFS: "the disk can only be read",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EIO: "the disk gives errors",
    errno.ENAMETOOLONG: "a name is longer than the disk allows",
}


def _sync_folder(folder: Path) -> None:
    # The rename itself is only durable once the folder is; Windows cannot open a folder and does not need to.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
