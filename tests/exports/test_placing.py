"""Exports go where they were asked for, unless something else's are there."""

import json
import shutil
from pathlib import Path

import pytest

from ferdash.exports.placing import place


@pytest.fixture
def made(tmp_path: Path):
    def make(owner: str) -> Path:
        folder = tmp_path / f"made-{owner}"
        (folder / "figures").mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps({"analysis": {"id": owner}}))
        (folder / "figures" / "one.png").write_text(owner)
        return folder

    return make


def test_two_of_one_folder_do_not_overwrite_each_other(made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    places = [place(made(owner), out, owner=owner, name="A clip")[0] for owner in ("one", "two", "three")]
    assert places == [out, out / "A-clip", out / "A-clip-2"]
    assert [(folder / "figures" / "one.png").read_text() for folder in places] == ["one", "two", "three"]
    assert place(made("four"), out, owner="four", name="x", beside=True)[0] == tmp_path / "out-2"


def test_one_of_the_same_analysis_takes_the_place_of_an_earlier_one(made, tmp_path: Path) -> None:
    first = place(made("one"), tmp_path / "out", owner="one", name="clip")
    shutil.rmtree(tmp_path / "made-one")
    (made("one") / "figures" / "one.png").write_text("again")
    assert place(tmp_path / "made-one", tmp_path / "out", owner="one", name="clip") == first
    assert (tmp_path / "out" / "figures" / "one.png").read_text() == "again"


def test_a_file_of_somebody_is_never_overwritten(made, tmp_path: Path) -> None:
    """As with `--out .` where the video itself is called like an export."""
    out = tmp_path / "out"
    (out / "figures").mkdir(parents=True)
    (out / "figures" / "one.png").write_text("mine")
    folder, files = place(made("one"), out, owner="one", name="clip")
    assert folder == out / "clip"
    assert sorted(path.name for path in files) == ["one.png", "summary.json"]
    assert (out / "figures" / "one.png").read_text() == "mine"
    assert not (out / "summary.json").exists()
