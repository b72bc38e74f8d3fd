"""Video: the library, what is dropped, and an analysis frame by frame; on results made up without any model."""

import json
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from ferdash.analyses.jobs import create_video_analysis
from ferdash.analyses.marks import mark
from ferdash.analyses.store import list_analyses, open_analysis
from ferdash.analyses.writer import AnalysisWriter
from ferdash.emotions import EMOTIONS
from ferdash.live.recording import LiveRecording
from ferdash.live.view import LiveSettings
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.sample import write_sample

Visit = Callable[..., AppTest]

pytestmark = pytest.mark.usefixtures("fernet")


@pytest.fixture
def root(data: Path) -> Path:
    return data / "analyses"


@pytest.fixture
def analysis_of(made_analysis, root):
    return partial(made_analysis, root)


def words(app: AppTest) -> str:
    shown = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.error]
    return "\n".join(element.value for element in [*shown, *app.success])


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def at(visit: Visit, analysis, **parameters: str) -> AppTest:
    """The Video page at an analysis. AppTest loses the address when it changes the page, so it is set again."""
    app = visit("video")
    for name, value in {"analysis": analysis.id, **parameters}.items():
        app.query_params[f"video-{name}"] = value
    app.run()
    assert not app.exception
    return app


def test_a_damaged_analysis_is_a_card_that_says_so_and_can_be_deleted(visit, root, analysis_of):
    analysis_of("whole")
    (root / "20250102-120000-torn").mkdir()
    (root / "20250102-120000-torn" / "analysis.json").write_text('{"format": 1, "na')
    app = visit("video")
    assert not app.exception
    assert not app.error
    assert words(app).count("its folder is damaged") == 1
    app.checkbox(key="video-sure-20250102-120000-torn").check().run()
    press(app, "video-delete-20250102-120000-torn")
    assert [one.name for one in list_analyses(root)] == ["whole"]


def test_an_empty_library_says_what_it_will_show(visit, data):
    app = visit("video")
    assert not app.exception
    assert not app.error
    assert "Each analysis will stay here as a card" in words(app)
    assert "Try a drawn sample" in {button.label for button in app.button}


def test_a_dropped_text_file_is_a_sentence_and_can_be_left_out(visit, data):
    app = visit("video")
    app.file_uploader[0].set_value([("holiday.mp4", b"a text file", "video/mp4")])
    app.run()
    assert any("holiday.mp4 is not a video that can be read" in error.value for error in app.error)
    press(app, "video-remove-0")
    assert not app.error


def test_only_videos_that_can_be_read_wait_to_be_analysed(visit, data, tmp_path):
    film = write_sample(tmp_path / "film.mp4").read_bytes()
    app = visit("video")
    for name, content in (("one.mp4", film), ("none.mp4", b"a text file"), ("two.mp4", film)):
        app.file_uploader[0].set_value([(name, content, "video/mp4")])
        app.run()
    assert "**2 videos** wait to be analysed" in words(app)
    assert "1 cannot be: see below." in words(app)
    assert "Analyse all 2" in {button.label for button in app.button}
    press(app, "video-remove-0")
    assert "wait to be analysed" not in words(app)


def test_uploads_of_one_name_stay_apart(visit, data):
    app = visit("video")
    for content in (b"one", b"another", b"one"):
        app.file_uploader[0].set_value([("clip.mp4", content, "video/mp4")])
        app.run()
    assert sum("clip.mp4 is not a video" in error.value for error in app.error) == 2
    for content in (b"x", b"y", b"x"):
        app.file_uploader[0].set_value([("face.png", content, "image/png")])
        app.run()
    assert "**2 photos** in this order: face.png, face_2.png" in words(app)


def test_an_animated_gif_is_a_video_and_a_still_one_a_photo(visit, data):
    pictures = [Image.new("L", (64, 64), grey) for grey in (0, 80, 160)]
    still, moving = BytesIO(), BytesIO()
    pictures[0].save(still, "GIF")
    pictures[0].save(moving, "GIF", save_all=True, append_images=pictures[1:], duration=100)
    app = visit("video")
    files = [("still.gif", still.getvalue(), "image/gif"), ("moving.gif", moving.getvalue(), "image/gif")]
    app.file_uploader[0].set_value(files)
    app.run()
    assert "**1 photo** in this order: still.gif" in words(app)
    assert "**moving.gif** · 0.3 s, 64 x 64 pixels, 10.00 frames/s" in words(app)
    assert "3 frames to analyse" in words(app)


def test_a_path_is_estimated_before_it_is_analysed(visit, data, analysis_of):
    clip = analysis_of("clip", frames=30).source()
    app = visit("video")
    app.text_input(key="video-path").set_value(str(clip))
    next(button for button in app.button if button.label == "Use it").click()
    app.run()
    assert not app.exception
    assert "30 frames to analyse" in words(app)
    assert "x real time here" in words(app)
    assert app.button(key="video-go-0").label == "Analyse"


