"""Every page by axe-core's rules, full of what somebody works with: wide and narrow, light and dark."""

from importlib.resources import files

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from pages import PAGES

pytestmark = pytest.mark.browser

VIEWS = ((1440, 900, "light"), (390, 844, "dark"))
"""Size and theme. Colours do not depend on the size, nor places on the theme: two views see what four would."""

GRAVE = ("serious", "critical")
ASKED_FOR = ("heading-order",)
"""Of rules that axe calls moderate, those that we keep."""

DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"]')
    && document.querySelector('[data-testid="stMain"] h1')
    && document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
    && [...document.images].every((image) => image.complete && image.naturalWidth)"""
FADED_IN = """() => document.getAnimations().every((each) =>
    each.playState !== "running" || each.effect.getTiming().iterations === Infinity)"""


def fill(page: Page, name: str) -> None:
    """Bring a page to where somebody would read it."""
    page.wait_for_function(DRAWN)
    if name == "predict":
        face = files("ferdash.diagnosis").joinpath("known_face.png").read_bytes()
        page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": face})
        expect(page.get_by_role("article").first).to_be_visible()
    if name == "video":
        page.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True).first.click()
        expect(page.get_by_role("heading", name="smile")).to_be_visible()
    page.wait_for_function(DRAWN)
    page.wait_for_function(FADED_IN)  # half faded in, everything is pale


def found(page: Page) -> list[str]:
    """What axe finds: the rule, the element, and what is wrong with it. Nothing of Streamlit's own is among it."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']} {node['html'][:240]} {node['failureSummary']}"
        for rule in violations
        if rule["impact"] in GRAVE or rule["id"] in ASKED_FOR
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_grave(browser: Browser, full_app, name: str) -> None:
    problems = {}
    for width, height, theme in VIEWS:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(f"{full_app.url}/{'' if name == 'overview' else name}")
        fill(page, name)
        problems[theme] = found(page)
        context.close()
    assert not any(problems.values()), "\n".join(f"{place}: {each}" for place in problems for each in problems[place])
