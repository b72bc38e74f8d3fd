"""Coding on the Video page: by keys, from one frame to another, blind, several coders, into corrections."""

import re
from functools import partial

import pytest

from ferdash.analyses.codings import CodedSegment, code, read_coding
from ferdash.data.corrections import list_corrections
from ferdash.video.overlay import draw_person

pytestmark = pytest.mark.usefixtures("fernet")


@pytest.fixture
def analysis(made_analysis, data):
    return made_analysis(data / "analyses")


def opened(visit, analysis, coder="Anna"):
    app = visit("video")
    for name, value in {"analysis": analysis.id, "code": "yes"}.items():
        app.query_params[f"video-{name}"] = value
    app.run()
    if coder:
        app.text_input(key="video-coder-").input(coder).run()
    assert not app.exception
    return app


def said(app) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.html]
    return re.sub("<img[^>]*>", "", "\n".join(element.value for element in shown))


def spans(analysis, coder="Anna"):
    return [(one.start_s, one.end_s, one.emotion) for one in read_coding(analysis, coder).segments]


def press(app, name):
    return app.button(key=f"video-code-{name}").click().run()


def go(app, frame):
    app.select_slider[0].set_value(frame).run()


def test_a_name_comes_first_and_nothing_of_the_model_is_shown(visit, analysis):
    app = opened(visit, analysis, coder="")
    assert "Enter a name first" in said(app)
    app = opened(visit, analysis)
    for word in ("mostly", "dominant", "The model says", "%"):
        assert word not in said(app), word
    app.toggle(key="video-code-seen").set_value(True).run()
    assert "The model says neutral" in said(app)


def test_a_frame_is_named_and_a_time_from_here_to_there(visit, analysis):
    app = opened(visit, analysis)
    press(app, "happy")
    assert spans(analysis) == [(0, pytest.approx(0.04), "happy")]
    go(app, 10)
    press(app, "begin")
    go(app, 19)
    assert "From 0.40 s to here" in said(app)
    press(app, "sad")
    assert spans(analysis)[1:] == [(pytest.approx(0.4), pytest.approx(0.8), "sad")]
    assert read_coding(analysis, "Anna").blind is True
    press(app, "back")
    assert spans(analysis)[1][1] == pytest.approx(0.76)


def test_agreement_ends_blindness(visit, analysis):
    code(analysis, "Ben", CodedSegment(0, 3.9, "neutral"))
    app = opened(visit, analysis)
    press(app, "neutral")
    app.toggle(key="video-code-agree").set_value(True).run()
    assert "Krippendorff's alpha of FerNet, Anna, Ben" in said(app)
    press(app, "happy")
    assert read_coding(analysis, "Anna").blind is False


def test_where_the_model_differs_corrections_can_be_made(visit, analysis, data):
    code(analysis, "Anna", CodedSegment(0.5, 1.5, "sad"))
    code(analysis, "Anna", CodedSegment(2.5, 3.5, "happy"))
    app = opened(visit, analysis)
    app.text_input(key="video-code-consent").set_value("she agreed")  # left by the click on the button
    press(app, "correct-go")
    (correction,) = list_corrections(data)
    assert (correction.old_label, correction.new_label) == ("neutral", "sad")
    assert correction.timestamp_s == pytest.approx(1.0, abs=0.05)
    assert correction.consent == "she agreed (coded by Anna)"


def test_the_box_of_a_blind_coder_says_nothing_of_emotion(analysis):
    import numpy as np

    frames = analysis.frames()
    pictures = [
        draw_person(np.zeros((240, 320, 3), np.uint8), frames[frames["frame"] == frame], 1) for frame in (10, 90)
    ]
    assert (pictures[0] == pictures[1]).all()
    assert pictures[0].any()


def test_what_a_browser_collected_is_kept(analysis):
    from pages.parts.video.coding import _keep

    from ferdash.exports.results import read_results

    kept = partial(_keep, read_results(analysis), "Anna", 1, True)
    kept([{"emotion": "happy", "start_s": 0.5, "end_s": 1.25}, {"emotion": "sad", "start_s": 1.25, "end_s": 1.251}])
    assert spans(analysis) == [(0.5, 1.25, "happy")]
