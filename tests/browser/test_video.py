"""A video from the drop zone to its frames, its timeline and its exports, in the real app."""

import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from ferdash.video.sample import write_sample

pytestmark = pytest.mark.browser

SECONDS = 2.4
FRAMES = 60
ANALYSED_MS = 180_000
"""Seconds are enough, but not on a computer that trains at the same time."""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn person who begins to smile at 1.5 s."""
    return write_sample(tmp_path_factory.mktemp("video") / "smile.mp4", seconds=SECONDS)


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def shown(page: Page, frame: int) -> None:
    expect(page.get_by_text(f"Frame {frame} of {FRAMES - 1}")).to_be_visible()
    settled(page)


def place_of(page: Page, trace: str, point: int) -> tuple[float, float, int]:
    """Where a point of the timeline is on the screen, and its frame."""
    found = page.wait_for_function(
        """([name, point]) => {
            const graph = document.querySelector('.st-key-video-timeline .js-plotly-plot');
            const trace = graph?._fullData?.filter((one) => one.name === name).pop();
            if (!trace) return null;
            const {xaxis, yaxis} = graph._fullLayout, edge = graph.getBoundingClientRect();
            return [edge.left + xaxis._offset + xaxis.d2p(trace.x[point]),
                    edge.top + yaxis._offset + yaxis.d2p(trace.y[point]), trace.customdata[point]];
        }""",
        arg=[trace, point],
    ).json_value()
    return found[0], found[1], int(found[2])


def click_timeline(page: Page, trace: str, point: int) -> int:
    chart = page.locator(".st-key-video-timeline .js-plotly-plot")
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".nsewdrag").first).to_be_visible()
    x, y, frame = place_of(page, trace, point)
    page.mouse.move(x - 4, y)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    return frame


def test_a_dropped_video_is_analysed_viewed_and_exported(page: Page, app: Any, video: Path):
    page.get_by_role("link", name="Video", exact=True).click()
    expect(page.get_by_role("heading", name="Video", exact=True)).to_be_visible()
    settled(page)  # the Overview has a drop zone of its own
    page.locator("input[type=file]").set_input_files(video)
    expect(page.get_by_text(f"{FRAMES} frames to analyse")).to_be_visible()
    page.get_by_role("button", name="Analyse", exact=True).click()
    # By the analysis's id in the key, as other tests may have left analyses too.
    page.locator("[class*='st-key-video-open-'][class*='-smile-']").get_by_role("button").click(timeout=ANALYSED_MS)
    expect(page.get_by_role("heading", name="smile")).to_be_visible()
    expect(page.get_by_text(f"{FRAMES} frames; 1 person seen")).to_be_visible()
    shown(page, 0)

    page.locator(".st-key-video-the-next-frame").get_by_role("button").click()
    shown(page, 1)
    expect(page.locator(".fer-share")).to_have_count(7)
    expect(page.locator(".fer-number")).to_have_count(7)
    # A model that was never trained sees no change beyond noise, so that there is no pin; its curves can be clicked.
    change = click_timeline(page, "changes", 0) if app.shipped else click_timeline(page, "happy", 30)
    shown(page, change)
    expect(page).to_have_url(re.compile(f"frame={change}\\b"))

    page.get_by_role("button", name="Mark", exact=True).click()
    page.get_by_role("textbox", name="What happens here?").fill("the joke")
    page.get_by_role("button", name="Set the marker").click()
    expect(page.locator(".st-key-video-timeline").get_by_text("the joke")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Set baseline").click()
    expect(page.get_by_text("Baseline of person 1: ")).to_be_visible()
    page.get_by_role("tab", name="Markers and neutral").click()
    expect(page.get_by_text("the joke", exact=True)).to_be_visible()
    expect(page.get_by_text("Taken from")).to_be_visible()
    shown(page, change)

    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything, as a zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = archive.namelist()
        assert len(pd.read_csv(archive.open("frames.csv"))) == FRAMES
    assert {"report.html", "annotated.mp4", "segments.vtt"} <= set(names)
    page.keyboard.press("Escape")

    page.get_by_text("Play", exact=True).click()
    expect(page.locator("video")).to_be_visible()
    page.wait_for_function("document.querySelector('video').videoWidth === 640")
    assert page.evaluate("document.querySelector('video').error") is None
