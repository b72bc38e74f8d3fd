"""`ferdash analyses ...` on analyses made by hand."""

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from ferdash.analyses.marks import mark
from ferdash.analyses.store import list_analyses
from ferdash.cli.main import app
from ferdash.errors import AnalysisError


@pytest.fixture
def root(tmp_path):
    return tmp_path / "analyses"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "220")
    return lambda *arguments, **options: CliRunner().invoke(app, ["analyses", *map(str, arguments)], **options)


@pytest.fixture
def analysis_of(made_analysis, root):
    return partial(made_analysis, root)


def parsed(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_list_names_all_of_them(run, analysis_of):
    assert "Nothing has been analysed yet" in run("list").stderr
    analysis = analysis_of("talk")
    table = run("list").stdout
    for text in (analysis.id, "talk", "video", "4.0 s", "100", "complete"):
        assert text in table
    assert [one["id"] for one in parsed(run("list", "--json"))["analyses"]] == [analysis.id]


def test_the_list_has_room_for_names_in_80_columns(run, analysis_of):
    analysis = analysis_of("Interview with the second group")
    lines = run("list", env={"COLUMNS": "80"}).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    rows = [line for line in lines[3:] if line.strip()]
    assert "".join(row[:17].strip() for row in rows) == analysis.id
    assert rows[0].split()[1:3] == ["Interview", "with"]
    assert "complete" in rows[0]


def test_show_says_what_was_found(run, root, analysis_of):
    analysis = analysis_of("talk")
    mark(root, analysis.id, frame=50, timestamp_s=2.0, name="the joke")
    said = run("show", "talk").stdout
    for text in (
        "Classified a face in 99 of 100 frames",
        "1 frame: no face was found",
        "Model: FerNet",
        "2.00 s: the joke",
    ):
        assert text in said
    document = parsed(run("show", analysis.id, "--json"))
    assert document["analysis"]["id"] == analysis.id
    assert [event["emotion"] for event in document["tracks"][0]["events"]].count("happy") == 1


def test_rename_and_delete(run, root, analysis_of):
    analysis = analysis_of("talk")
    assert parsed(run("rename", "talk", "Monday", "--json")) == {"id": analysis.id, "name": "Monday"}
    refused = run("delete", "Monday", input="n\n")
    assert refused.exit_code == 1
    assert "Delete Monday" in refused.stderr
    assert f"Deleted {analysis.id}." in run("delete", "Monday", "--yes").stderr
    assert list_analyses(root) == []
    assert isinstance(run("delete", "Monday", "--yes").exception, AnalysisError)


def test_a_damaged_analysis_can_be_deleted(run, root, analysis_of):
    analysis = analysis_of("talk")
    (analysis.folder / "analysis.json").write_text("{")
    assert "damaged" in run("list").stdout
    assert parsed(run("delete", analysis.id, "--yes", "--json")) == {"deleted": analysis.id}


def test_compare_says_what_differs(run, analysis_of):
    analysis_of("one", then="neutral")
    analysis_of("other", first="happy")
    said = run("compare", "one", "other").stdout
    assert "In other against one" in said
    assert "happy" in said
    document = parsed(run("compare", "one", "other", "--json"))
    assert document["mean_difference"]["happy"] > 0.3
    assert isinstance(run("compare", "one", "other", "--people", 1, 5).exception, AnalysisError)
    assert isinstance(run("compare", "one", "other", "--marker", "joke").exception, AnalysisError)


def test_export_writes_what_is_asked_for(run, analysis_of, tmp_path):
    analysis = analysis_of("talk")
    document = parsed(run("export", "talk", "--out", tmp_path / "out", "--only", "segments.vtt", "--json"))
    assert document == {"analysis": analysis.id, "out": str(tmp_path / "out"), "files": ["segments.vtt"]}
    assert "WEBVTT" in (tmp_path / "out" / "segments.vtt").read_text()
    analysis.source().unlink()
    assert isinstance(run("export", "talk", "--out", tmp_path / "out").exception, AnalysisError)


def test_what_is_complete_cannot_be_continued(run, analysis_of):
    analysis_of("talk")
    result = run("continue", "talk")
    assert str(result.exception) == "talk is complete; only what was interrupted can be resumed."
