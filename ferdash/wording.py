"""How figures are written for a person, the same on every page and in every command."""

REPORT = "the project report this app implements (FER2013, adaptive training)"
"""How a page names it first; after that it is the report."""


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
