"""The real app, started once on a free port with its own data, driven in Chromium."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright
from typer.testing import CliRunner

from ferdash.cli.main import app as ferdash
from ferdash.data.demo import make_demo
from ferdash.models.catalogue import SHIPPED
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.training.recipes import get_recipe
from ferdash.video.sample import write_sample

ROOT = Path(__file__).parents[2]
START_S = 90
WAIT_MS = 60_000
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=WAIT_MS)


@dataclass(frozen=True)
class App:
    """The running app. shipped: whether it works with the model that the project ships. folder: what it works in, with
    its data/ and checkpoints/."""

    url: str
    shipped: bool
    folder: Path


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with _started(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture(scope="session")
def full_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app of its own that somebody has worked with: a drawn dataset, two short runs, and an analysed film."""
    folder = tmp_path_factory.mktemp("full")
    make_demo(folder / "data", images=300)
    film = write_sample(folder / "smile.mp4", seconds=2.0)
    with _started(folder) as app:
        small = ["network.width=8", "batch_size=64", "epochs=2", "compute.threads=1"]
        training = ["train", "--recipe", "fernet", "--dataset", "demo", *(f"--set={setting}" for setting in small)]
        video = ["video", str(film), "--out", str(folder / "exports"), "--only", "summary.json"]
        for command in (training, [*training, "--seed", "1"], video):
            done = CliRunner().invoke(ferdash, command, env=_environment(folder))
            assert done.exit_code == 0, done.output
        yield app


@contextmanager
def _started(folder: Path) -> Iterator[App]:
    """The app with data and checkpoints of a folder; afterwards, its log has no traceback."""
    models = folder / "checkpoints" / "models"
    given = [_give_model(models / name) for name in SHIPPED]
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--server.port={port}"],
            cwd=ROOT,
            env=_environment(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_up(f"http://localhost:{port}/_stcore/health", process, folder / "log.txt")
            yield App(f"http://localhost:{port}", all(given), folder)
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert "Traceback" not in (folder / "log.txt").read_text(errors="replace")


def _environment(folder: Path) -> dict[str, str]:
    roots = {"FERDASH_DATA": str(folder / "data"), "FERDASH_CHECKPOINTS": str(folder / "checkpoints")}
    return os.environ | roots | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}


def _give_model(folder: Path) -> bool:
    trained = ROOT / "checkpoints" / "models" / folder.name
    if (trained / "model.safetensors").is_file():
        shutil.copytree(trained, folder)
        return True
    FerNetForImageClassification(FerNetConfig(width=8)).save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)
    return False


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The app did not answer within {START_S} s:\n{log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        except Error as error:
            if found is not None:
                raise
            pytest.skip(f"No Chromium on this computer (install Debian's chromium): {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, app: App) -> Iterator[Page]:
    """The app's first page. Afterwards: no console error, no traceback, and nothing was asked of any other computer, in
    all tabs that were opened from it."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(WAIT_MS)
    problems: list[str] = []
    context.on("console", lambda message: problems.append(_told(message)) if _is_problem(message) else None)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((app.url, app.url.replace("http", "ws"), "data:", "blob:"))
            else problems.append(f"asked {request.url}")
        ),
    )
    page = context.new_page()
    page.goto(app.url)
    yield page
    assert "Traceback" not in page.content()
    context.close()
    assert problems == []


def _told(message: ConsoleMessage) -> str:
    return f"{message.text} ({message.location['url']})"


def _is_problem(message: ConsoleMessage) -> bool:
    """Streamlit looks for itself below the address of a page first, where it is opened by that address, and then at the
    root."""
    sought = re.search(r"/\w+/_stcore/(health|host-config)$", message.location["url"])
    return message.type == "error" and not (sought and "404" in message.text)


@pytest.fixture
def with_dataset(page: Page) -> Page:
    """The app's page, in which a dataset can be trained on: the demo, made by a click, unless a test before did."""
    page.get_by_role("link", name="Dataset", exact=True).click()
    demo = page.get_by_role("button", name="Make the demo dataset")
    imported = page.get_by_role("tab", name="Import")
    expect(demo.or_(imported)).to_be_visible()
    if demo.is_visible():
        demo.click()
        expect(page.get_by_role("heading", name="demo", exact=True)).to_be_visible()
    return page


@pytest.fixture
def choose_recipe() -> Callable[[Page, str], None]:
    """Picks a recipe on Train, and waits for its number of epochs, with no field of the one before left."""

    def choose(page: Page, recipe: str) -> None:
        epochs = get_recipe(recipe).settings["epochs"]
        page.get_by_test_id("stRadioGroup").get_by_text(recipe, exact=True).click()
        expect(page).to_have_url(re.compile(f"recipe={recipe}"))
        expect(page.locator(f"input[aria-label='Epochs'][value='{epochs}']")).to_have_count(1)
        expect(page.get_by_label("Epochs", exact=True)).to_have_count(1)
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    return choose


@pytest.fixture
def import_dataset() -> Callable[[Page, Path], None]:
    """Drops a file on the Dataset page and imports it under its own name."""

    def drop(page: Page, path: Path) -> None:
        page.get_by_role("link", name="Dataset", exact=True).click()
        demo = page.get_by_role("button", name="Make the demo dataset")
        imported = page.get_by_role("tab", name="Import")  # where a dataset is there already
        expect(demo.or_(imported)).to_be_visible()
        if imported.is_visible():
            imported.click()
        expect(page.locator("input[type=file]")).to_have_count(1)
        page.locator("input[type=file]").set_input_files(path)
        expect(page.get_by_label("Name of the new dataset").first).to_have_value(path.stem)
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_role("heading", name=path.stem, exact=True)).to_be_visible()

    return drop
