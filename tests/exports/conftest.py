"""Analyses that were never analysed but say what they would."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ferdash.analyses.store import Analysis


@pytest.fixture
def analysed(made_analysis: Callable, tmp_path: Path) -> Callable[..., Analysis]:
    """`made_analysis` in a folder of its own: analysed(name, first=..., then=..., frames=...)."""
    return partial(made_analysis, tmp_path / "analyses")
