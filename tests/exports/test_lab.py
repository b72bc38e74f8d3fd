"""Files for other instruments, read back by those who read them: pympi, praatio, the layouts of BIDS and OpenFace."""

import gzip
import io
import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pympi
import pytest
from praatio import textgrid

from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.exports.files import read_results
from ferdash.exports.lab import bids, elan, lab_files, openface, praat


@pytest.fixture
def results(made_analysis, tmp_path):
    """One person: neutral for two seconds, then happy for two; frame 3 of 100 has no face."""
    return read_results(made_analysis(tmp_path / "analyses"))


def test_elan_reads_the_segments(results, tmp_path):
    (tmp_path / "one.eaf").write_bytes(elan(results.summary))
    read = pympi.Elan.Eaf(str(tmp_path / "one.eaf"))
    assert set(read.get_tier_names()) == {"Person 1", "Person 1 changes"}
    segments = sorted(read.get_annotation_data_for_tier("Person 1"))
    wanted = [
        (round(1000 * one.start_s), round(1000 * one.end_s), one.emotion) for one in results.summary.tracks[1].segments
    ]
    assert [segment[:3] for segment in segments] == wanted
    assert segments[-1][2] == "happy"
    changes = sorted(read.get_annotation_data_for_tier("Person 1 changes"))
    assert changes
    assert all(first[1] <= second[0] for first, second in pairwise(changes))
    assert any("happy rises" in change[2] for change in changes)


def test_another_library_reads_the_textgrid(results, tmp_path):
    (tmp_path / "one.TextGrid").write_bytes(praat(results.summary))
    grid = textgrid.openTextgrid(str(tmp_path / "one.TextGrid"), includeEmptyIntervals=False)
    entries = grid.getTier("Person 1").entries
    segments = results.summary.tracks[1].segments
    assert [entry.label for entry in entries] == [one.emotion for one in segments]
    assert [entry.start for entry in entries] == pytest.approx([one.start_s for one in segments], abs=1e-3)
    assert [entry.end for entry in entries] == pytest.approx([one.end_s for one in segments], abs=1e-3)


def test_bids_has_events_and_even_physiology_with_sidecars(results):
    track = results.summary.tracks[1]
    files = bids(track, "clip")
    stem = "sub-01_task-video"
    events = pd.read_csv(io.BytesIO(files[f"{stem}_events.tsv"]), sep="\t")
    assert list(events.columns[:3]) == ["onset", "duration", "trial_type"]
    assert events["trial_type"].iloc[-1] == "happy"
    assert events["onset"].is_monotonic_increasing
    assert set(events.columns) <= json.loads(files[f"{stem}_events.json"]).keys()
    described = json.loads(files[f"{stem}_recording-emotions_physio.json"])
    assert {"SamplingFrequency", "StartTime", "Columns"} <= described.keys()
    text = gzip.decompress(files[f"{stem}_recording-emotions_physio.tsv.gz"]).decode()
    values = pd.read_csv(io.StringIO(text), sep="\t", header=None, names=described["Columns"], na_values="n/a")
    assert (described["SamplingFrequency"], described["Columns"]) == (25.0, list(EMOTIONS))
    assert len(values) == 100
    times = described["StartTime"] + np.arange(100) / 25
    for place in (0, 50, 99):
        row = int(np.argmin(np.abs(track.series.timestamps_s - times[place])))
        assert values.iloc[place].to_numpy() == pytest.approx(track.series.probabilities[row], abs=1e-5)


def test_what_lies_in_a_gap_is_not_made_up(results, made_analysis):
    frames = results.frames
    from ferdash.dynamics.summary import summarise

    holes = frames[~frames["frame"].between(20, 39)]
    text = gzip.decompress(
        bids(summarise(holes).tracks[1], "clip")["sub-01_task-video_recording-emotions_physio.tsv.gz"]
    ).decode()
    lines = text.splitlines()
    assert len(lines) == 100
    assert {place for place, line in enumerate(lines) if line == "\t".join(["n/a"] * 7)} == set(range(20, 40))


def test_openface_names_and_counts_from_one(results):
    table = openface(results.frames)
    assert list(table.columns[:5]) == ["frame", "face_id", "timestamp", "confidence", "success"]
    assert table["frame"].iloc[0] == 1
    assert table.loc[table["frame"] == 4, "success"].tolist() == [0]
    assert table["success"].sum() == 99
    assert table["emotion_happy"].iloc[-1] == pytest.approx(results.frames["happy"].iloc[-1], abs=1e-5)


def test_nobody_is_said(results):
    from ferdash.dynamics.summary import summarise

    nobody = results.frames[results.frames["track"].isna()]
    with pytest.raises(AnalysisError, match="clip has nobody with a result"):
        lab_files(summarise(nobody), nobody, "clip")
