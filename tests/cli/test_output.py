"""What commands print, as it fits the terminal."""

import pytest
from rich.table import Table

from ferdash.cli.output import is_narrow, print_table


def test_a_long_word_continues_below_and_nothing_is_cut(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    table = Table("file", "what it is")
    table.add_row("a_very_long_name_of_a_film_2026_11_27.mp4", "a film that somebody took of a street")
    print_table(table)
    lines = capsys.readouterr().out.splitlines()
    assert {len(line) for line in lines} == {40}
    assert "…" not in "".join(lines)
    first = "".join(line.split("│")[1].strip() for line in lines if line.startswith("│"))
    assert first == "a_very_long_name_of_a_film_2026_11_27.mp4"


@pytest.mark.parametrize(("columns", "narrow"), [("80", True), ("110", False)])
def test_a_pipe_and_a_usual_terminal_are_narrow(monkeypatch, columns, narrow):
    monkeypatch.setenv("COLUMNS", columns)
    assert is_narrow() is narrow
