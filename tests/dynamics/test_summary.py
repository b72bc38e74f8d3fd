import json
import re

import numpy as np
import pandas as pd
import pytest

from ferdash.analyses.tables import (
    deltas_table,
    document,
    events_table,
    measures_table,
    segments_table,
    to_csv,
    to_json,
    to_srt,
    to_vtt,
)
from ferdash.dynamics.dominant import Segment
from ferdash.dynamics.smoothing import SmoothingSettings
from ferdash.dynamics.summary import Summary, SummarySettings, summarise
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError
from ferdash.video.frame_table import empty_row, face_row, frames_table

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
STILL = np.array([0.05, 0.03, 0.06, 0.13, 0.6, 0.08, 0.05])


def table() -> pd.DataFrame:
    """Person 1 turns from neutral to happy at frame 50 of 120; person 2 is there for three frames, one too blurred."""
    rng = np.random.default_rng(0)
    rows = []
    for frame in range(120):
        values = STILL + (0.4 * (np.eye(7)[HAPPY] - np.eye(7)[NEUTRAL]) if frame >= 50 else 0)
        values = values + rng.normal(size=7) * values * 0.02
        rows.append(
            face_row(
                frame, frame / 30, 1, (0, 0, 9, 9), detected=True, confidence=1, probabilities=values / values.sum()
            )
        )
    box = (20, 0, 29, 9)
    for frame in (5, 6):
        rows.append(face_row(frame, frame / 30, 2, box, detected=True, confidence=1, probabilities=np.eye(7)[0]))
    rows.append(face_row(7, 7 / 30, 2, box, detected=False, confidence=1, reason="blurred"))
    rows.append(empty_row(120, 4.0, "no_face"))
    return frames_table(rows)


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise(table(), neutral={1: range(30), 2: [99]})


def test_a_summary_counts_every_frame(summary: Summary) -> None:
    assert (summary.frames, summary.with_result) == (121, 120)
    assert summary.reasons == {"blurred": 1, "no_face": 1}
    assert summary.sentence == "Classified a face in 120 of 121 frames; 2 people seen."
    assert list(summary.tracks) == [1, 2]


def test_a_person_is_told_in_words(summary: Summary) -> None:
    one, two = summary.tracks.values()
    assert (
        one.sentence == "Person 1 is classified for 4 s; happy is dominant for 57.5% of it, with 1 change beyond noise."
    )
    words = "Person 2 is classified in 2 frames; angry is dominant for 100.0% of it"
    assert two.sentence == f"{words}; too few frames to tell changes from noise."
    assert [(event.emotion, event.direction, event.peak_frame) for event in one.events] == [
        ("happy", 1, 50),
        ("neutral", -1, 50),
    ]
    assert [segment.emotion for segment in one.segments] == ["neutral", "happy"]
    assert one.transitions.counts[NEUTRAL, HAPPY] == 1
    assert one.dominant == "happy"


def test_raw_and_smoothed_are_kept_side_by_side(summary: Summary) -> None:
    one = summary.tracks[1]
    assert one.series.frames.tolist() == one.smoothed.frames.tolist() == list(range(120))
    assert not np.allclose(one.series.probabilities, one.smoothed.probabilities)
    np.testing.assert_allclose(one.deltas[1:], np.diff(one.series.probabilities, axis=0))


def test_marked_frames_give_a_baseline_or_the_reason_why_not(summary: Summary) -> None:
    one, two = summary.tracks.values()
    assert one.baseline is not None
    assert one.relative is not None
    assert one.baseline.frames == 30
    assert one.relative.difference[50:, HAPPY].mean() == pytest.approx(0.4, abs=0.02)
    assert two.baseline is None
    assert "None of the 1 frame marked as neutral has a result for person 2" in two.neutral_problem


def test_an_analysis_that_has_just_begun_is_summarised() -> None:
    empty = summarise(frames_table([]))
    assert (empty.sentence, empty.tracks) == ("No frame was looked at.", {})
    assert events_table(empty).empty
    assert segments_table(empty).empty
    assert list(deltas_table(empty).columns)[:4] == ["track", "frame", "timestamp_s", "angry"]
    assert json.loads(to_json(empty))["tracks"] == []
    unseen = summarise(frames_table([face_row(0, 0, 1, (0, 0, 5, 5), detected=True, confidence=1, reason="too_small")]))
    assert unseen.tracks[1].sentence == "Person 1 has no frame with a result."
    assert unseen.tracks[1].dominant is None
    json.loads(to_json(unseen))


def test_one_frame_is_summarised() -> None:
    row = face_row(0, 0, 1, (0, 0, 5, 5), detected=True, confidence=1, probabilities=np.eye(7)[HAPPY])
    assert (
        summarise(frames_table([row])).tracks[1].sentence
        == "Person 1 is classified in 1 frame; happy is dominant; too few frames to tell changes from noise."
    )


