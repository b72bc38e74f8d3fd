"""How figures are written for a person, the same on every page and in every command."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

REPORT = "the project report this app implements (FER2013, adaptive training)"
"""How a page names it first; after that it is the report."""


def printable(text: str) -> str:
    """A text without control codes, but for line breaks and tabs."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def cell(text: str) -> str:
    """A text as it may stand in a table that a spreadsheet opens: what would be a formula there is a text, and control
    codes, which move a terminal's cursor, are gone.

    >>> cell("=1+1"), cell("walk.mp4"), cell("a\\x1b[2Jb"), cell("-0.5")
    ("'=1+1", 'walk.mp4', 'a[2Jb', '-0.5')
    """
    clean = printable(text)
    is_number = clean[1:2].isdigit() and clean[1:].replace(".", "", 1).isdigit()
    return f"'{clean}" if clean[:1] in tuple("=+-@\t\n") and clean and not is_number else clean


def cells(table: "DataFrame") -> "DataFrame":
    """A table with every text in it, and the names of its columns, as `cell` has them."""
    made = table.rename(columns=lambda name: cell(str(name)))
    for name in made.columns:
        if made[name].dtype.kind not in "biufMm":
            made[name] = [cell(value) if isinstance(value, str) else value for value in made[name]]
    return made


def count(number: int) -> str:
    """
    >>> count(28709)
    '28,709'
    """
    return f"{number:,}"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """
    >>> counted(1, "face"), counted(1774, "face"), counted(0, "box", "boxes")
    ('1 face', '1,774 faces', '0 boxes')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def percent(share: float) -> str:
    """A share from 0 to 1, with one decimal.

    >>> percent(0.6612)
    '66.1%'
    """
    return f"{share:.1%}"


def duration(seconds: float) -> str:
    """
    >>> duration(8), duration(200), duration(7560)
    ('8 s', '3 min 20 s', '2 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
