"""On one's own computer everything is allowed; where others can reach the app, less."""

from pathlib import Path

import pytest
import streamlit as st

from pages.parts.common.rights import own_path, require_deletion

from ferdash.errors import ConfigError


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch):
    def set_to(value: str) -> None:
        monkeypatch.setattr(st, "get_option", {"server.address": value}.get)

    return set_to


def test_on_this_computer_any_path_is_read_and_all_can_be_deleted(address, tmp_path: Path) -> None:
    address("localhost")
    assert own_path(f" {tmp_path} ") == tmp_path
    require_deletion()


def test_for_others_only_named_folders_are_read(address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address("0.0.0.0")
    with pytest.raises(ConfigError, match="reads files by their path not at all"):
        own_path(str(tmp_path))
    monkeypatch.setenv("FERDASH_FOLDERS", str(tmp_path / "films"))
    assert own_path(str(tmp_path / "films" / "a.mp4")) == tmp_path / "films" / "a.mp4"
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "out").symlink_to(tmp_path)
    for path in ("/etc/passwd", str(tmp_path / "films" / ".." / "x"), str(tmp_path / "films" / "out" / "x")):
        with pytest.raises(ConfigError, match=r"only from .*films"):
            own_path(path)


def test_for_others_deletion_has_to_be_allowed(address, monkeypatch: pytest.MonkeyPatch) -> None:
    address("0.0.0.0")
    with pytest.raises(ConfigError, match="nothing is deleted here"):
        require_deletion()
    monkeypatch.setenv("FERDASH_MAY_DELETE", "yes")
    require_deletion()
