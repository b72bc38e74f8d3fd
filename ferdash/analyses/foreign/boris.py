"""BORIS (Friard and Gamba 2016): its exports of events, aggregated or not, as CSV or TSV, and .boris projects.

An observation is a coding and gives its name to the coder; a subject is a person. State events last from START to STOP;
in a project, which does not say which is which, they take turns.
"""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd

from ferdash.analyses.foreign.coded import ForeignCoding, Gathering
from ferdash.errors import AnalysisError
from ferdash.wording import counted

TOOL = "BORIS"
NOBODY = "No focal subject"
AGGREGATED = {"Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)"}
TABULAR = {"Time", "Subject", "Behavior"}
STATUS = ("Behavior type", "Status")
"""Where newer and older exports say START, STOP or POINT."""

STATE = "State event"
SEARCHED_LINES = 60
"""Older exports describe the observation above the table."""


def is_export(path: Path) -> bool:
    """Whether a CSV or TSV is one of BORIS's events."""
    return _header(path) is not None


def read(path: Path, *, coder: str = "") -> ForeignCoding:
    """The emotions of all observations. coder: whose they are, in place of the observations' names.

    Raises AnalysisError when the file is none of BORIS's, or names no emotion.
    """
    found = Gathering(TOOL, path.name)
    if path.suffix.lower() == ".boris":
        _read_project(path, coder, found)
    else:
        _read_table(path, coder, found)
    return found.coding()


def _header(path: Path) -> tuple[int, str] | None:
    """Line and separator of the table's head; None where there is none of BORIS's."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for _, line in zip(range(SEARCHED_LINES), file, strict=False)]
    except (OSError, UnicodeDecodeError):
        return None
    for number, line in enumerate(lines):
        separator = "\t" if "\t" in line else ","
        names = {cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])}
        if names >= AGGREGATED or (names >= TABULAR and names & set(STATUS)):
            return number, separator
    return None


def _read_table(path: Path, coder: str, found: Gathering) -> None:
    head = _header(path)
    if head is None:
        raise AnalysisError(f"{path.name} is no export of BORIS's events: there is no column Behavior with times.")
    line, separator = head
    table = pd.read_csv(path, sep=separator, skiprows=line, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    table.columns = [str(name).strip() for name in table.columns]
    column = "Observation id"
    names = table[column] if column in table else pd.Series(path.stem, index=table.index)
    if set(table.columns) >= AGGREGATED:
        for name, (_, row) in zip(names, table.iterrows(), strict=True):
            times = [_seconds(row[one], path.name) for one in ("Start (s)", "Stop (s)")]
            found.add(coder or name, _person(row["Subject"]), times[0], times[1], row["Behavior"])
        return
    status = next(one for one in STATUS if one in table)
    events = [
        (name, row["Subject"], row["Behavior"], _seconds(row["Time"], path.name), row[status].strip().upper())
        for name, (_, row) in zip(names, table.iterrows(), strict=True)
    ]
    _pair(events, coder, found)


def _read_project(path: Path, coder: str, found: Gathering) -> None:
    try:
        project = json.loads(path.read_text(encoding="utf-8"))
        states = {one["code"] for one in project["behaviors_conf"].values() if one["type"].startswith(STATE)}
        events: list[tuple[str, str, str, float, str]] = []
        for name, observation in project["observations"].items():
            for time_s, subject, behaviour, *_ in observation["events"]:
                kind = "" if behaviour in states else "POINT"
                events.append((name, subject, behaviour, float(time_s), kind))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AnalysisError(f"{path.name} is no project of BORIS that can be read ({str(error)[:160]}).") from error
    _pair(sorted(events, key=lambda event: (event[0], event[3])), coder, found)


def _pair(events: list[tuple[str, str, str, float, str]], coder: str, found: Gathering) -> None:
    """Starts with their stops: (observation, subject, behaviour, seconds, START, STOP, POINT or unknown)."""
    begun: dict[tuple[str, str, str], float] = {}
    for observation, subject, behaviour, time_s, kind in events:
        key = (observation, subject, behaviour)
        if kind == "POINT":
            found.add(coder or observation, _person(subject), time_s, time_s, behaviour)
        elif key in begun and kind != "START":
            found.add(coder or observation, _person(subject), begun.pop(key), time_s, behaviour)
        elif kind != "STOP":
            begun[key] = time_s
    if begun:
        found.notes.append(f"{counted(len(begun), 'state')} never stopped, and left out.")


def _person(subject: Any) -> str:
    return "Person 1" if str(subject).strip() in ("", NOBODY) else str(subject).strip()


def _seconds(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AnalysisError(
            f"{name} has the time “{text}”, where seconds should be; export it from BORIS with seconds as its time "
            "format."
        ) from None
