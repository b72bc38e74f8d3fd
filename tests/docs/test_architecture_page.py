"""The walks of docs/architecture.md pass functions that exist, and no more than seven."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
STOPS = re.findall(r"^(\d)\. `([\w.]+)` \(([\w/]+\.py)\): ", PAGE, flags=re.MULTILINE)
ROOMS = re.findall(r"`(ferdash/[\w/]+(?:\.py)?/?)`", PAGE)


@pytest.mark.parametrize(("number", "name", "file"), STOPS, ids=lambda value: str(value))
def test_a_stop_is_a_function_of_its_file(number: str, name: str, file: str) -> None:
    scope: list[ast.stmt] = ast.parse((PROJECT / file).read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = [node for node in scope if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == part]
        assert found, f"{file} has no {name}; the page's stop {number} is not true any more"
        scope = found[0].body


def test_there_are_two_walks_of_seven_stops_at_most() -> None:
    numbers = "".join(number for number, _, _ in STOPS)
    walks = [walk for walk in numbers.split("1") if walk]
    assert len(walks) == 2
    assert all(walk == "234567"[: len(walk)] for walk in walks)


@pytest.mark.parametrize("room", [room for room in ROOMS if "_app" not in room and "_shipped" not in room])
def test_what_it_names_is_there(room: str) -> None:
    assert (PROJECT / room).exists(), f"docs/architecture.md names {room}"
