"""A student: a first dataset, a first run that is paused, goes on and is stopped, and a photo read by what it made."""

import re
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from ferdash.data.demo import draw_photo

pytestmark = pytest.mark.browser

NAME = "my first run"


def test_a_student_gets_from_nothing_to_a_photo_read_by_their_own_model(
    with_dataset: Page, choose_recipe: Callable[[Page, str], None]
) -> None:
    page = with_dataset
    page.get_by_role("link", name="Train", exact=True).click()
    choose_recipe(page, "fernet_quick")
    expect(page.get_by_role("radio", name=re.compile("^fernet_quick"))).to_be_checked()
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("10")
    page.get_by_label("Epochs", exact=True).fill("300")
    page.get_by_label("Epochs", exact=True).press("Enter")
    expect(page.get_by_text("epochs: 10 → 300")).to_be_visible()
    page.get_by_label("Name (optional)", exact=True).fill(NAME)
    page.get_by_role("button", name="Start training").click()

    expect(page.get_by_text(re.compile(r"Epoch \d+ of 300")).first).to_be_visible()
    expect(page.get_by_text("not yet")).to_have_count(0)  # an epoch is measured
    # The first: while a page is drawn anew, what it was drawn with before may still stand beside it.
    state = page.get_by_test_id("stMetric").filter(has_text="State").get_by_test_id("stMetricValue").first
    page.get_by_role("button", name="Pause").click()
    expect(state).to_have_text("paused")
    page.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("running")
    # Streamlit has a button of that name too, in its header, while a page is drawn.
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(state).to_have_text("stopped")
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_text("In use on every page.")).to_be_visible()

    page.get_by_role("link", name="Predict", exact=True).click()
    expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile(f"^Run {NAME} · .*fernet-quick"))
    expect(page).to_have_url(re.compile("model=run(:|%3A)[0-9-]+fernet-quick"))  # which a renaming does not change
    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.get_by_role("heading", name="ferdash")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Predict", exact=True).click()
    expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile(f"^Run {NAME} · .*fernet-quick"))
    drawn = draw_photo(["happy"], np.random.default_rng(4), width=480, height=480)
    photo = cv2.imencode(".png", drawn[:, :, ::-1])[1].tobytes()
    page.locator("input[type=file]").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": photo})
    expect(page.get_by_text("1 face in 1 photo")).to_be_visible()
    expect(page.get_by_role("article", name="face 1")).to_be_visible()
