"""Somebody who has never seen it: a sample, a photo of their own, another model, a correction that is kept."""

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from ferdash.data.demo import draw_photo

pytestmark = pytest.mark.browser

FIRST_SIGHT_PX = 500


def test_a_newcomer_gets_from_a_sample_to_a_kept_correction(page: Page, app, tmp_path: Path) -> None:
    zone = page.get_by_test_id("stFileUploaderDropzone")
    for width, height in ((390, 844), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        expect(zone).to_be_visible()
        box = zone.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < FIRST_SIGHT_PX

    page.get_by_role("button", name=re.compile("^Try a photo")).click()
    card = page.get_by_role("article", name="face 1")
    expect(card).to_be_visible()
    if app.shipped:  # she smiles
        expect(card).to_contain_text("1 · happy")

    drawn = draw_photo(["surprise"], np.random.default_rng(4), width=480, height=480)
    mine = cv2.imencode(".png", drawn[:, :, ::-1])[1].tobytes()
    page.locator("input[type=file]").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": mine})
    expect(page.get_by_text("2 faces in 2 photos")).to_be_visible()
    expect(card).to_have_count(2)

    picture = page.locator('[class*="st-key-photo-cards-picture-"]').first
    for width in (1280, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        seen, bars = picture.bounding_box(), card.first.bounding_box()
        assert seen is not None
        assert bars is not None
        assert seen["x"] + seen["width"] <= bars["x"], "the picture is beside what is said of it"

    page.get_by_role("combobox", name=re.compile("Model")).click()
    page.get_by_role("option", name="FerNet", exact=True).click()
    expect(page).to_have_url(re.compile("model=FerNet$|model=fernet$|model=FerNet&|model=fernet&"))
    expect(card).to_have_count(2)

    page.get_by_role("button", name="Wrong?").first.click()
    page.get_by_test_id("stPopoverBody").get_by_text("sad", exact=True).click()
    page.get_by_role("button", name="Keep the correction").click()
    expect(page.get_by_text("Corrected to sad")).to_be_visible()
    expect(page.get_by_role("link", name="See 1 corrected face")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "faces.csv")
    with (tmp_path / "faces.csv").open(newline="") as file:
        assert {row["file"]: row["corrected"] for row in csv.DictReader(file)}["me.png"] == "sad"

    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.get_by_role("heading", name="ferdash")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Predict", exact=True).click()
    expect(page.get_by_text("2 faces in 2 photos")).to_be_visible()
    expect(page.get_by_text("Corrected to sad")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()  # what other tests find is not for this one to change
    expect(page.get_by_role("link", name="See 1 corrected face")).to_have_count(0)
