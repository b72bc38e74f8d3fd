"""Where things are kept: what is set counts first, then the checkout; of named models the user's come first."""

from pathlib import Path

import pytest

from ferdash import paths

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FERDASH_DATA", "FERDASH_CHECKPOINTS", "FERDASH_STUDIES"):
        monkeypatch.delenv(name, raising=False)


def test_a_checkout_uses_its_own_folders_wherever_one_stands(monkeypatch, tmp_path):
    monkeypatch.chdir(PROJECT)
    assert (paths.data_root(), paths.checkpoints_root()) == (Path("data"), Path("checkpoints"))
    monkeypatch.chdir(tmp_path)
    assert (paths.data_root(), paths.checkpoints_root()) == (PROJECT / "data", PROJECT / "checkpoints")
    assert paths.checkout() == PROJECT
    assert paths.app_script() == PROJECT / "streamlit_app.py"


def test_what_is_set_counts_first(monkeypatch):
    monkeypatch.setenv("FERDASH_DATA", "~/faces")
    monkeypatch.setenv("FERDASH_CHECKPOINTS", "elsewhere")
    assert paths.data_root() == Path.home() / "faces"
    assert paths.analyses_root().parent == Path.home() / "faces"
    assert paths.checkpoints_root() == Path("elsewhere")


def test_a_named_model_that_is_nowhere_would_be_the_users(tmp_path):
    assert paths.named_model("mine", tmp_path) == tmp_path / "models" / "mine"
    assert paths.model_folders(tmp_path) == []
    (tmp_path / "models").mkdir()
    assert paths.model_folders(tmp_path) == [tmp_path / "models"]
