"""On a phone: nothing is wider than the screen, what a page is for comes first, and every picture has words."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pages import PAGES

from ferdash.data.demo import draw_photo

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 390, 844

DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"]')
    && document.querySelector('[data-testid="stMain"] h1')
    && document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
    && [...document.images].every((image) => image.complete && image.naturalWidth)"""
TOO_WIDE = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return main.scrollWidth - main.clientWidth;
}"""
WITHOUT_WORDS = """() => {
  const shown = (one) => one.getClientRects().length && getComputedStyle(one).visibility === "visible";
  const inControl = (one) => one.closest("button, a")?.matches("[aria-label], :has(span)");
  const pictures = [...document.querySelectorAll("img")].filter((one) => !one.alt && !inControl(one));
  const said = (one) => [one, ...one.querySelectorAll("*")].some((each) => each.ariaLabel?.trim());
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].filter((one) => !said(one));
  return [...pictures, ...charts].filter(shown).map((one) => one.outerHTML.slice(0, 200));
}"""


@pytest.fixture
def phone(browser: Browser, full_app) -> Iterator[Callable[[str], Page]]:
    """A page of the app that somebody has worked with, on a phone: phone("video")."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, has_touch=True, is_mobile=True)
    context.set_default_timeout(60_000)

    def visit(name: str) -> Page:
        page = context.new_page()
        page.goto(f"{full_app.url}/{'' if name == 'overview' else name}")
        page.wait_for_function(DRAWN)
        return page

    yield visit
    context.close()


def top(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_too_wide_or_without_words(phone: Callable[[str], Page], name: str) -> None:
    page = phone(name)
    assert page.evaluate(TOO_WIDE) == 0
    assert page.evaluate(WITHOUT_WORDS) == []


def test_video_begins_with_two_lines_of_ways_in_and_then_its_analyses(phone: Callable[[str], Page]) -> None:
    page = phone("video")
    zone = page.get_by_test_id("stFileUploaderDropzone").first
    sample, table = (page.get_by_role("button", name=name) for name in ("Try a drawn sample", "Import results"))
    path, use = page.get_by_placeholder("path of a video on this computer"), page.get_by_role("button", name="Use it")
    assert top(zone) < top(sample) == top(table) < top(path) == pytest.approx(top(use), abs=5)
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True)).to_be_in_viewport(ratio=1)


def test_an_analysis_is_picture_buttons_bars_and_time_in_this_order(phone: Callable[[str], Page]) -> None:
    page = phone("video")
    page.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True).click()
    picture = page.get_by_alt_text("Frame 0 of the video")
    expect(picture).to_be_visible()
    page.wait_for_function(DRAWN)
    parts = [picture, page.get_by_role("button", name="The next frame")]
    parts += [page.get_by_role("group", name="probabilities"), page.get_by_role("slider", name="Time")]
    assert [top(part) for part in parts] == sorted(top(part) for part in parts)
    for part in parts[:2]:
        expect(part).to_be_in_viewport(ratio=1)
    assert page.evaluate(TOO_WIDE) == 0
    assert page.evaluate(WITHOUT_WORDS) == []


def test_a_photo_shows_box_and_bars_at_first_sight(phone: Callable[[str], Page]) -> None:
    page = phone("predict")
    drawn = draw_photo(["happy"], np.random.default_rng(4), width=480, height=480)
    photo = cv2.imencode(".png", drawn[:, :, ::-1])[1].tobytes()
    page.locator("input[type=file]").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": photo})
    face = page.get_by_role("article", name="face 1")
    expect(face).to_be_in_viewport(ratio=0.7)
    expect(page.locator(".fer-photo img")).to_be_in_viewport(ratio=1)
    assert page.evaluate(TOO_WIDE) == 0


def test_experiments_shows_runs_and_their_scores_at_first_sight(phone: Callable[[str], Page]) -> None:
    table = phone("experiments").get_by_test_id("stDataFrame").first
    expect(table).to_be_in_viewport(ratio=0.6)
    table.hover()
    tools = table.get_by_test_id("stElementToolbar")
    expect(tools.get_by_role("button").first).to_be_visible()
    assert top(tools) >= top(table), "a table's tools cover what can be pressed above it"


def test_dataset_shows_faces_at_first_sight(phone: Callable[[str], Page]) -> None:
    page = phone("dataset?dataset-tab=Faces")
    expect(page.locator(".faces button").first).to_be_in_viewport(ratio=1)
