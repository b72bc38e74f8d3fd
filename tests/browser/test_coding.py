"""Two people code a film by keys, blind to the model, frame by frame and while it plays, and see how far they agree."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from ferdash.analyses.codings import read_coding

pytestmark = pytest.mark.browser


def spans(analysis, coder: str) -> list[tuple[float, float, str]]:
    return [(one.start_s, one.end_s, one.emotion) for one in read_coding(analysis, coder).segments]


def opened_to_code(page: Page, analysis: str) -> Locator:
    """An analysis, by its name, opened for coding; the field for the coder's name."""
    page.get_by_role("link", name="Video", exact=True).click()
    page.locator(f"[class*='st-key-video-card-'][class*='-{analysis}-']").get_by_role("button", name="Open").click()
    page.get_by_text("Code what you see", exact=True).click()
    return page.get_by_label("Your name, as a coder")


def test_two_coders_blind_to_the_model_and_how_far_they_agree(page: Page, app, made_analysis):
    analysis = made_analysis(app.folder / "data" / "analyses", "coded")
    name = opened_to_code(page, "coded")
    name.fill("Anna")
    name.press("Enter")
    happy, neutral = (page.get_by_role("button", name=re.compile(f"^{one}")) for one in ("happy", "neutral"))
    expect(happy).to_be_visible()
    expect(page.get_by_text(re.compile("mostly|dominant"))).to_have_count(0)
    expect(name).to_have_count(1)
    expect(name).not_to_be_focused()
    page.keyboard.press("4")  # a frame
    expect(happy).to_have_attribute("kind", "primary")
    expect(name).to_have_value("Anna")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Frame 1 · 0.04 s")).to_be_visible()
    page.keyboard.press("s")  # from here
    expect(page.get_by_text(re.compile("^From 0.04 s to here"))).to_be_visible()
    page.keyboard.press("PageDown")
    expect(page.get_by_text("Frame 26 · 1.04 s")).to_be_visible()
    page.keyboard.press("5")  # to there
    expect(neutral).to_have_attribute("kind", "primary")
    assert spans(analysis, "Anna") == [
        (0, pytest.approx(0.04), "happy"),
        (pytest.approx(0.04), pytest.approx(1.08), "neutral"),
    ]

    name.fill("Ben")
    name.press("Enter")
    expect(name).to_have_count(1)
    expect(page.get_by_text("Ben has coded 0 segments of person 1.")).to_be_visible()
    page.get_by_text("While it plays").click()
    film = page.locator("video")
    expect(page.get_by_text("nothing is said now")).to_be_visible()
    film.evaluate("film => film.play()")
    page.wait_for_function("document.querySelector('video').currentTime > 0.1")
    page.keyboard.press("6")
    expect(page.get_by_text(re.compile("^sad since"))).to_be_visible()
    page.wait_for_function("document.querySelector('video').currentTime > 0.8")
    film.evaluate("film => film.pause()")
    expect(page.get_by_text("Ben has coded 1 segment of person 1.")).to_be_visible()
    ((start_s, end_s, emotion),) = spans(analysis, "Ben")
    assert (emotion, start_s > 0.1, end_s) == (
        "sad",
        True,
        pytest.approx(film.evaluate("film => film.currentTime")),
    )
    assert read_coding(analysis, "Ben").blind

    page.get_by_text("How far do we agree?").click()
    expect(page.get_by_text(re.compile("Krippendorff's alpha of .*, Anna, Ben"))).to_be_visible()


def test_no_key_is_lost_and_the_film_marks_who_is_coded(page: Page, app, made_analysis):
    analysis = made_analysis(app.folder / "data" / "analyses", "quick", second=(20.0, 60.0, 60.0, 110.0))
    name = opened_to_code(page, "quick")
    name.fill("Cleo")
    name.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^happy"))).to_be_visible()
    expect(name).not_to_be_focused()
    expect(page.locator("[data-hears]")).to_be_attached()
    for key in ("4", "ArrowRight", "ArrowRight", "5", "ArrowRight", "ArrowRight", "ArrowRight", "6", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.get_by_text("Frame 4 · 0.16 s")).to_be_visible()
    assert spans(analysis, "Cleo") == [
        (0, pytest.approx(0.04), "happy"),
        (pytest.approx(0.08), pytest.approx(0.12), "neutral"),
        (pytest.approx(0.2), pytest.approx(0.24), "sad"),
    ]

    page.get_by_label("Whom you code").click()
    page.get_by_role("option", name="Person 2").click()
    page.get_by_text("While it plays").click()
    mark = page.get_by_role("img", name="person 2, whom you code")
    expect(mark).to_be_visible()
    box, film = mark.bounding_box(), page.locator("video").bounding_box()
    assert box is not None
    assert film is not None
    scale = min(film["width"] / 320, film["height"] / 240)
    left = film["x"] + (film["width"] - 320 * scale) / 2
    top = film["y"] + (film["height"] - 240 * scale) / 2
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert middle == pytest.approx((left + 40 * scale, top + 85 * scale), abs=3)
