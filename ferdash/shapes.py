"""What a file of ours may hold, and the reading of it that skips what is not ours.

Journals, JSON files and tables lie in folders that people edit, copy and damage. Well-formed content with odd values is
the commonest kind of damage, and the hardest to foresee where it is used; so it is cut to a shape where it is read.

A shape is a type (str, bool, int, float), Any, a list of one shape, a dict of named ones, a dict {str: shape} for any
names, a `Row`, a tuple of shapes of which one has to fit, or None. Fields that do not fit are left out, and elements of
lists too; a field in `Needed` takes everything around it with it. Names that a shape does not know stay as they are: a
later ferdash may have written them.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST = 1e15
"""Of any number in a file of ours: beyond it lie mistakes, and what no calculation survives."""

LONGEST = 100_000
"""Characters of a text."""

_ABSENT = object()


class Needed:
    """A field without which the object around it means nothing."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


class Sound(Needed):
    """A field that may be missing, but that takes everything around it with it where it is there and does not fit."""


class Row:
    """A list of one number for each of so many things, such as the seven emotions: with one that does not fit, or
    another length, it says nothing of any."""

    def __init__(self, shape: Any, length: int) -> None:
        self.shape, self.length = shape, length


def fitting(value: Any, shape: Any, default: Any = None) -> Any:
    """The part of a value that has a shape; `default` where it does not at all.

    >>> marks = {"marks": [{"frame": Needed(int), "name": str}]}
    >>> fitting({"marks": [{"frame": 3, "name": 7}, {"frame": "x"}, 5]}, marks)
    {'marks': [{'frame': 3}]}
    >>> fitting([1], marks) is None
    True
    """
    found = _fit(value, shape)
    return default if found is _ABSENT else found


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises ValueError where it is none, is nested without end, or is a folder, and
    FileNotFoundError where there is nothing."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from error


def read_journal(path: Path, shape: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of a journal that are whole and of the shape, in order; nothing where there is no file. A line that a
    kill tore off, or that somebody else wrote, is skipped: what it says was never promised."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            found = _fit(json.loads(line), shape)
        except (ValueError, RecursionError):
            continue
        if found is not _ABSENT:
            yield found


def _fit(value: Any, shape: Any) -> Any:
    if shape is Any:
        return value
    if isinstance(shape, tuple):
        return next((found for one in shape if (found := _fit(value, one)) is not _ABSENT), _ABSENT)
    if isinstance(shape, dict):
        return _fit_object(value, shape) if isinstance(value, dict) else _ABSENT
    if isinstance(shape, Row):
        if not isinstance(value, list) or len(value) != shape.length:
            return _ABSENT
        found = [_fit(item, shape.shape) for item in value]
        return _ABSENT if any(item is _ABSENT for item in found) else found
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _ABSENT
        return [found for item in value if (found := _fit(item, shape[0])) is not _ABSENT]
    return value if _is(value, shape) else _ABSENT


def _fit_object(value: dict[Any, Any], shape: dict[Any, Any]) -> Any:
    if set(shape) == {str}:
        fits = {name: _fit(item, shape[str]) for name, item in value.items()}
        return {name: item for name, item in fits.items() if item is not _ABSENT}
    kept = {name: item for name, item in value.items() if name not in shape}
    for name, wanted in shape.items():
        needed = isinstance(wanted, Needed)
        found = _fit(value[name], wanted.shape if needed else wanted) if name in value else _ABSENT
        if found is not _ABSENT:
            kept[name] = found
        elif needed and (name in value or not isinstance(wanted, Sound)):
            return _ABSENT
    return kept


def _is(value: Any, kind: Any) -> bool:
    if kind is None:
        return value is None
    if kind is bool:
        return isinstance(value, bool)
    if kind is str:
        return isinstance(value, str) and len(value) <= LONGEST and "\x00" not in value
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
    if kind is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value) and abs(value) <= LARGEST
    raise TypeError(f"{kind!r} is no shape")
