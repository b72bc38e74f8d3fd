import json
from pathlib import Path

import pytest

from ferdash.errors import RunError
from ferdash.runs import meta, store
from ferdash.runs.index import list_runs, summary_of


def test_what_a_person_gives_a_run_is_kept(make_run, root: Path) -> None:
    make_run("a", name="Old")
    meta.rename(root, "a", "  A better \n name ")
    meta.note(root, "a", "Two lines\nof notes.\n")
    meta.archive(root, "a")
    assert meta.tag(root, "a", add=["x", " y ", "", "x"]) == ["x", "y"]
    assert meta.tag(root, "a", add=["z"], remove=["x", "never there"]) == ["y", "z"]
    summary = summary_of(root, "a")
    assert (summary.name, summary.notes) == ("A better name", "Two lines\nof notes.")
    assert (summary.tags, summary.archived) == (("y", "z"), True)
    meta.archive(root, "a", archived=False)
    assert meta.set_tags(root, "a", ["only"]) == ["only"]
    assert (summary_of(root, "a").tags, summary_of(root, "a").archived) == (("only",), False)


def test_nothing_else_is_touched(make_run, root: Path) -> None:
    run = make_run("a")
    (run.folder / "meta.json").write_text(json.dumps({"name": "n", "colour": "red"}))
    meta.note(root, "a", "text")
    kept = json.loads((run.folder / "meta.json").read_text())
    assert kept == {"name": "n", "tags": [], "notes": "text", "archived": False, "colour": "red"}
    assert not list(run.folder.glob(".*.tmp"))


def test_a_missing_meta_file_is_made_anew(make_run, root: Path) -> None:
    (make_run("a").folder / "meta.json").unlink()
    assert summary_of(root, "a").name == ""
    meta.rename(root, "a", "found")
    assert summary_of(root, "a").name == "found"


def test_a_tag_with_a_comma_is_refused(make_run, root: Path) -> None:
    make_run("a")
    with pytest.raises(RunError, match="A tag cannot have a comma, and “x,y” has one"):
        meta.tag(root, "a", add=["x,y"])


@pytest.mark.parametrize(
    "change",
    [
        lambda root: meta.rename(root, "missing", "x"),
        lambda root: meta.note(root, "missing", "x"),
        lambda root: meta.archive(root, "missing"),
        lambda root: meta.tag(root, "missing", add=["x"]),
        lambda root: meta.delete(root, "missing"),
        lambda root: meta.delete(root, ""),
        lambda root: meta.delete(root, "../runs"),
        lambda root: meta.delete(root, ".hidden"),
    ],
)
def test_a_missing_run_is_named(make_run, root: Path, change) -> None:
    make_run("a")
    (root / ".hidden").mkdir()
    with pytest.raises(RunError, match="There is no run"):
        change(root)


@pytest.mark.parametrize("state", ["stopped", "finished", "failed"])
def test_a_deleted_run_is_gone(make_run, root: Path, state: store.State) -> None:
    make_run("a", state=state)
    make_run("b")
    meta.delete(root, "a")
    assert [entry.id for entry in list_runs(root)] == ["b"]
    assert sorted(path.name for path in root.iterdir()) == ["b"]


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_a_run_at_work_is_not_deleted(make_run, root: Path, state: store.State) -> None:
    make_run("a", state=state)
    with pytest.raises(RunError, match=f"Run a is {state}; stop it first"):
        meta.delete(root, "a")
    assert len(list_runs(root)) == 1


def test_damaged_runs_can_be_deleted_but_not_a_folder_of_somebody_else(make_run, root: Path) -> None:
    make_run("torn").folder.joinpath("status.json").write_bytes(b"\xff")
    make_run("half").folder.joinpath("config.json").unlink()
    (root / "empty").mkdir()
    (root / "foreign").mkdir()
    (root / "foreign" / "thesis.tex").touch()
    for name in ("torn", "half", "empty"):
        meta.delete(root, name)
    with pytest.raises(RunError, match="foreign is a folder without a file of ferdash's"):
        meta.delete(root, "foreign")
    assert [path.name for path in root.iterdir()] == ["foreign"]


def test_what_is_left_of_an_earlier_deletion_is_no_obstacle(make_run, root: Path) -> None:
    make_run("a")
    (root / ".deleted-a").mkdir()
    (root / ".deleted-a" / "big.pt").touch()
    meta.delete(root, "a")
    assert list(root.iterdir()) == []


def test_a_deletion_that_fails_says_so(make_run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run("a")

    def refuse(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError(13, "Permission denied", "best.pt")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(RunError, match=r"Run a could not be deleted: .*Permission denied"):
        meta.delete(root, "a")
