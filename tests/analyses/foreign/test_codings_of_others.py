"""Codings as ELAN and BORIS write them: whose they are, of whom, from when until when."""

import json

import pympi
import pytest

from ferdash.analyses.foreign import boris, elan
from ferdash.errors import AnalysisError

PROJECT = {
    "project_format_version": "7.0",
    "behaviors_conf": {
        "0": {"type": "State event", "code": "happy"},
        "1": {"type": "State event", "code": "sadness"},
        "2": {"type": "Point event", "code": "surprise"},
    },
    "observations": {
        "Ben": {
            "type": "MEDIA",
            "events": [
                [1.5, "P2", "happy", "", ""],
                [1.0, "", "sadness", "", ""],
                [2.0, "P2", "happy", "", ""],
                [3.0, "", "sadness", "", ""],
                [2.5, "P2", "surprise", "", ""],
                [4.0, "P2", "happy", "", ""],
            ],
        }
    },
}
OLD = """Observation id\tBen\t\t\t\t\t\t\t

Player #1\tclip.mp4\t\t\t\t\t\t\t

Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\tComment\tStatus
1.000\tclip.mp4\t10.0\t25.0\tsubject1\tanger\t\t\tSTART
2.500\tclip.mp4\t10.0\t25.0\tsubject1\tanger\t\t\tSTOP
3.000\tclip.mp4\t10.0\t25.0\t\tneutral\t\t\tSTART
4.000\tclip.mp4\t10.0\t25.0\t\tneutral\t\t\tSTOP
"""
NEW = """Observation id,Observation date,Subject,Behavior,Behavioral category,Behavior type,Time,Media file name
Ben,2024-01-01,No focal subject,happy,,START,1.0,clip.mp4
Anna,2024-01-01,No focal subject,happy,,START,1.2,clip.mp4
Ben,2024-01-01,No focal subject,happy,,STOP,2.0,clip.mp4
Anna,2024-01-01,No focal subject,happy,,STOP,2.2,clip.mp4
Anna,2024-01-01,No focal subject,fear,,POINT,3.0,clip.mp4
"""


def spans(coding):
    return [(one.start_s, one.end_s, one.emotion, one.track) for one in coding.segments]


def test_elan_says_annotator_and_participant(tmp_path):
    eaf = pympi.Elan.Eaf(author="test")
    eaf.remove_tier("default")
    eaf.add_tier("a", part="Person 2", ann="Anna")
    eaf.add_tier("speech")
    eaf.add_annotation("a", 500, 1500, "Joy")
    eaf.add_annotation("a", 1500, 2500, "looks left")
    eaf.add_annotation("speech", 0, 100, "sad")
    eaf.add_linked_file("clip.mp4", mimetype="video/mp4", time_origin=2000)
    path = tmp_path / "file.eaf"
    eaf.to_file(str(path))
    read = elan.read(path)
    by_name = {coding.coder: spans(coding) for coding in read.codings}
    assert by_name == {"Anna": [(2.5, 3.5, "happy", 2)], "file": [(2.0, 2.1, "sad", 1)]}
    assert read.people == {2: "Person 2", 1: "speech"}
    assert "1 entry left out, as they name none of the seven emotions: “looks left” (1)." in read.notes
    assert any("2 s into the video" in note for note in read.notes)


@pytest.mark.parametrize("content", ["<ANNOTATION_DOCUMENT>", '<?xml version="1.0" encoding="UTF-88"?><a/>'])
def test_elan_that_is_none_says_so(tmp_path, content):
    path = tmp_path / "file.eaf"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AnalysisError, match=r"no \.eaf that can be read"):
        elan.read(path)


def test_elan_with_entities_is_not_read(tmp_path):
    path = tmp_path / "file.eaf"
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', encoding="utf-8")
    with pytest.raises(AnalysisError, match="entities"):
        elan.read(path)


def test_a_boris_project_pairs_events_of_a_subject(tmp_path):
    path = tmp_path / "p.boris"
    path.write_text(json.dumps(PROJECT), encoding="utf-8")
    (coding,) = boris.read(path).codings
    assert (coding.coder, spans(coding)) == ("Ben", [(1.0, 3.0, "sad", 1), (1.5, 2.0, "happy", 2)])
    notes = " ".join(boris.read(path).notes)
    assert "1 state never stopped" in notes
    assert "1 event without a duration" in notes
    assert boris.read(path, coder="Cleo").codings[0].coder == "Cleo"


def test_older_exports_have_the_observation_above_the_table(tmp_path):
    path = tmp_path / "old.tsv"
    path.write_text(OLD, encoding="utf-8")
    assert boris.is_export(path)
    (coding,) = boris.read(path).codings
    assert spans(coding) == [(1.0, 2.5, "angry", 1), (3.0, 4.0, "neutral", 2)]


def test_newer_exports_hold_several_observations(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(NEW, encoding="utf-8")
    read = boris.read(path)
    assert {one.coder: spans(one) for one in read.codings} == {
        "Ben": [(1.0, 2.0, "happy", 1)],
        "Anna": [(1.2, 2.2, "happy", 1)],
    }
    assert read.notes == ["1 event without a duration left out."]


def test_times_of_day_and_nothing_of_interest_are_refused(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(NEW.replace("1.0,", "00:00:01.000,"), encoding="utf-8")
    with pytest.raises(AnalysisError, match="with seconds"):
        boris.read(path)
    path.write_text(NEW.replace("happy", "grooming").replace("fear", "x"), encoding="utf-8")
    with pytest.raises(AnalysisError, match="There is no emotion"):
        boris.read(path)


def test_a_boris_project_that_is_too_deep_is_refused(tmp_path):
    path = tmp_path / "deep.boris"
    path.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(AnalysisError, match=r"deep\.boris is no project of BORIS"):
        boris.read(path)
