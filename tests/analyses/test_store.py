"""Analyses as folders: what was written is there, whoever was killed meanwhile."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from ferdash import records
from ferdash.analyses import marks
from ferdash.analyses import store as analyses
from ferdash.analyses.store import create_analysis, find_analysis, list_analyses, open_analysis
from ferdash.analyses.writer import AnalysisWriter
from ferdash.errors import AnalysisError, VideoError
from ferdash.video.frame_table import empty_row, face_row, frames_table


def rows(first: int, last: int, track: int | None = 1) -> pd.DataFrame:
    if track is None:
        return frames_table(empty_row(t, t / 25, "no_face") for t in range(first, last))
    values = np.full(7, 1 / 7)
    return frames_table(
        face_row(t, t / 25, track, (1.0, 2.0, 30.0, 31.0), detected=True, confidence=0.9, probabilities=values)
        for t in range(first, last)
    )


@pytest.fixture
def analysis(tmp_path):
    return create_analysis(
        tmp_path / "analyses", kind="video", name="Interview", settings={"stride": 1}, model="fernet"
    )


@pytest.fixture
def root(analysis):
    return analysis.folder.parent


def status(analysis, **values):
    path = analysis.folder / "status.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_is_appended_is_there_in_order(root, analysis):
    writer = AnalysisWriter(analysis)
    assert analysis.state == "running"
    assert analysis.frames().empty
    assert analysis.last_frame() is None
    writer.append(rows(0, 10), progress={"frames": 10})
    writer.append(rows(10, 15, None), tracker={"next_id": 2, "tracks": []})
    reopened = open_analysis(root, analysis.id)
    pd.testing.assert_frame_equal(reopened.frames(), pd.concat([rows(0, 10), rows(10, 15, None)], ignore_index=True))
    assert reopened.last_frame() == 14
    assert reopened.tracker_state() == {"next_id": 2, "tracks": []}
    writer.finish(timings={"total": 1.5})
    info = reopened.info
    assert (info["state"], info["frames"], info["progress"], info["timings"]) == (
        "done",
        15,
        {"frames": 10},
        {"total": 1.5},
    )
    assert (info["name"], info["kind"], info["model"], info["settings"]) == (
        "Interview",
        "video",
        "fernet",
        {"stride": 1},
    )
    assert info["versions"]["ferdash"]


def test_a_writer_goes_on_where_another_ended(analysis):
    first = AnalysisWriter(analysis)
    first.append(rows(0, 4))
    first.finish("failed", error="The disk is full.")
    assert analysis.info["error"] == "The disk is full."
    second = AnalysisWriter(analysis)
    assert "error" not in analysis.info
    second.append(rows(4, 9))
    second.finish()
    assert analysis.frames()["frame"].tolist() == list(range(9))
    assert analysis.info["frames"] == 9


def test_only_one_writes_at_a_time(analysis):
    AnalysisWriter(analysis)
    with pytest.raises(AnalysisError, match="Interview is being analysed already"):
        AnalysisWriter(analysis)


@pytest.mark.parametrize("gone", [{"heartbeat": 1.0}, {"pid": 2**22 + 1}])
def test_a_analysis_whose_writer_is_gone_was_interrupted(analysis, gone):
    AnalysisWriter(analysis).append(rows(0, 3))
    status(analysis, **gone)
    assert analysis.state == "interrupted"
    writer = AnalysisWriter(analysis)
    writer.append(rows(3, 5))
    writer.finish()
    assert analysis.frames()["frame"].tolist() == list(range(5))


def test_a_analysis_elsewhere_is_alive_as_long_as_it_beats(analysis):
    AnalysisWriter(analysis)
    status(analysis, host="another", pid=1, heartbeat=time.time())
    assert analysis.state == "running"
    status(analysis, heartbeat=time.time() - 2 * records.STALE_AFTER_S)
    assert analysis.state == "interrupted"


def test_a_heartbeat_after_the_end_changes_nothing(analysis):
    writer = AnalysisWriter(analysis)
    writer.finish("stopped")
    writer.beat()
    assert analysis.state == "stopped"


def test_a_piece_half_written_is_not_there(analysis):
    AnalysisWriter(analysis).append(rows(0, 3))
    (analysis.folder / "frames" / ".part-00001.parquet.x.tmp").write_bytes(b"PAR1 half")
    assert len(analysis.frames()) == 3


def test_a_damaged_piece_is_named(analysis):
    (analysis.folder / "frames" / "part-00000.parquet").write_bytes(b"PAR1 half")
    with pytest.raises(AnalysisError, match=rf"frames/part-00000\.parquet of analysis {analysis.id} cannot be read"):
        analysis.frames()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("happy", np.nan, "does not say why"),
        ("sad", 1.5, "sad is not between 0 and 1.001"),
        ("frame", -1, "frame is not"),
        ("timestamp_s", 0.9, "timestamp_s goes back from a frame to a later one"),
    ],
)
def test_a_piece_of_odd_values_is_refused(analysis, column, value, words):
    table = rows(0, 3)
    table.loc[1, column] = value
    AnalysisWriter(analysis).append(rows(0, 3))
    table.to_parquet(analysis.folder / "frames" / "part-00000.parquet")
    with pytest.raises(AnalysisError, match=words):
        analysis.frames()


def test_a_disk_that_takes_nothing(analysis):
    writer = AnalysisWriter(analysis)
    (analysis.folder / "frames").rmdir()
    with pytest.raises(AnalysisError, match="Interview cannot be written to"):
        writer.append(rows(0, 3))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AnalysisError, match="An analysis cannot be written to"):
        create_analysis(tmp_path / "file", kind="video")


def test_analyses_are_listed_newest_first_and_damaged_ones_too(root, analysis):
    assert list_analyses(root / "none") == []
    (root / "20010101-000000-old-0000").mkdir()
    listed = list_analyses(root)
    assert [one.id for one in listed] == [analysis.id, "20010101-000000-old-0000"]
    assert listed[1].state == "damaged"
    assert "has no status.json" in listed[1].info["error"]
    with pytest.raises(AnalysisError, match=r"has no analysis\.json; its folder is damaged"):
        open_analysis(root, "20010101-000000-old-0000")


def test_a_analysis_is_found_by_id_part_or_name(root, analysis):
    for text in (analysis.id, analysis.id[:15], analysis.id[-4:], "Interview"):
        assert find_analysis(root, text).id == analysis.id
    with pytest.raises(AnalysisError, match="There is no analysis elsewhere; `ferdash analyses list`"):
        find_analysis(root, "elsewhere")
    with pytest.raises(AnalysisError, match="There is no analysis"):
        find_analysis(root, "")
    other = create_analysis(root, kind="video", name="Interview")
    with pytest.raises(AnalysisError, match=r"“Interview” fits 2 analyses: .*; write more of the id"):
        find_analysis(root, "Interview")
    assert find_analysis(root, other.id).id == other.id


def test_a_analysis_gets_another_name(root, analysis):
    assert analyses.rename(root, analysis.id, "  Second   take ").name == "Second take"
    assert open_analysis(root, analysis.id).name == "Second take"
    assert analyses.rename(root, analysis.id, "").name == analysis.id


def test_a_analysis_is_deleted_for_good(root, analysis):
    with pytest.raises(AnalysisError, match=f"Analysis {analysis.id} is queued; stop it first"):
        analyses.delete(root, analysis.id)
    AnalysisWriter(analysis).finish()
    analyses.delete(root, analysis.id)
    assert list(root.iterdir()) == []
    with pytest.raises(AnalysisError, match="There is no analysis"):
        analyses.delete(root, analysis.id)


def test_nothing_else_is_deleted(root):
    (root / "mine").mkdir()
    (root / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(AnalysisError, match="mine is a folder without a file of ferdash's"):
        analyses.delete(root, "mine")
    for name in ("", "..", "../analyses", ".hidden"):
        with pytest.raises(AnalysisError, match="There is no analysis"):
            analyses.delete(root, name)
    assert (root / "mine" / "letter.txt").is_file()


def test_frames_are_marked_with_names(root, analysis):
    assert analysis.marks() == []
    marks.mark(root, analysis.id, frame=30, timestamp_s=1.2, name=" she  laughs ")
    marks.mark(root, analysis.id, frame=10, timestamp_s=0.4, name="start")
    marks.mark(root, analysis.id, frame=30, timestamp_s=1.2, name="laughs")
    assert [(mark["frame"], mark["name"]) for mark in analysis.marks()] == [(10, "start"), (30, "laughs")]
    assert len(marks.unmark(root, analysis.id, frame=10)) == 1
    with pytest.raises(AnalysisError, match="Frame 10 of Interview has no marker"):
        marks.unmark(root, analysis.id, frame=10)
    with pytest.raises(AnalysisError, match="A marker needs a name"):
        marks.mark(root, analysis.id, frame=1, timestamp_s=0.0, name=" ")


def test_neutral_frames_are_kept_by_track(root, analysis):
    assert analysis.neutral() == {}
    marks.set_neutral(root, analysis.id, 2, [5, 3, 5])
    assert marks.set_neutral(root, analysis.id, 1, [7]) == {2: [3, 5], 1: [7]}
    assert open_analysis(root, analysis.id).neutral() == {1: [7], 2: [3, 5]}
    marks.set_neutral(root, analysis.id, 2, [])
    assert analysis.neutral() == {1: [7]}


def test_the_video_is_copied_or_named(tmp_path, clip):
    path = clip(5)
    copied = create_analysis(tmp_path / "s", kind="video", source=path, keep_copy=True)
    named = create_analysis(tmp_path / "s", kind="video", source=path)
    assert copied.name == "clip"
    assert copied.record["source"]["bytes"] == path.stat().st_size
    np.testing.assert_array_equal(copied.image(3), named.image(3))
    with pytest.raises(VideoError, match="has no frame 5"):
        named.image(5)
    path.unlink()
    assert copied.image(3).shape == (240, 320, 3)
    with pytest.raises(AnalysisError, match=r"has no pictures: its video is no longer at .*clip\.mp4"):
        named.image(3)


def test_another_video_of_that_name_is_not_taken_for_the_one_analysed(tmp_path, clip):
    path = clip(5)
    analysis = create_analysis(tmp_path / "s", kind="video", source=path)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    analysis.video_file()
    with pytest.raises(AnalysisError, match="is another video than the one that was analysed"):
        analysis.video_file(thorough=True)
    path.write_bytes(content + b"more")
    with pytest.raises(AnalysisError, match="is another video"):
        analysis.image(0)
    path.write_bytes(content)
    assert analysis.video_file(thorough=True) == path


def test_a_recording_without_pictures_says_so(tmp_path):
    live = create_analysis(tmp_path, kind="live", name="Live")
    with pytest.raises(AnalysisError, match="Live has no pictures: its pictures were not kept"):
        live.image(0)


def test_a_thumbnail_is_the_first_or_a_clearly_larger_view(analysis, film):
    picture = film.canvas((film.head(), 160, 120, 150))
    writer = AnalysisWriter(analysis)
    assert analysis.thumbnail(1) is None
    writer.thumbnail(1, picture, (120.0, 80.0, 160.0, 120.0))
    first = analysis.thumbnail(1).read_bytes()
    writer.thumbnail(1, picture, (120.0, 80.0, 165.0, 125.0))
    assert analysis.thumbnail(1).read_bytes() == first
    writer.thumbnail(1, picture, (110.0, 70.0, 210.0, 170.0))
    assert analysis.thumbnail(1).read_bytes() != first


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_status_that_cannot_be_read(analysis, content):
    (analysis.folder / "status.json").write_text(content)
    assert analysis.state == "damaged"
    assert analysis.info["error"]


@pytest.mark.parametrize("state", ["inf", ""])
def test_a_state_that_nobody_writes_is_damage(analysis, state):
    status(analysis, state=state)
    assert analysis.state == "damaged"
    assert f"“{state}”" in analysis.info["error"]
