"""The files of a zip or a folder, or one file alone, as members read in memory. Nothing is ever extracted to disk.

A zip is checked by its directory before any byte of it is unpacked: a name that points outside, or more data than any
face dataset holds, ends the import there. Reading a member checks its CRC and never returns more than it declared.
"""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from ferdash.errors import DatasetError

MAX_TOTAL_BYTES = 4 * 2**30
"""Unpacked size of a whole source; FER2013 takes 0.06 GiB as JPEG and 0.3 GiB as a table."""

MAX_RATIO = 200
"""Unpacked to packed size of a member above RATIO_MATTERS_FROM. Photos and tables reach 1 to 10, a bomb about 1,000."""

RATIO_MATTERS_FROM = 2**20

MAX_ENTRIES = 400_000
"""Files in one source; AffectNet has 290,000."""

_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError)
"""What zipfile raises for a torn, damaged, encrypted or exotic member (a missing password is a RuntimeError)."""


@dataclass(frozen=True)
class Member:
    """One file of a source: `name` with forward slashes, relative to the source, and `size` in bytes, unpacked."""

    name: str
    size: int
    opener: Callable[[], IO[bytes]]

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The content as a binary stream. Raises DatasetError naming this member when it cannot be read whole."""
        try:
            with self.opener() as stream:
                yield stream
        except _UNREADABLE as error:
            raise DatasetError(
                f"“{self.name}” cannot be read: it is damaged, cut short or encrypted ({error}). "
                "Download or copy the data again."
            ) from error

    def read(self) -> bytes:
        """The whole content; errors as for open()."""
        with self.open() as stream:
            return stream.read()


@contextmanager
def open_members(path: Path) -> Iterator[list[Member]]:
    """Every file of a zip or folder, or the one file at `path`, sorted by name and without the droppings of systems.

    Raises DatasetError when there is nothing at `path`, or for a zip that is damaged, unsafe or far too large.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DatasetError(f"“{path}” is a pipe or a device, neither a file nor a folder.")  # and may never end
    if path.is_dir():
        yield _sorted_members(_folder_members(path))
    elif zipfile.is_zipfile(path):
        try:
            archive = zipfile.ZipFile(path)
        except _UNREADABLE as error:
            raise DatasetError(f"“{path.name}” is a damaged zip file ({error}). Download it again.") from error
        with archive:
            yield _sorted_members(_zip_members(archive, path.name))
    elif path.is_file() and path.suffix.lower() == ".zip":
        raise DatasetError(f"“{path.name}” is not a zip file, or only the first part of one. Download it again.")
    elif path.is_file():
        yield _sorted_members(iter([_file_member(path, path.name)]))
    else:
        raise DatasetError(f"There is no file or folder “{path}”.")


def sibling(path: Path, name: str) -> Member | None:
    """The file `name` that lies beside the file `path`, if there is one."""
    neighbour = path.parent / name
    return _file_member(neighbour, name) if path.is_file() and neighbour.is_file() else None


_ARCHIVES = (
    (0, b"\x1f\x8b", "packed with gzip (.gz, .tar.gz)"),
    (0, b"BZh", "packed with bzip2"),
    (0, b"\xfd7zXZ\x00", "packed with xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"PK\x03\x04", "a zip inside the source"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"\x89HDF", "an HDF5 file"),
)
"""Where in a file what stands, and what the file is then."""


def foreign_archive(member: Member) -> str | None:
    """What to do about a file that may well hold faces, but packed as ferdash does not unpack it; None for another."""
    with member.open() as stream:
        head = stream.read(512)
    for place, magic, what in _ARCHIVES:
        if head[place : place + len(magic)] == magic:
            return (
                f"“{member.name}” is {what}; ferdash reads zip files, folders and CSV files. Unpack it and import the "
                "folder."
            )
    return None


def unpacks_to_too_much(info: zipfile.ZipInfo) -> bool:
    """Whether a member of a zip is packed as no photo and no table is."""
    return info.file_size > RATIO_MATTERS_FROM and info.file_size > MAX_RATIO * max(info.compress_size, 1)


def is_dropping(name: str) -> bool:
    """Whether a file was left by an operating system rather than put there by a person: .DS_Store, Thumbs.db, ..."""
    # Taken apart by hand: a zip may have hundreds of thousands of names, for which PurePosixPath takes seconds.
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "__MACOSX" in parts or any(part[0] == "." or part.lower() in ("thumbs.db", "desktop.ini") for part in parts)


def _sorted_members(members: Iterator[Member]) -> list[Member]:
    kept = [member for member in islice(members, MAX_ENTRIES + 1) if not is_dropping(member.name)]
    if len(kept) > MAX_ENTRIES or sum(member.size for member in kept) > MAX_TOTAL_BYTES:
        raise DatasetError(
            f"The source has more than {MAX_ENTRIES:,} files, or {MAX_TOTAL_BYTES / 2**30:.0f} GiB of them; no dataset "
            "of faces does. Give the folder or the file that holds the faces alone."
        )
    return sorted(kept, key=lambda member: member.name)


def _folder_members(folder: Path) -> Iterator[Member]:
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place) / name
            if file.is_file():  # not so for a link that leads nowhere
                yield _file_member(file, file.relative_to(folder).as_posix())


def _file_member(file: Path, name: str) -> Member:
    return Member(name, file.stat().st_size, lambda: file.open("rb"))


def _zip_members(archive: zipfile.ZipFile, archive_name: str) -> Iterator[Member]:
    total = 0
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        if name.startswith("/") or ":" in name.split("/")[0] or ".." in name.split("/"):
            raise DatasetError(
                f"“{archive_name}” holds a file named “{info.filename}”, which points outside the archive; "
                "nothing was imported. Only use archives from a source you trust."
            )
        total += info.file_size
        if unpacks_to_too_much(info) or total > MAX_TOTAL_BYTES:
            raise DatasetError(
                f"“{archive_name}” would unpack to far more data than a face dataset holds (seen at “{name}”, "
                f"{info.file_size:,} bytes from {info.compress_size:,}); nothing was imported."
            )
        if not info.is_dir():
            yield Member(name, info.file_size, lambda info=info: archive.open(info))  # type: ignore[misc]
