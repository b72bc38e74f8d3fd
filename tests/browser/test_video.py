"""An analyst: two videos analysed, one walked through by keys, pins and play, marked, exported, and compared with the
other; and a portrait one and one of two people; in the real app."""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from ferdash.data.demo import draw_person
from ferdash.emotions import EMOTIONS
from ferdash.video.sample import write_sample

pytestmark = pytest.mark.browser

SECONDS = 2.4
FRAMES = 60
FPS = 25
TURNS_S = 1.0
"""When the people of the drawn clips begin to smile, or to look surprised."""
ANALYSED_MS = 180_000
"""Seconds are enough, but not on a computer that trains at the same time."""


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A drawn person who begins to smile at 1.5 s, and the same for a shorter time."""
    folder = tmp_path_factory.mktemp("video")
    return [write_sample(folder / "smile.mp4", SECONDS), write_sample(folder / "short.mp4", 2.0)]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory, film: Any) -> list[Path]:
    """A portrait clip of one drawn person, as a phone makes it, and a clip of two people side by side."""
    folder = tmp_path_factory.mktemp("shapes")
    return [
        film.write(folder / "portrait.mp4", drawn(360, 640, {5: (180, 260, "happy")})),
        film.write(folder / "pair.mp4", drawn(640, 360, {5: (170, 165, "happy"), 11: (470, 165, "surprise")})),
    ]


def drawn(width: int, height: int, people: dict[int, tuple[int, int, str]]) -> list[np.ndarray]:
    """FRAMES pictures of people at their places (x, y), who show their emotion from TURNS_S on."""
    wall = np.repeat(np.linspace((196, 204, 210), (128, 140, 150), height)[:, None], width, axis=1)
    pictures = []
    for number in range(FRAMES):
        picture = wall.astype(np.uint8)
        share = float(np.clip((number / FPS - TURNS_S) / 0.28, 0, 1))
        for person, (x, y, emotion) in people.items():
            draw_person(picture, person, {emotion: share}, (x + 4 * np.sin(number / 20), y), 80, 0)
        pictures.append(picture)
    return pictures


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def shown(page: Page, frame: int) -> None:
    """The frame is named, its picture is there, and the app has heard of it."""
    expect(page.get_by_text(f"Frame {frame} of {FRAMES - 1}")).to_be_visible()
    expect(page.get_by_alt_text(f"Frame {frame} of the video")).to_be_visible()
    expect(page).to_have_url(re.compile(f"video-frame={frame}\\b"))
    settled(page)


def card(page: Page, name: str) -> Locator:
    """By the analysis's id in the key, as other tests may have left analyses too."""
    return page.locator(f"[class*='st-key-video-card-'][class*='-{name}-']")


def test_an_analyst_from_two_videos_to_a_comparison(page: Page, app: Any, videos: list[Path]):
    analyse_both(page, videos)
    card(page, "smile").get_by_role("button", name="Open").click()
    expect(page.get_by_text(f"{FRAMES} frames; 1 person seen")).to_be_visible()
    shown(page, 0)
    fits_the_screen(page)
    entries = page.evaluate("history.length")
    walk(page, app)
    mark_and_set_baseline(page)
    export(page)
    play(page)
    assert page.evaluate("history.length") == entries, "a step is no entry of the browser's history"
    page.go_back()
    expect(page.get_by_role("heading", name="Video", exact=True)).to_be_visible()
    compare(page)


def test_an_analyst_with_a_portrait_clip_and_one_of_two_people(page: Page, app: Any, shapes: list[Path]):
    page.set_viewport_size({"width": 1440, "height": 900})
    analyse_both(page, shapes)
    card(page, "portrait").get_by_role("button", name="Open").click()
    shown(page, 0)
    fits_the_screen(page)
    stands_upright(page)
    page.go_back()

    card(page, "pair").get_by_role("button", name="Open").click()
    expect(page.get_by_text(f"{FRAMES} frames; 2 people seen")).to_be_visible()
    entries = page.evaluate("history.length")
    first = see(page, 1)
    if app.shipped:
        assert see_a_pin(page) == pytest.approx(TURNS_S * FPS, abs=8)
        assert see_a_row(page) == pytest.approx(TURNS_S * FPS, abs=8)
    see_eight_on(page)
    second = see(page, 2)
    assert second != first
    take_along(page, person=2)
    assert page.evaluate("history.length") == entries
    page.go_back()
    expect(page.get_by_role("heading", name="Video", exact=True)).to_be_visible()
    expect(card(page, "pair")).to_be_visible()
    settled(page)


def analyse_both(page: Page, videos: list[Path]) -> None:
    page.get_by_role("link", name="Video", exact=True).click()
    expect(page.get_by_role("heading", name="Video", exact=True)).to_be_visible()
    settled(page)  # the Overview has a drop zone of its own
    page.locator("input[type=file]").first.set_input_files(videos)
    expect(page.get_by_text(re.compile(r"\d+ frames to analyse"))).to_have_count(len(videos))
    page.get_by_role("button", name="Analyse all 2").click()
    for video in videos:
        expect(card(page, video.stem).get_by_role("button", name="Open")).to_be_visible(timeout=ANALYSED_MS)
    settled(page)


def fits_the_screen(page: Page) -> None:
    """Picture, bars and timeline are seen at once."""
    bars = (page.get_by_role("group", name=name) for name in ("probabilities", "changes"))
    for part in (page.get_by_alt_text("Frame 0 of the video"), *bars, page.get_by_role("slider", name="Time")):
        expect(part).to_be_in_viewport(ratio=1)


