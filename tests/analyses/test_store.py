"""Sessions as folders: what was written is there, whoever was killed meanwhile."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from ferdash import records
from ferdash.analyses import marks
from ferdash.analyses import store as sessions
from ferdash.analyses.store import create_session, find_session, list_sessions, open_session
from ferdash.analyses.writer import SessionWriter
from ferdash.errors import SessionError, VideoError
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
def session(tmp_path):
    return create_session(tmp_path / "sessions", kind="video", name="Interview", settings={"stride": 1}, model="fernet")


@pytest.fixture
def root(session):
    return session.folder.parent


def status(session, **values):
    path = session.folder / "status.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_is_appended_is_there_in_order(root, session):
    writer = SessionWriter(session)
    assert session.state == "running"
    assert session.frames().empty
    assert session.last_frame() is None
    writer.append(rows(0, 10), tracker={"next_id": 2, "tracks": []}, progress={"frames": 10})
    writer.append(rows(10, 15, None))
    reopened = open_session(root, session.id)
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


def test_a_writer_goes_on_where_another_ended(session):
    first = SessionWriter(session)
    first.append(rows(0, 4))
    first.finish("failed", error="The disk is full.")
    assert session.info["error"] == "The disk is full."
    second = SessionWriter(session)
    assert "error" not in session.info
    second.append(rows(4, 9))
    second.finish()
    assert session.frames()["frame"].tolist() == list(range(9))
    assert session.info["frames"] == 9


def test_only_one_writes_at_a_time(session):
    SessionWriter(session)
    with pytest.raises(SessionError, match="Interview is being analysed already"):
        SessionWriter(session)


@pytest.mark.parametrize("gone", [{"heartbeat": 1.0}, {"pid": 2**22 + 1}])
def test_a_session_whose_writer_is_gone_was_interrupted(session, gone):
    SessionWriter(session).append(rows(0, 3))
    status(session, **gone)
    assert session.state == "interrupted"
    writer = SessionWriter(session)
    writer.append(rows(3, 5))
    writer.finish()
    assert session.frames()["frame"].tolist() == list(range(5))


def test_a_session_elsewhere_is_alive_as_long_as_it_beats(session):
    SessionWriter(session)
    status(session, host="another", pid=1, heartbeat=time.time())
    assert session.state == "running"
    status(session, heartbeat=time.time() - 2 * records.STALE_AFTER_S)
    assert session.state == "interrupted"


def test_a_heartbeat_after_the_end_changes_nothing(session):
    writer = SessionWriter(session)
    writer.finish("stopped")
    writer.beat()
    assert session.state == "stopped"


def test_a_piece_half_written_is_not_there(session):
    SessionWriter(session).append(rows(0, 3))
    (session.folder / "frames" / ".part-00001.parquet.x.tmp").write_bytes(b"PAR1 half")
    assert len(session.frames()) == 3


def test_a_damaged_piece_is_named(session):
    (session.folder / "frames" / "part-00000.parquet").write_bytes(b"PAR1 half")
    with pytest.raises(SessionError, match=rf"frames/part-00000\.parquet of session {session.id} cannot be read"):
        session.frames()


def test_a_disk_that_takes_nothing(session):
    writer = SessionWriter(session)
    (session.folder / "frames").rmdir()
    with pytest.raises(SessionError, match="Interview cannot be written to"):
        writer.append(rows(0, 3))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionError, match="A session cannot be written to"):
        create_session(tmp_path / "file", kind="video")


def test_sessions_are_listed_newest_first_and_damaged_ones_too(root, session):
    assert list_sessions(root / "none") == []
    (root / "20010101-000000-old-0000").mkdir()
    listed = list_sessions(root)
    assert [one.id for one in listed] == [session.id, "20010101-000000-old-0000"]
    assert listed[1].state == "damaged"
    assert "has no status.json" in listed[1].info["error"]
    with pytest.raises(SessionError, match=r"has no session\.json; its folder is damaged"):
        open_session(root, "20010101-000000-old-0000")


def test_a_session_is_found_by_id_part_or_name(root, session):
    for text in (session.id, session.id[:15], session.id[-4:], "Interview"):
        assert find_session(root, text).id == session.id
    with pytest.raises(SessionError, match="There is no session elsewhere; `ferdash sessions list`"):
        find_session(root, "elsewhere")
    with pytest.raises(SessionError, match="There is no session"):
        find_session(root, "")
    other = create_session(root, kind="video", name="Interview")
    with pytest.raises(SessionError, match=r"“Interview” fits 2 sessions: .*; write more of the id"):
        find_session(root, "Interview")
    assert find_session(root, other.id).id == other.id


def test_a_session_gets_another_name(root, session):
    assert sessions.rename(root, session.id, "  Second   take ").name == "Second take"
    assert open_session(root, session.id).name == "Second take"
    assert sessions.rename(root, session.id, "").name == session.id


def test_a_session_is_deleted_for_good(root, session):
    with pytest.raises(SessionError, match=f"Session {session.id} is queued; stop it first"):
        sessions.delete(root, session.id)
    SessionWriter(session).finish()
    sessions.delete(root, session.id)
    assert list(root.iterdir()) == []
    with pytest.raises(SessionError, match="There is no session"):
        sessions.delete(root, session.id)


def test_nothing_else_is_deleted(root):
    (root / "mine").mkdir()
    (root / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(SessionError, match="mine is a folder without a file of ferdash's"):
        sessions.delete(root, "mine")
    for name in ("", "..", "../sessions", ".hidden"):
        with pytest.raises(SessionError, match="There is no session"):
            sessions.delete(root, name)
    assert (root / "mine" / "letter.txt").is_file()


def test_frames_are_marked_with_names(root, session):
    assert session.marks() == []
    marks.mark(root, session.id, frame=30, timestamp_s=1.2, name=" she  laughs ")
    marks.mark(root, session.id, frame=10, timestamp_s=0.4, name="start")
    marks.mark(root, session.id, frame=30, timestamp_s=1.2, name="laughs")
    assert [(mark["frame"], mark["name"]) for mark in session.marks()] == [(10, "start"), (30, "laughs")]
    assert len(marks.unmark(root, session.id, frame=10)) == 1
    with pytest.raises(SessionError, match="Frame 10 of Interview has no marker"):
        marks.unmark(root, session.id, frame=10)
    with pytest.raises(SessionError, match="A marker needs a name"):
        marks.mark(root, session.id, frame=1, timestamp_s=0.0, name=" ")


def test_neutral_frames_are_kept_by_track(root, session):
    assert session.neutral() == {}
    marks.set_neutral(root, session.id, 2, [5, 3, 5])
    assert marks.set_neutral(root, session.id, 1, [7]) == {2: [3, 5], 1: [7]}
    assert open_session(root, session.id).neutral() == {1: [7], 2: [3, 5]}
    marks.set_neutral(root, session.id, 2, [])
    assert session.neutral() == {1: [7]}


def test_the_video_is_copied_or_named(tmp_path, clip):
    path = clip(5)
    copied = create_session(tmp_path / "s", kind="video", source=path, keep_copy=True)
    named = create_session(tmp_path / "s", kind="video", source=path)
    assert copied.name == "clip"
    assert copied.record["source"]["bytes"] == path.stat().st_size
    np.testing.assert_array_equal(copied.image(3), named.image(3))
    with pytest.raises(VideoError, match="has no frame 5"):
        named.image(5)
    path.unlink()
    assert copied.image(3).shape == (240, 320, 3)
    with pytest.raises(SessionError, match=r"cannot show frame 3: its video is no longer at .*clip\.mp4"):
        named.image(3)


def test_a_recording_without_pictures_says_so(tmp_path):
    live = create_session(tmp_path, kind="live", name="Live")
    with pytest.raises(SessionError, match="Live cannot show frame 0: its pictures were not kept"):
        live.image(0)


def test_a_thumbnail_is_the_first_or_a_clearly_larger_view(session, film):
    picture = film.canvas((film.head(), 160, 120, 150))
    writer = SessionWriter(session)
    assert session.thumbnail(1) is None
    writer.thumbnail(1, picture, (120.0, 80.0, 160.0, 120.0))
    first = session.thumbnail(1).read_bytes()
    writer.thumbnail(1, picture, (120.0, 80.0, 165.0, 125.0))
    assert session.thumbnail(1).read_bytes() == first
    writer.thumbnail(1, picture, (110.0, 70.0, 210.0, 170.0))
    assert session.thumbnail(1).read_bytes() != first


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_status_that_cannot_be_read(session, content):
    (session.folder / "status.json").write_text(content)
    assert session.state == "damaged"
    assert session.info["error"]
