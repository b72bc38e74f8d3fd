"""Writing files so that a reader never sees half of one: temporary name, fsync, rename; and journals, line by line."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA")
"""What Pillow may take a picture for, to be given wherever it opens one. It knows many more, and some of them are not
safe with a stranger's file: for PostScript it starts Ghostscript, which runs what the file says."""


_UMASK = os.umask(0o077)
os.umask(_UMASK)
"""What this person's files may not be: read and written by others, for one. It can only be read by setting it."""


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write` with an open binary file and put the result at `path` in one step, surviving a kill or power cut."""
    handle = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False)  # noqa: SIM115
    temporary = Path(handle.name)
    try:
        with handle:
            write(handle)  # type: ignore[arg-type]
            handle.flush()
            os.fsync(handle.fileno())
        temporary.chmod(0o666 & ~_UMASK)
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


def _sync_folder(folder: Path) -> None:
    # The rename itself is only durable once the folder is; Windows cannot open a folder and does not need to.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
