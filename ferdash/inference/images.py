"""Every picture of files, folders and zip archives, one at a time; one that cannot be read does not stop the others."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ferdash.data.sources.archive import is_dropping, unpacks_to_too_much
from ferdash.errors import ImageError
from ferdash.pictures import MAX_FILE_BYTES, Picture, is_picture_name, read_picture

PHOTOS_IN_ARCHIVE = 20_000
"""More than anybody looks through; the directory of an archive can claim any number."""


def read_images(
    sources: Iterable[tuple[str, bytes | Path] | Path], on_skipped: Callable[[str], object] = lambda name: None
) -> Iterator[tuple[str, Picture | ImageError]]:
    """Every picture: its name, and what was read of it or what is wrong.

    A source is a path, or a name with bytes or a path. In folders and archives only files with a picture's suffix
    count; on_skipped is called with the name of every other one, except what systems leave behind.
    """
    for source in sources:
        name, data = (source.name, source) if isinstance(source, Path) else source
        if isinstance(data, Path) and data.is_dir():
            yield from _read_folder(name, data, on_skipped)
        elif _is_zip(data):
            yield from _read_zip(name, data, on_skipped)
        else:
            yield from _read_one(name, data)


def _read_folder(
    name: str, folder: Path, on_skipped: Callable[[str], object]
) -> Iterator[tuple[str, Picture | ImageError]]:
    inside = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    pictures = _pictures(sorted(inside), on_skipped)
    if not pictures:
        yield name, ImageError(f"The folder {name} holds no picture.")
    for file in pictures:
        yield from _read_one(f"{name}/{file}", inside[file])


def _read_zip(
    name: str, data: bytes | Path, on_skipped: Callable[[str], object]
) -> Iterator[tuple[str, Picture | ImageError]]:
    try:
        archive = zipfile.ZipFile(data if isinstance(data, Path) else io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        yield name, ImageError(f"{name} is a damaged zip archive ({error}); make it again.")
        return
    with archive:
        members = {member.filename: member for member in archive.infolist() if not member.is_dir()}
        pictures = _pictures(list(members), on_skipped)
        if not pictures:
            yield name, ImageError(f"{name} holds no picture.")
        if len(pictures) > PHOTOS_IN_ARCHIVE:
            yield name, ImageError(f"{name} holds more than {PHOTOS_IN_ARCHIVE:,} pictures; the others were left out.")
        for file in pictures[:PHOTOS_IN_ARCHIVE]:
            label, member = f"{name}/{file}", members[file]
            if unpacks_to_too_much(member):
                yield label, ImageError(f"{label} would unpack to far more data than a picture holds.")
                continue
            try:
                # The size in the directory may be a lie: never unpack more than the limit.
                with archive.open(member) as stream:
                    content = stream.read(MAX_FILE_BYTES + 1)
            except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
                yield label, ImageError(f"{label} cannot be unpacked ({error}).")
                continue
            yield from _read_one(label, content)


def _pictures(names: list[str], on_skipped: Callable[[str], object]) -> list[str]:
    for name in names:
        if not is_picture_name(name) and not is_dropping(name):
            on_skipped(name)
    return [name for name in names if is_picture_name(name)]


def _read_one(name: str, data: bytes | Path) -> Iterator[tuple[str, Picture | ImageError]]:
    try:
        yield name, read_picture(data, name)
    except ImageError as error:
        yield name, error


def _is_zip(data: bytes | Path) -> bool:
    if isinstance(data, Path):
        if not data.is_file():
            return False
        with data.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    return data[:4] == b"PK\x03\x04"
