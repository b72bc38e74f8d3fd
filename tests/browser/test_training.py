"""Training in the background: a tab that is closed changes nothing, and any tab can steer."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_run_outlives_its_tab_and_is_stopped_from_another(
    with_dataset: Page, choose_recipe: Callable[[Page, str], None]
) -> None:
    page = with_dataset
    page.get_by_role("link", name="Train", exact=True).click()
    choose_recipe(page, "fernet_quick")
    page.get_by_label("Epochs", exact=True).fill("400")
    page.get_by_label("Epochs", exact=True).press("Enter")
    expect(page.get_by_text("epochs: 10 → 400")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 400")).first).to_be_visible()
    address = page.url
    page.goto("about:blank")  # as good as closed: the app loses the tab
    other = page.context.new_page()
    other.goto(address)
    expect(other.get_by_role("button", name="Pause")).to_be_visible()
    expect(other.get_by_text("not yet")).to_have_count(0)  # an epoch is measured
    # Streamlit has a button of that name too, in its header, while a page is drawn.
    other.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(other.get_by_role("button", name="Resume").first).to_be_visible()
    other.get_by_role("button", name="Use this model").click()
    expect(other.get_by_text("In use on every page.")).to_be_visible()
    other.get_by_role("link", name="Predict", exact=True).click()
    expect(other.get_by_role("combobox", name="Model")).to_have_value(re.compile("^Run "))
    expect(other.get_by_text("Traceback")).to_have_count(0)
    other.close()
