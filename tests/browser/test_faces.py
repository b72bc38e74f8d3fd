"""Through the faces of a dataset by the arrow keys, as fast as they are pressed."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_arrow_keys_lead_through_the_faces_and_none_is_lost(with_dataset: Page):
    page = with_dataset
    page.get_by_role("tab", name="Faces").click()
    page.locator(".faces button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 of ")).to_be_visible()
    expect(page.locator("[data-hears]")).to_be_attached()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_text("6 of ")).to_be_visible()
    expect(dialog.get_by_alt_text("enlarged 8 times")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