def stands_upright(page: Page) -> None:
    """A portrait picture is one, of its own proportions, and large enough to see a face in it."""
    picture = page.get_by_alt_text("Frame 0 of the video")
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(360 / 640, rel=0.02)
    assert box["height"] >= 300


def see(page: Page, person: int) -> list[str]:
    """Choose a person; their bars, with the words above their timeline."""
    page.get_by_role("button", name=f"Person {person}", exact=True).click()
    expect(page.get_by_text(re.compile(f"^Person {person} · "))).to_be_visible()
    expect(page).to_have_url(re.compile(f"video-person={person}\\b"))
    settled(page)
    return [*shares(page), page.locator(".finding").inner_text()]


def shares(page: Page) -> list[str]:
    return page.get_by_role("group", name="probabilities").locator(".fer-share").all_inner_texts()


def see_a_pin(page: Page) -> int:
    pin = page.get_by_role("button", name=re.compile("(rises|falls) by .* within")).first
    pin.click()
    frame = int(pin.get_attribute("data-frame") or -1)
    shown(page, frame)
    return frame


def see_a_row(page: Page) -> int:
    """Tick the first row below the player: the frame comes to where the eye is."""
    page.get_by_role("slider", name="Time").press("Home")
    shown(page, 0)
    page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": 60})
    expect(page).not_to_have_url(re.compile(r"video-frame=0\b"))
    settled(page)
    words = page.get_by_text(re.compile(rf"Frame \d+ of {FRAMES - 1}")).inner_text()
    frame = int(words.split()[1])
    shown(page, frame)
    expect(page.get_by_alt_text(f"Frame {frame} of the video")).to_be_in_viewport(ratio=1)
    return frame


def see_eight_on(page: Page) -> None:
    page.get_by_role("slider", name="Time").press("Home")
    shown(page, 0)
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    shown(page, 8)


def take_along(page: Page, person: int) -> None:
    """What is exported is what was seen: both people at every frame's time, and this person's probabilities."""
    on_screen = shares(page)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="frames.csv").click()
    table = pd.read_csv(download.value.path())
    assert table.groupby("track")["frame"].apply(list).to_dict() == {1: list(range(FRAMES)), 2: list(range(FRAMES))}
    np.testing.assert_allclose(table["timestamp_s"], table["frame"] / FPS, atol=1e-3)
    row = table[(table["track"] == person) & (table["frame"] == 8)].iloc[0]
    assert [f"{100 * row[emotion]:.1f}%" for emotion in EMOTIONS] == on_screen
    page.keyboard.press("Escape")


def walk(page: Page, app: Any) -> None:
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Frame 8 of")).to_be_visible(timeout=1000)
    page.get_by_role("button", name="The frame before").click()
    shown(page, 7)
    expect(page.get_by_role("group", name="probabilities").locator(".fer-share")).to_have_count(7)
    expect(page.get_by_role("group", name="changes").locator(".fer-number")).to_have_count(7)
    time = page.get_by_role("slider", name="Time")
    box = time.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20 / (FRAMES - 1) * box["width"], box["y"] + 0.7 * box["height"])
    shown(page, 20)
    if app.shipped:  # a model that was never trained sees no change beyond noise
        pin = page.get_by_role("button", name=re.compile("(rises|falls) by .* within")).first
        pin.click()
        shown(page, int(pin.get_attribute("data-frame") or -1))


def mark_and_set_baseline(page: Page) -> None:
    page.get_by_role("button", name="Mark", exact=True).click()
    page.get_by_role("textbox", name="What happens here?").fill("the joke")
    page.get_by_role("button", name="Set the marker").click()
    expect(page.get_by_role("slider", name="Time").get_by_text("the joke")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Set baseline").click()
    expect(page.get_by_text("Baseline of person 1: ")).to_be_visible()
    page.get_by_role("tab", name="Markers and neutral").click()
    expect(page.get_by_text("Taken from")).to_be_visible()
    settled(page)
    # The menu has not been drawn while the tab changed; what it says is still what is shown.
    page.get_by_role("button", name="Options").click()
    smoothing = page.get_by_test_id("stPopoverBody").get_by_role("slider")
    expect(smoothing).to_have_attribute("aria-valuetext", "some")
    page.keyboard.press("Escape")
    expect(smoothing).to_be_hidden()


def export(page: Page) -> None:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything, as a zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = archive.namelist()
        assert len(pd.read_csv(archive.open("frames.csv"))) == FRAMES
    assert {"report.html", "annotated.mp4", "segments.vtt"} <= set(names)
    page.keyboard.press("Escape")


def play(page: Page) -> None:
    """Cursor and bars go along, and pausing stays at the frame that is seen."""
    page.get_by_role("slider", name="Time").press("Home")
    shown(page, 0)
    page.get_by_label("Speed").select_option("1/4 speed")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_text(re.compile(rf"Frame [1-9]\d? of {FRAMES - 1}"))).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    words = page.get_by_text(re.compile(rf"Frame \d+ of {FRAMES - 1}")).inner_text()
    shown(page, int(words.split()[1]))


def compare(page: Page) -> None:
    for name in ("smile", "short"):
        card(page, name).get_by_text("Compare").click()
        settled(page)
    page.get_by_role("button", name="Compare the two").click()
    expect(page.get_by_role("heading", name="How do the two differ?")).to_be_visible()
    expect(page.get_by_text("moments that both have")).to_be_visible()
    settled(page)
