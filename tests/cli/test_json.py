"""Every command can answer with one JSON document, which says what its figures are of."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from ferdash.cli.main import app
from ferdash.cli.output import print_json
from ferdash.emotions import EMOTIONS

GO_ON = {"app", "serve"}
"""They answer elsewhere, until they are ended."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path), command


@pytest.mark.parametrize(("name", "command"), commands(typer.main.get_command(app)))
def test_every_command_has_json(name: str, command: Any) -> None:
    if name not in GO_ON:
        assert any("--json" in parameter.opts for parameter in command.params)


def test_a_row_of_seven_figures_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"scores": [{"f1": [0.1, 0.2, None, 0.4, 0.5, 0.6, 0.7]}]})
    assert json.loads(capsys.readouterr().out)["emotions"] == list(EMOTIONS)


@pytest.mark.parametrize("value", [{"splits": [1, 2, 3]}, {"names": list("abcdefg")}, [[1, 2, 3, 4, 5, 6, 7]]])
def test_anything_else_stays_as_it_is(capsys: pytest.CaptureFixture[str], value: object) -> None:
    print_json(value)
    assert json.loads(capsys.readouterr().out) == value
