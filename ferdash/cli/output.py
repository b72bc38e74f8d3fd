"""Where a command writes: results on stdout, everything else on stderr."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape as escape_markup

from ferdash.emotions import EMOTIONS
from ferdash.wording import printable

if TYPE_CHECKING:
    from rich.table import Table

console = Console()
"""For results a person reads."""

stderr = Console(stderr=True, highlight=False)
"""For progress, logs and errors, so that stdout can be piped."""

WIDE = 110
"""Columns of a terminal from which on a table says more."""

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def escape(text: str) -> str:
    """A text of somebody's (a file's, a run's or a person's name) as it may stand in what is printed: without codes
    that move the cursor or change the window's title, and its brackets are brackets."""
    return escape_markup(printable(text))


def say(message: str) -> None:
    """One line on stderr."""
    stderr.print(message, soft_wrap=True)


def print_table(table: "Table") -> None:
    """A table on stdout, as wide as the terminal at most. What is too long for its column continues below; nothing is
    cut, but in columns that must not wrap."""
    for column in table.columns:
        if not column.no_wrap:
            column.overflow = "fold"
    console.print(table)


def is_narrow() -> bool:
    """Whether the terminal, or the pipe, has too few columns for a long line of figures."""
    return console.width < WIDE


def tell(json_output: bool, sentence: str, document: Any) -> None:
    """What was done: a sentence on stderr, or the one JSON document."""
    if json_output:
        print_json(document)
    else:
        say(sentence)


def print_json(value: Any) -> None:
    """`value` as the one JSON document of a `--json` command. Where it has a row of seven figures, one for each
    emotion, `emotions` says in which order."""
    if isinstance(value, dict) and "emotions" not in value and _has_row_of_emotions(value):
        value = {"emotions": list(EMOTIONS), **value}
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def _has_row_of_emotions(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_row_of_emotions, value.values()))
    if not isinstance(value, list | tuple):
        return False
    figures = sum(isinstance(item, int | float) or item is None for item in value)
    return figures == len(value) == len(EMOTIONS) or any(map(_has_row_of_emotions, value))
