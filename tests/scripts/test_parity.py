"""Training, evaluation and transformers see the same pixels and give the same answers, in every family."""

import runpy
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PARITY = runpy.run_path(str(PROJECT / "scripts" / "parity.py"))


@pytest.mark.parametrize("name", PARITY["FAMILIES"])
def test_pixels_and_probabilities_agree(name: str, tmp_path: Path) -> None:
    PARITY["build"](name, tmp_path)
    parity = PARITY["measure"](tmp_path)
    assert parity.spread > 0.2
    assert parity.training < 0.02
    assert parity.evaluation < 0.02
    assert parity.probabilities < 0.01


def test_the_document_has_a_row_for_every_family() -> None:
    text = (PROJECT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]
    assert set(PARITY["FAMILIES"]) <= set(rows)
