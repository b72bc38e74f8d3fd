from pathlib import Path

import pytest
from huggingface_hub import constants

from ferdash.errors import ModelError
from ferdash.models import hub
from ferdash.models.loading import load_model


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No network and an empty cache, which is returned."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_what_looks_like_an_id() -> None:
    assert hub.is_hub_id(hub.REPORT_MODEL)
    for reference in ("fernet", "/a/b", "./a/b", "a/b/c", "../b", "a b/c", "run:x/y", ""):
        assert not hub.is_hub_id(reference)


def test_without_network_the_sentence_says_what_to_do(offline: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"hf download {hub.REPORT_MODEL} --local-dir DIR"):
        load_model(hub.REPORT_MODEL, tmp_path)
    assert not hub.is_cached(hub.REPORT_MODEL)
