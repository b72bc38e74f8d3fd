"""A researcher: imports a dataset, audits it, leaves what leaked out of scores, compares two runs, sends the address to
a colleague, and takes the report along."""

import html
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from ferdash.data.dataset import open_dataset
from ferdash.data.demo import draw_face
from ferdash.emotions import EMOTIONS
from ferdash.runs import store

pytestmark = pytest.mark.browser

SCORED = 7 * 6 - 1
"""Validation images without the one that is a training image too."""


@pytest.fixture
def leaking_zip(tmp_path: Path) -> Path:
    """Kaggle's layout, with one training image among those of validation too."""
    rng = np.random.default_rng(11)
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for emotion in EMOTIONS:
            faces = [cv2.imencode(".png", draw_face(emotion, rng))[1].tobytes() for _ in range(9)]
            if emotion == "happy":
                faces[3] = faces[0]
            for number, face in enumerate(faces):
                folder = f"train/{emotion}/Training" if number < 3 else f"test/{emotion}/PublicTest"
                archive.writestr(f"{folder}_{number}.png", face)
    return path


def test_from_a_dataset_to_a_report_that_can_be_trusted(
    page: Page,
    browser: Browser,
    app,
    leaking_zip: Path,
    write_run: Callable[..., store.Run],
    import_dataset: Callable[[Page, Path], None],
):
    import_dataset(page, leaking_zip)
    leave_leaks_out(page)
    # As training in a terminal leaves them: one run knows everything, the other about half.
    dataset = open_dataset(app.folder / "data", "study")
    runs = ("20260101-000000-custom-0001", "20260101-000000-custom-0002")
    for run_id, right, name in zip(runs, (20, 42), ("half", "everything"), strict=True):
        write_run(app.folder / "checkpoints" / "runs", dataset, run_id, right, name=name)
    page.get_by_role("link", name="Experiments", exact=True).click()
    for name in ("half", "everything"):
        choose(page, name)
    verdict = page.get_by_role("heading", name=re.compile(r"everything is better than half by [\d.]+ points, 95% CI"))
    expect(verdict).to_contain_text(f"with {SCORED} images")
    expect(page.get_by_text("Without 1 image that the dataset leaves out of scores")).to_be_visible()
    expect(page).to_have_url(re.compile("runs=.+runs="))
    page.get_by_role("tab", name="Where?").click()
    expect(page.get_by_text("Difference to half")).to_be_visible()

    colleague(browser, page.url, verdict.inner_text())
    page.get_by_role("button", name="Export", exact=False).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report with its charts (HTML)").click()
    report = html.unescape(Path(download.value.path()).read_text(encoding="utf-8"))
    assert verdict.inner_text() in report
    assert "Scores with their 95% CI" in report
    assert "leaves out of scores: leaks of study" in report


def leave_leaks_out(page: Page) -> None:
    page.get_by_role("tab", name="Audit").click()
    page.get_by_text("Held-out images identical to a training image").first.click()
    page.get_by_role("button", name="Leave out of scores").click()
    expect(page.get_by_text(f"Left out of scores: 1 of {SCORED + 1} validation images")).to_be_visible()


def choose(page: Page, name: str) -> None:
    box = page.get_by_role("combobox", name="Compare")
    box.click()
    box.fill(name)
    page.get_by_role("option", name=re.compile(f"^{name}")).click()
    page.keyboard.press("Escape")
    # Its chip, once the page has been drawn with it.
    expect(
        page.get_by_role("button", name=re.compile(f"^{name} .*")).or_(page.get_by_text(f"{name} (2026")).first
    ).to_be_visible()


def colleague(browser: Browser, url: str, verdict: str) -> None:
    """The address alone shows the same verdict and the same tab in another browser session."""
    other = browser.new_context()
    page = other.new_page()
    page.goto(url)
    expect(page.get_by_role("heading", name=verdict)).to_be_visible()
    expect(page.get_by_role("tab", name="Where?")).to_have_attribute("aria-selected", "true")
    other.close()