def test_settings_reach_what_they_are_about() -> None:
    raw = summarise(table(), SummarySettings(smoothing=SmoothingSettings("none"))).tracks[1]
    assert (raw.smoothed.probabilities == raw.series.probabilities).all()
    with pytest.raises(ConfigError, match=r"\(max_gap_s\) is 0 s"):
        SummarySettings(max_gap_s=0)
    with pytest.raises(ConfigError, match=r"looks -1 s ahead \(horizon_s\)"):
        SummarySettings(horizon_s=-1)


def test_tables_hold_what_the_summary_holds(summary: Summary) -> None:
    events, segments, values = events_table(summary), segments_table(summary), deltas_table(summary)
    assert events["emotion"].tolist() == ["happy", "neutral"]
    assert events["moment"].tolist() == [1, 1]
    assert events["size"].tolist() == pytest.approx([0.4, 0.4], rel=0.05)
    assert segments["track"].tolist() == [1, 2, 1]
    assert segments["duration_s"].sum() == pytest.approx(4.0 + 2 / 30)
    assert len(values) == 122
    one = values[values["track"] == 1]
    np.testing.assert_allclose(one["happy_delta"].sum(), one["happy"].iloc[-1] - one["happy"].iloc[0])
    assert one["happy_relative"].head(30).mean() == pytest.approx(0, abs=1e-9)
    assert values[values["track"] == 2]["happy_relative"].isna().all()
    figures = measures_table(summary).set_index("track")
    assert figures.loc[1, ["dominant", "changes", "frames"]].tolist() == ["happy", 1, 120]
    assert figures.filter(like="_dwell").sum(axis=1).tolist() == pytest.approx([1, 1])


def test_csv_reads_back(summary: Summary) -> None:
    text = to_csv(deltas_table(summary))
    back = pd.read_csv(pd.io.common.StringIO(text))
    np.testing.assert_allclose(back["neutral"], deltas_table(summary)["neutral"], rtol=1e-5)
    assert text.splitlines()[1].split(",")[:3] == ["1", "0", "0"]


def test_json_is_whole_and_strict(summary: Summary) -> None:
    back = json.loads(to_json(summary), parse_constant=pytest.fail)
    assert back == document(summary)
    assert back["finding"] == summary.sentence
    first, second = back["tracks"]
    assert len(first["events"]) == 2
    assert first["transitions"]["counts"][NEUTRAL][HAPPY] == 1
    assert first["transitions"]["shares"][HAPPY] == [None] * 7
    assert second["neutral_problem"].startswith("None of the 1 frame")
    assert back["settings"]["smoothing"]["method"] == "savgol"


def segment(start_s: float, end_s: float, emotion: str = "happy", track: int = 1) -> Segment:
    return Segment(track, emotion, start_s, end_s, 0, 9, 10, 0.876)


def test_subrip_by_hand() -> None:
    text = to_srt([segment(0, 1.5), segment(3661.25, 3662.0006, "sad")])
    assert text == ("1\n00:00:00,000 --> 00:00:01,500\nhappy (88%)\n\n2\n01:01:01,250 --> 01:01:02,001\nsad (88%)\n")


def test_webvtt_by_hand_with_two_people() -> None:
    text = to_vtt([segment(2, 3, "fear", track=2), segment(0, 2.5)])
    assert text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nPerson 1: happy (88%)\n\n"
        "00:00:02.000 --> 00:00:03.000\nPerson 2: fear (88%)\n"
    )
    assert "Person 1" in to_srt([segment(0, 1)], name_people=True)
    assert to_vtt([]) == "WEBVTT\n"


def test_no_cue_is_empty_or_negative(summary: Summary) -> None:
    segments = [one for track in summary.tracks.values() for one in track.segments]
    spans = re.findall(r"(\S+) --> (\S+)", to_vtt([*segments, segment(-0.5, -0.2), segment(1, 1)]))
    assert len(spans) == len(segments) + 2
    assert all("00:00:00.000" <= start < end for start, end in spans)


def test_times_keep_the_millisecond_at_any_length():
    table = pd.DataFrame({"frame": [1, 2, 3], "timestamp_s": [0.04, 3601.043, 86399.999], "sad": [1 / 3, 0.5, 1e-7]})
    assert to_csv(table).splitlines()[1:] == ["1,0.04,0.333333", "2,3601.043,0.5", "3,86399.999,1e-07"]
    assert to_csv(table.iloc[:0]) == "frame,timestamp_s,sad\n"
    assert to_csv(table.assign(end_s=[float("nan"), 100000.0, 2.5])).splitlines()[1].endswith("333,")
