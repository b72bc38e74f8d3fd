"""Finished exports in the folder that a person named, without a file of anybody's being overwritten but their own."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

SUMMARY = "summary.json"


def place(made: Path, folder: Path, *, owner: str, name: str, beside: bool = False) -> tuple[Path, list[Path]]:
    """Move the files in `made` into a folder, in place of earlier ones of the same analysis.

    Where something else's are in the way, they go into a folder called `name` in it, or, with `beside`, into one beside
    it, counted where there is one already. owner: id of the analysis. Returns the folder and the files in it.

    Raises OSError where the disk does not take them; then none is there.
    """
    files = [path.relative_to(made) for path in sorted(made.rglob("*")) if path.is_file()]
    for place in _places(folder, re.sub(r"[^\w.-]+", "-", name).strip("-.") or "exports", beside):
        if _owner_of(place) == owner:
            for file in files:
                (place / file).parent.mkdir(parents=True, exist_ok=True)
                (made / file).replace(place / file)
            return place, [place / file for file in files]
        if _linked(made, place, files):
            return place, [place / file for file in files]
    raise AssertionError  # the places do not end


def _places(folder: Path, name: str, beside: bool) -> Iterator[Path]:
    if beside:
        return chain([folder], (folder.with_name(f"{folder.name}-{number}") for number in count(2)))
    return chain([folder, folder / name], (folder / f"{name}-{number}" for number in count(2)))


def _linked(made: Path, place: Path, files: list[Path]) -> bool:
    """Whether all files are in the place now; none of them is where another one, of anybody's, was there first."""
    done: list[Path] = []
    try:
        for file in files:
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            _link(made / file, place / file)
            done.append(place / file)
    except OSError as error:
        for path in done:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            return False
        raise
    return True


def _link(source: Path, target: Path) -> None:
    """A second name for a file, or a copy of it where there is no such thing. Raises FileExistsError where the name is
    taken."""
    try:
        os.link(source, target)
        return
    except FileExistsError:
        raise
    except OSError:  # FAT and some network folders know no second names
        pass
    with source.open("rb") as content, target.open("xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)


def _owner_of(place: Path) -> str | None:
    """Id of the analysis whose exports a folder holds, where it says so."""
    try:
        return str(json.loads((place / SUMMARY).read_bytes())["analysis"]["id"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
