"""Sessions that were never analysed but say what they would."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ferdash.analyses.store import Session


@pytest.fixture
def analysed(made_session: Callable, tmp_path: Path) -> Callable[..., Session]:
    """`made_session` in a folder of its own: analysed(name, first=..., then=..., frames=...)."""
    return partial(made_session, tmp_path / "sessions")
