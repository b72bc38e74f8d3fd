"""What people coded goes out for ELAN and BORIS, comes back the same, and is compared with the model."""

import json

import pandas as pd
import pytest

from ferdash.analyses.codings import CodedSegment, code, delete_coding, read_coding, read_codings, uncode
from ferdash.analyses.foreign import boris as read_boris
from ferdash.analyses.foreign import elan as read_elan
from ferdash.errors import AnalysisError
from ferdash.exports.agreeing import agreement_of, raters_of
from ferdash.exports.files import codings_of, lab_of, read_results, write_exports


@pytest.fixture
def analysis(analysed):
    """Neutral until 2 s, happy until 4 s, says the model; Anna sees the same from 0.5 s on, Ben sees sadness."""
    made = analysed()
    code(made, "Anna", CodedSegment(0.5, 2, "neutral"), blind=True)
    code(made, "Anna", CodedSegment(2, 4, "happy"), blind=True)
    code(made, "Ben", CodedSegment(0, 3, "sad"))
    return made


def spans(coding):
    return [(one.start_s, one.end_s, one.emotion, one.track) for one in coding.segments]


def test_a_segment_takes_the_place_of_what_it_covers(analysis):
    code(analysis, "Ben", CodedSegment(1, 2, "happy"))
    assert spans(read_coding(analysis, "ben ")) == [(0, 1, "sad", 1), (1, 2, "happy", 1), (2, 3, "sad", 1)]
    code(analysis, "Ben", CodedSegment(1, 2, "sad"))
    assert spans(read_coding(analysis, "Ben")) == [(0, 3, "sad", 1)]
    code(analysis, "Ben", CodedSegment(1, 2, "happy", track=2))
    assert len(read_coding(analysis, "Ben").of(1)) == 1
    uncode(analysis, "Ben", track=1, start_s=0, end_s=2.5)
    assert spans(read_coding(analysis, "Ben")) == [(1, 2, "happy", 2), (2.5, 3, "sad", 1)]
    delete_coding(analysis, "Ben")
    assert [one.coder for one in read_codings(analysis)] == ["Anna"]
    with pytest.raises(AnalysisError, match="no coding by Ben"):
        delete_coding(analysis, "Ben")


def test_names_and_segments_that_cannot_be(analysis):
    code(analysis, "../../etc", CodedSegment(0, 1, "sad"))
    assert sorted(path.name for path in (analysis.folder / "codings").glob("*.json"))[0].startswith("%2E%2E%2F")
    with pytest.raises(AnalysisError, match="needs a name"):
        code(analysis, "  ", CodedSegment(0, 1, "sad"))
    with pytest.raises(AnalysisError, match="no length"):
        CodedSegment(2, 2, "sad")
    with pytest.raises(AnalysisError, match="none of the seven"):
        CodedSegment(1, 2, "bored")


def test_people_are_compared_with_the_model(analysis):
    found = agreement_of([read_results(analysis)], 1)
    assert found.raters == ("FerNet", "Anna", "Ben")
    same = {(pair.first, pair.second): pair.same for pair in found.pairs}
    assert same["FerNet", "Anna"] > 0.95
    assert same["FerNet", "Ben"] == same["Anna", "Ben"] == 0


def test_several_analyses_of_a_video_are_raters_beside_each_other(analysis, analysed):
    other = analysed("other")
    assert list(raters_of([read_results(analysis), read_results(other)], 1)) == [
        "FerNet",
        "Anna",
        "Ben",
        "FerNet, other",
    ]


def test_files_come_back_as_they_went(analysis, tmp_path):
    files = codings_of(read_results(analysis))
    assert set(files) == {
        "codings.csv",
        "codings.eaf",
        "agreement-person-1.csv",
        "codings_boris.tsv",
        "codings.boris",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    wanted = {one.coder: spans(one) for one in read_codings(analysis)}
    for name, read in (("codings.eaf", read_elan), ("codings.boris", read_boris), ("codings_boris.tsv", read_boris)):
        assert {one.coder: spans(one) for one in read.read(tmp_path / name).codings} == wanted, name
    table = pd.read_csv(tmp_path / "codings.csv")
    assert table["blind"].tolist()[:2] == [True, True]
    measures = pd.read_csv(tmp_path / "agreement-person-1.csv")
    assert set(measures["measure"]) == {"krippendorff_alpha", "cohen_kappa"}


def test_the_models_segments_go_to_boris_too(analysis, tmp_path):
    files = lab_of(read_results(analysis))
    (tmp_path / "segments.boris").write_bytes(files["segments.boris"])
    (coding,) = read_boris.read(tmp_path / "segments.boris").codings
    segments = read_results(analysis).summary.tracks[1].segments
    assert coding.coder == "FerNet"
    assert [one.emotion for one in coding.segments] == [one.emotion for one in segments]
    assert coding.segments[0].start_s == pytest.approx(segments[0].start_s, abs=1e-3)
    head = files["segments_boris.tsv"].decode().splitlines()[0]
    assert head.startswith("Observation id\tObservation date\tDescription\tMedia file\tTotal length\tFPS\tSubject")


def test_nothing_coded_says_so(analysed, tmp_path):
    with pytest.raises(AnalysisError, match="Nobody has coded"):
        write_exports(read_results(analysed()), tmp_path / "out", ["codings"])


def test_the_command_line_says_how_far(analysis, monkeypatch, capsys):
    from ferdash.cli.main import app

    monkeypatch.setattr("ferdash.cli.analyses_agreement.analyses_root", lambda: analysis.folder.parent)
    app(["analyses", "agreement", analysis.id, "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found["raters"] == ["FerNet", "Anna", "Ben"]
    app(["analyses", "agreement", analysis.id], standalone_mode=False)
    assert "Krippendorff's alpha of FerNet, Anna, Ben" in capsys.readouterr().out.replace("\n", " ")
