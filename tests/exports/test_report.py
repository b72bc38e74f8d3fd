"""The report: one page with everything in it, which asks nothing of any network."""

import re

import pytest

from ferdash.analyses.marks import mark, set_neutral
from ferdash.analyses.store import open_analysis, rename
from ferdash.exports.files import read_results
from ferdash.exports.report import report_html


@pytest.fixture
def page(analysed):
    """The report of an analysis whose name and marker hold what HTML would read."""
    analysis = analysed()
    root = analysis.folder.parent
    rename(root, analysis.id, "<b>Tom & Ann</b>")
    mark(root, analysis.id, frame=50, timestamp_s=2.0, name="<script>alert(1)</script>")
    set_neutral(root, analysis.id, 1, list(range(10, 40)))
    results = read_results(open_analysis(root, analysis.id))
    return report_html(results.analysis, results.summary)


def test_it_says_what_was_found(page):
    assert "Classified a face in 99 of 100 frames; 1 person seen." in page
    assert "Without a result: no face was found in the frame (1 time)." in page
    assert "FerNet" in page
    assert "1 change<" in page
    assert re.search(r"<td>2\.00 s</td><td>50</td><td>happy</td><td>\+8\d</td><td>neutral -8\d</td>", page)


def test_it_needs_no_network(page):
    body = page[: page.index("<script>")] + page[page.index("</script>") :]
    assert not re.findall(r'(?:src|href)="(?!data:)[^"]+"', body)
    assert 'src="data:image/jpeg;base64,' in body


def test_all_charts_are_drawn(page):
    assert page.count("Plotly.newPlot(") >= 5
    assert "points above the neutral baseline" in page


def test_names_are_text_and_nothing_else(page):
    assert "&lt;b&gt;Tom &amp; Ann&lt;/b&gt;" in page
    assert "<script>alert(1)</script>" not in page


def test_a_person_without_a_result_has_a_sentence(analysed):
    analysis = analysed()
    results = read_results(analysis)
    frames = results.frames.copy()
    frames.loc[:, ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]] = float("nan")
    frames["reason"] = frames["reason"].where(frames["reason"] != "", "blurred")
    from ferdash.dynamics.summary import summarise

    page = report_html(analysis, summarise(frames))
    assert "Person 1 has no frame with a result." in page
    assert "the face is too blurred to be classified (99 times)" in page
