"""The pictures of README and site, taken of the real app in Chromium, with a face in the public domain and drawn films.

python scripts/screenshots.py
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

PROJECT = Path(__file__).parents[1]
TARGET = PROJECT / "docs" / "images"
SIZE = {"width": 1280, "height": 860}
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
WAIT_MS = 120_000
DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.images].length > 1 && [...document.images].every(image => image.complete && image.naturalWidth)"""


@contextmanager
def running_app(folder: Path) -> Iterator[str]:
    """The app with an empty data folder; its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    process = subprocess.Popen(
        [*command, f"--server.port={port}"],
        cwd=PROJECT,
        env=os.environ | {"FERDASH_DATA": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2)
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def predict(page: Page, url: str) -> None:
    """A photo of one face, classified."""
    page.goto(f"{url}/predict")
    face = files("ferdash.diagnosis").joinpath("known_face.png").read_bytes()
    photo = {"name": "portrait.png", "mimeType": "image/png", "buffer": face}
    page.locator("input[type=file]").first.set_input_files(photo)
    expect(page.get_by_text("1 face in 1 photo.")).to_be_visible(timeout=WAIT_MS)
    _take(page, "predict")


def _take(page: Page, name: str) -> None:
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(500)  # fades of Streamlit's own
    page.screenshot(path=TARGET / f"{name}.png")


def main() -> None:
    """Take them all."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(WAIT_MS)
        predict(page, url)
        browser.close()


if __name__ == "__main__":
    main()
