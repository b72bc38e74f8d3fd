"""Two analyses beside each other: who is compared, and where they are laid over each other."""

import pytest

from ferdash.analyses.marks import mark
from ferdash.analyses.store import open_analysis, rename
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.exports.comparing import compare_analyses, comparison_document, shared_markers
from ferdash.exports.files import read_results


def read(analysis):
    return read_results(open_analysis(analysis.folder.parent, analysis.id))


def test_the_difference_has_a_sign_and_a_sentence(analysed):
    one, other = read(analysed("one", then="neutral")), read(analysed("other", then="happy"))
    compared = compare_analyses(one, other)
    assert compared.names == ("one", "other")
    document = comparison_document(compared)
    assert document["mean_difference"]["happy"] == pytest.approx(0.43, abs=0.03)  # 86 points for half of the time
    assert document["mean_difference"]["neutral"] == pytest.approx(-0.43, abs=0.03)
    assert set(document["intervals"]) == set(EMOTIONS)
    assert document["finding"] == compared.sentence
    assert {row["group"] for row in document["groups"]} == {"one", "other"}
    dwell = one.summary.tracks[1].dwell["share"]  # how long each is dominant is the same here as in the viewer
    assert [row["dwell"] for row in document["groups"] if row["group"] == "one"] == pytest.approx(dwell.tolist())


def test_markers_of_the_same_name_align(analysed):
    one, other = analysed("one"), analysed("other")
    mark(one.folder.parent, one.id, frame=50, timestamp_s=2.0, name="joke")
    mark(other.folder.parent, other.id, frame=25, timestamp_s=1.0, name="joke")
    mark(other.folder.parent, other.id, frame=5, timestamp_s=0.2, name="hello")
    one, other = read(one), read(other)
    assert shared_markers(one, other) == ["joke"]
    compared = compare_analyses(one, other, marker="joke")
    assert compared.times_s[0] == pytest.approx(-1.0, abs=0.05)
    with pytest.raises(AnalysisError, match="one has no marker called “hello”"):
        compare_analyses(one, other, marker="hello")


def test_two_analyses_of_one_name_are_told_apart(analysed):
    one, other = analysed("one"), analysed("other")
    rename(other.folder.parent, other.id, "one")
    assert compare_analyses(read(one), read(other)).names == ("one (first)", "one (second)")


def test_a_person_who_is_not_there_is_a_sentence(analysed):
    one, other = read(analysed("one")), read(analysed("other"))
    with pytest.raises(AnalysisError, match="other has no person 7; it has 1"):
        compare_analyses(one, other, people=(1, 7))
