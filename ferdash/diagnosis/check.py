"""One thing that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """good; note: works, and worth knowing; failed: something does not work until `advice` is followed."""

    GOOD = "good"
    NOTE = "note"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """area, name: what was looked at. found: what is the case, a phrase. advice: what to do, if anything."""

    area: str
    name: str
    state: State
    found: str
    advice: str = ""
