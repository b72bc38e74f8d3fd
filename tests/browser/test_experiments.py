"""Two runs chosen and compared; the address alone shows the same comparison in another tab."""

import re
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

pytestmark = pytest.mark.browser

PATIENCE_S = 240
SENTENCE = re.compile(r"is better than .+ by [\d.]+ points|No difference found|Too few images to tell")


def train_two_seeds(page: Page, choose_recipe: Callable[[Page, str], None]) -> None:
    page.get_by_role("link", name="Train", exact=True).click()
    choose_recipe(page, "fernet_quick")
    fill(page.get_by_label("Epochs", exact=True), "1")
    expect(page.get_by_text("epochs: 10 → 1", exact=True)).to_be_visible()
    page.get_by_text("Several runs", exact=True).click()
    fill(page.get_by_label("Number of seeds", exact=True), "2")
    page.get_by_role("button", name="Start 2 runs").click()


def fill(box: Locator, text: str) -> None:
    box.fill(text)
    box.press("Enter")


def choose_two_runs(page: Page) -> None:
    box = page.get_by_role("combobox", name="Compare")
    choices = page.get_by_role("option").filter(has_not_text=re.compile("Select all|Report"))
    for number in (1, 2):
        deadline = time.monotonic() + PATIENCE_S
        while not re.search("runs=.+" * number, page.url):
            assert time.monotonic() < deadline
            if not choices.count():  # a page that is still being drawn may take the open list away
                box.click()
            with suppress(TimeoutError):
                choices.first.click(timeout=3_000)
                page.wait_for_url(re.compile("runs=.+" * number), timeout=10_000)
    page.keyboard.press("Escape")


def visit_until(page: Page, sign: Locator) -> None:
    """The page shows what there was when it was opened, and training two runs takes some seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while not sign.count() and time.monotonic() < deadline:
        page.get_by_role("link", name="Train", exact=True).click()
        expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
        page.get_by_role("link", name="Experiments", exact=True).click()
        first_run = page.get_by_role("link", name="Train a first run")  # no run has written anything yet
        expect(page.get_by_role("tab", name="From what?").or_(first_run).first).to_be_visible()
    expect(sign).to_be_visible()


def test_two_runs_are_compared_and_the_address_brings_it_back(
    with_dataset: Page, choose_recipe: Callable[[Page, str], None]
) -> None:
    page = with_dataset
    train_two_seeds(page, choose_recipe)
    visit_until(page, page.get_by_text(re.compile(r"validation images of .*: ([2-9]|\d\d+) runs")))
    choose_two_runs(page)
    sentence = page.get_by_role("heading", name=SENTENCE)
    expect(sentence).to_be_visible()
    expect(page.get_by_text("points of accuracy, 95% CI")).to_be_visible()
    page.get_by_role("tab", name="Why?").click()
    expect(page.get_by_text("other settings are the same in all of them")).to_be_visible()
    expect(page).to_have_url(re.compile(r"-runs=.+-runs=.+-view=Why|-view=Why.+-runs=.+-runs=.+"))

    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name=SENTENCE)).to_have_text(sentence.inner_text())
    expect(other.get_by_role("tab", name="Why?")).to_have_attribute("aria-selected", "true")
    other.close()
