"""`ferdash sessions ...` on sessions made by hand."""

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from ferdash.analyses.marks import mark
from ferdash.analyses.store import list_sessions
from ferdash.cli.main import app
from ferdash.errors import SessionError


@pytest.fixture
def root(tmp_path):
    return tmp_path / "sessions"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "220")
    return lambda *arguments, **options: CliRunner().invoke(app, ["sessions", *map(str, arguments)], **options)


@pytest.fixture
def session_of(made_session, root):
    return partial(made_session, root)


def parsed(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_list_names_all_of_them(run, session_of):
    assert "Nothing has been analysed yet" in run("list").stderr
    session = session_of("talk")
    table = run("list").stdout
    for text in (session.id, "talk", "video", "4.0 s", "100", "complete"):
        assert text in table
    assert [one["id"] for one in parsed(run("list", "--json"))["sessions"]] == [session.id]


def test_show_says_what_was_found(run, root, session_of):
    session = session_of("talk")
    mark(root, session.id, frame=50, timestamp_s=2.0, name="the joke")
    said = run("show", "talk").stdout
    for text in (
        "Judged a face in 99 of 100 frames",
        "1 frame: no face was found",
        "Model: FerNet",
        "2.00 s: the joke",
    ):
        assert text in said
    document = parsed(run("show", session.id, "--json"))
    assert document["session"]["id"] == session.id
    assert [event["emotion"] for event in document["tracks"][0]["events"]].count("happy") == 1


def test_rename_and_delete(run, root, session_of):
    session = session_of("talk")
    assert parsed(run("rename", "talk", "Monday", "--json")) == {"id": session.id, "name": "Monday"}
    refused = run("delete", "Monday", input="n\n")
    assert refused.exit_code == 1
    assert "Delete Monday" in refused.stderr
    assert f"Deleted {session.id}." in run("delete", "Monday", "--yes").stderr
    assert list_sessions(root) == []
    assert isinstance(run("delete", "Monday", "--yes").exception, SessionError)


def test_a_damaged_session_can_be_deleted(run, root, session_of):
    session = session_of("talk")
    (session.folder / "session.json").write_text("{")
    assert "damaged" in run("list").stdout
    assert parsed(run("delete", session.id, "--yes", "--json")) == {"deleted": session.id}


def test_compare_says_what_differs(run, session_of):
    session_of("one", then="neutral")
    session_of("other", first="happy")
    said = run("compare", "one", "other").stdout
    assert "In other against one" in said
    assert "happy" in said
    document = parsed(run("compare", "one", "other", "--json"))
    assert document["mean_difference"]["happy"] > 0.3
    assert isinstance(run("compare", "one", "other", "--people", 1, 5).exception, SessionError)
    assert isinstance(run("compare", "one", "other", "--marker", "joke").exception, SessionError)


def test_export_writes_what_is_asked_for(run, session_of, tmp_path):
    session = session_of("talk")
    document = parsed(run("export", "talk", "--out", tmp_path / "out", "--only", "segments.vtt", "--json"))
    assert document == {"session": session.id, "out": str(tmp_path / "out"), "files": ["segments.vtt"]}
    assert "WEBVTT" in (tmp_path / "out" / "segments.vtt").read_text()
    session.source().unlink()
    assert isinstance(run("export", "talk", "--out", tmp_path / "out").exception, SessionError)


def test_what_is_complete_cannot_be_continued(run, session_of):
    session_of("talk")
    result = run("continue", "talk")
    assert str(result.exception) == "talk is complete; only what was interrupted can be resumed."