def test_photos_are_put_in_order_and_one_is_too_few(visit, data):
    app = visit("video")
    app.file_uploader[0].set_value([("photo10.png", b"x", "image/png")])
    app.run()
    assert "A sequence needs two photos or more" in words(app)
    app.file_uploader[0].set_value([("photo9.png", b"y", "image/png")])
    app.run()
    assert "**2 photos** in this order: photo9.png, photo10.png" in words(app)


def test_a_card_says_what_is_in_it(visit, analysis_of):
    analysis = analysis_of("interview")
    app = visit("video")
    said = words(app)
    assert "1 analysis" in said
    assert "**interview**" in said
    assert "4.0 s · 1 person · mostly happy" in said
    press(app, f"video-open-{analysis.id}")
    assert app.query_params["video-analysis"] == analysis.id
    assert "Classified a face in 99 of 100 frames" in words(app)


def test_a_recording_is_told_of_on_every_page_while_it_lasts(visit, root):
    facts = {"fps": 20.0, "settings": LiveSettings(), "model": "fernet", "model_title": "FerNet", "detector": "haar"}
    recording = LiveRecording(root, name="me", size=(160, 120), **facts)
    for number in range(5):
        recording.add(np.zeros((120, 160, 3), np.uint8), float(number), (), neutral=False)
    app = visit("video")
    assert not app.exception
    assert "Live is recording **me**, 4 s" in words(app)
    assert "Recording me, 4 s" in [caption.value for caption in app.sidebar.caption]
    recording.close()
    assert "ecording" not in words(visit("video"))


def test_deleting_asks_first(visit, root, analysis_of):
    analysis = analysis_of("interview")
    app = visit("video")
    assert app.button(key=f"video-delete-{analysis.id}").disabled
    app.checkbox(key=f"video-sure-{analysis.id}").check().run()
    press(app, f"video-delete-{analysis.id}")
    assert "interview is deleted." in words(app)
    assert list_analyses(root) == []


def test_renaming_shows_at_once(visit, analysis_of):
    analysis = analysis_of("interview")
    app = visit("video")
    app.text_input(key=f"video-name-{analysis.id}").set_value("Monday *talk*")
    press(app, f"video-rename-{analysis.id}")
    assert r"**Monday \*talk\***" in words(app)


def player(app: AppTest) -> dict:
    """What the player in the browser was given."""
    return json.loads(next(one.proto.json for one in app.get("bidi_component") if "player" in one.proto.component_name))


def test_the_player_begins_at_the_frame_of_the_address(visit, analysis_of):
    analysis = analysis_of("clip")
    given = player(at(visit, analysis, frame="50"))
    assert (given["frame"], given["last"], given["person"]) == (50, 99, 1)
    assert [pin["frame"] for pin in given["pins"]] == [50]
    assert given["picture"].startswith(f"frames/{analysis.id}/{{frame}}.jpg?person=1&of=")
    assert given["film"] == given["missing"] == ""


