"""What others report stands once, in field.toml; the page of the documentation says the same."""

from pathlib import Path

import pytest

from ferdash.published.field import FieldScore, read_field

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"


@pytest.mark.parametrize("score", read_field(), ids=lambda score: score.who)
def test_the_documentation_has_each_figure_as_the_file_has_it(score: FieldScore) -> None:
    row = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if score.address in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        f"[{score.who}]({score.address})",
        score.network,
        f"{100 * score.accuracy:.4g}%",
        score.measured_on,
        score.chosen_on,
        score.looks,
    ]


def test_every_row_says_what_it_was_chosen_on_and_what_was_read() -> None:
    assert all(score.chosen_on and score.read and 0.5 < score.accuracy < 1 for score in read_field())
