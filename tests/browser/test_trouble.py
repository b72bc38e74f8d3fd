"""What goes wrong is said in one sentence, for the file it is about, and the rest continues."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from skimage.data import astronaut

from ferdash.emotions import EMOTIONS

pytestmark = pytest.mark.browser


def open_import(page: Page) -> None:
    """The Import tab; where there is no dataset yet the page is nothing else."""
    tab = page.get_by_role("tab", name="Import")
    expect(tab.or_(page.get_by_role("button", name="Make the demo dataset"))).to_be_visible()
    if tab.count():
        tab.click()


def test_a_broken_zip_is_refused_by_name(page: Page) -> None:
    page.get_by_role("link", name="Dataset", exact=True).click()
    open_import(page)
    page.locator("input[type=file]").set_input_files(
        {"name": "broken.zip", "mimeType": "application/zip", "buffer": b"this is no archive"}
    )
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="broken.zip")).to_be_visible()


def test_an_unreadable_photo_is_named_while_the_others_are_read(page: Page, tmp_path: Path) -> None:
    page.get_by_role("link", name="Predict", exact=True).click()
    expect(page.get_by_role("heading", name="Predict")).to_be_visible()
    photo = cv2.imencode(".png", astronaut()[:, :, ::-1])[1].tobytes()
    page.locator("input[type=file]").first.set_input_files(
        [
            {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"a text file"},
            {"name": "astronaut.png", "mimeType": "image/png", "buffer": photo},
        ]
    )
    expect(page.get_by_role("alert").filter(has_text="notes.jpg")).to_be_visible()
    expect(page.get_by_role("article", name="face 1")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "faces.csv")
    with (tmp_path / "faces.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["emotion"]]
    assert len(rows) == 1
    assert np.sum([float(rows[0][emotion]) for emotion in EMOTIONS]) == pytest.approx(1, abs=1e-3)