def test_a_ticked_change_moves_the_player(visit, analysis_of):
    app = at(visit, analysis_of("clip"), frame="10")
    before = player(app)["turn"]
    app.session_state["video-changes"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert player(app)["turn"] == before  # a rerun is no click
    frames = app.dataframe[0].value["frame"].tolist()
    assert frames == [50]
    assert app.dataframe[0].value["before"][0].startswith("frames/")
    app.session_state["video-tab"] = "Markers and neutral"
    app.run()
    app.text_input(key="video-mark-name-10").set_value("here")
    press(app, "video-mark-set-10")
    press(app, "video-see-10")
    assert (player(app)["turn"], player(app)["frame"]) == (before + 1, 10)


def test_a_marker_is_set_named_and_taken_away(visit, root, analysis_of):
    analysis = analysis_of("clip")
    app = at(visit, analysis, frame="20")
    app.text_input(key="video-mark-name-20").set_value("the joke")
    press(app, "video-mark-set-20")
    assert open_analysis(root, analysis.id).marks() == [{"frame": 20, "timestamp_s": 0.8, "name": "the joke"}]
    app.session_state["video-tab"] = "Markers and neutral"
    app.run()
    press(app, "video-unmark-20")
    assert open_analysis(root, analysis.id).marks() == []


def test_neutral_frames_allow_the_relative_view(visit, root, analysis_of):
    analysis = analysis_of("clip")
    app = at(visit, analysis, frame="25")
    assert app.toggle(key="video-timeline-relative").disabled
    press(app, "video-baseline")
    near = open_analysis(root, analysis.id).neutral()[1]
    assert near == list(range(13, 38))  # half a second to each side
    assert not app.toggle(key="video-timeline-relative").disabled
    app.toggle(key="video-timeline-relative").set_value(True).run()
    assert not app.error
    app.session_state["video-tab"] = "Markers and neutral"
    app.run()
    assert "Taken from 25 frames: neutral 8" in words(app)
    press(app, "video-forget-baseline")
    assert open_analysis(root, analysis.id).neutral() == {}


def test_another_baseline_takes_the_place_of_the_first_and_a_smile_is_questioned(visit, root, analysis_of, monkeypatch):
    said = []
    monkeypatch.setattr("streamlit.toast", said.append)
    analysis = analysis_of("clip")
    seen = analysis.frames().set_index("frame")[list(EMOTIONS)].astype(float)
    by_look = seen.rolling(25, center=True).mean().dropna().idxmax(axis=1)
    for look in ("neutral", "happy"):
        frame = int(by_look.index[by_look == look][0])
        press(at(visit, analysis, frame=str(frame)), "video-baseline")
        kept = open_analysis(root, analysis.id).neutral()[1]
        assert {frame} <= set(kept) <= set(range(frame - 13, frame + 14))
    first, second = said
    assert first.startswith("Baseline of person 1: ")
    assert "in place of" not in first
    assert "The model sees" not in first
    assert "in place of the one before. The model sees happy in them" in second


@pytest.mark.parametrize("tab", ["Changes", "Segments", "Transitions", "Figures", "Markers and neutral"])
def test_every_tab_opens(visit, analysis_of, tab):
    app = at(visit, analysis_of("clip"))
    app.session_state["video-tab"] = tab
    app.run()
    assert not app.exception
    assert not app.error


def test_smoothing_and_area(visit, analysis_of):
    app = at(visit, analysis_of("clip"))
    app.select_slider(key="video-smoothing").set_value("much").run()
    app.segmented_control(key="video-timeline-kind").set_value("Area").run()
    assert not app.exception
    assert not app.error


def test_a_video_that_is_gone_leaves_the_results(visit, analysis_of):
    analysis = analysis_of("clip")
    analysis.source().unlink()
    app = at(visit, analysis, frame="50")
    assert "its video is no longer at" in player(app)["missing"]
    assert player(app)["title"].startswith("Person 1: ")


def test_a_failed_analysis_says_why_and_shows_what_it_kept(visit, analysis_of):
    analysis = analysis_of("clip")
    AnalysisWriter(analysis).finish("failed", error="The disk is full.")
    app = at(visit, analysis)
    assert "The disk is full. What was analysed before, 100 frames, is kept below." in words(app)
    assert "Classified a face in 99 of 100 frames" in words(app)
    assert f"video-go-on-{analysis.id}" in {button.key for button in app.button}
    card = visit("video")
    assert "failed: The disk is full" in words(card)
    assert f"video-go-on-{analysis.id}" in {button.key for button in card.button}


def test_a_analysis_without_a_frame_and_one_that_is_not_there(visit, root, analysis_of):
    source = analysis_of("clip").source()
    empty = create_video_analysis(root, source, AnalysisSettings(), model="fernet", name="empty")
    AnalysisWriter(empty).finish("stopped")
    app = at(visit, empty)
    assert "No frame is analysed yet." in words(app)
    app.query_params["video-analysis"] = "nobody"
    app.run()
    assert not app.exception
    assert any("There is no analysis nobody" in error.value for error in app.error)


def test_two_analyses_are_compared(visit, analysis_of):
    one, other = analysis_of("one", then="neutral"), analysis_of("other", first="happy")
    app = visit("video")
    app.checkbox(key=f"video-compare-{one.id}").check().run()
    assert "Tick one more to compare." in words(app)
    app.checkbox(key=f"video-compare-{other.id}").check().run()
    next(button for button in app.button if button.label == "Compare the two").click()
    app.run()
    assert not app.exception
    assert not app.error
    assert "In other against one" in words(app) or "In one against other" in words(app)
    table = app.dataframe[0].value.set_index("emotion")
    assert abs(table.loc["happy", "difference"]) == pytest.approx(86, abs=3)
    assert table.loc["happy", "significant"] == "yes"


def test_markers_of_one_name_align_a_comparison(visit, root, analysis_of):
    one, other = analysis_of("one"), analysis_of("other")
    mark(root, one.id, frame=50, timestamp_s=2.0, name="joke")
    mark(root, other.id, frame=30, timestamp_s=1.2, name="joke")
    app = visit("video")
    app.query_params["video-compare"] = f"{one.id},{other.id}"
    app.run()
    app.selectbox(key="video-compare-marker").set_value("joke").run()
    assert not app.exception
    assert not app.error
    app.query_params["video-compare"] = one.id
    app.run()
    assert any("A comparison needs two analyses" in error.value for error in app.error)


def test_a_wrong_label_can_be_set_right(visit, data, analysis_of):
    from ferdash.data.corrections import list_corrections

    analysis = analysis_of("clip")
    app = at(visit, analysis, frame="50")
    key = f"video-wrong-{analysis.id}-1-50-0"
    app.button_group(key=f"{key}-right").set_value("surprise").run()
    press(app, f"{key}-keep")
    (kept,) = list_corrections(data)
    assert (kept.old_label, kept.new_label, kept.track, kept.source) == ("happy", "surprise", 1, "clip.mp4")
    assert kept.timestamp_s == pytest.approx(2.0)
    assert np.argmax(kept.probabilities) == EMOTIONS.index("happy")
