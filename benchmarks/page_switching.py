"""How long a switch of pages takes in Chromium, at rest and while the app trains on every core.

    python benchmarks/page_switching.py

Starts the app on a drawn dataset of its own, visits each page once, then goes round them by the links of the sidebar.
A switch lasts from the click to the moment when the page's title stands there and its script has run to the end.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from shutil import which
from statistics import median

from playwright.sync_api import Page, expect, sync_playwright

from ferdash.data.demo import make_demo

ROOT = Path(__file__).parents[1]
PAGES = {"Overview": "ferdash", "Dataset": "demo", "Experiments": "Experiments", "Train": "Train", "Predict": "Predict"}
"""Name of each page in the sidebar, and its title."""

expect.set_options(timeout=120_000)


def start_app(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    places = {"FERDASH_DATA": str(folder / "data"), "FERDASH_CHECKPOINTS": str(folder / "checkpoints")}
    log = (folder / "log.txt").open("wb")
    app = subprocess.Popen(
        [*command, f"--server.port={port}"], cwd=ROOT, env=os.environ | places, stdout=log, stderr=log
    )
    while True:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
            return app
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)


def switch(page: Page, name: str) -> float:
    """Seconds from the click on a page's link to the end of its script."""
    began = time.perf_counter()
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1, name=PAGES[name], exact=True)).to_be_visible()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=120_000)
    return time.perf_counter() - began


def rounds(page: Page, count: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(count):
        for name in PAGES:
            taken[name].append(switch(page, name))
    return taken


def report(title: str, taken: dict[str, list[float]]) -> None:
    everything = [seconds for values in taken.values() for seconds in values]
    by_page = ", ".join(f"{name} {median(values):.2f}" for name, values in taken.items())
    print(f"{title:18} median {median(everything):.2f} s, slowest {max(everything):.2f} s  ({by_page})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    count = parser.parse_args().rounds
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        make_demo(folder / "data")
        models = folder / "checkpoints" / "models"
        models.parent.mkdir()
        models.symlink_to(ROOT / "checkpoints" / "models")
        app = start_app(folder, port)
        try:
            found = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.set_default_timeout(120_000)
            page.goto(f"http://localhost:{port}")
            rounds(page, 1)
            report("at rest", rounds(page, count))
            switch(page, "Train")
            page.get_by_label("epochs", exact=True).fill("4000")
            page.get_by_label("epochs", exact=True).press("Enter")
            page.get_by_role("button", name="Start training").click()
            expect(page.get_by_text(re.compile(r"Epoch \d+ of 4,?000")).first).to_be_visible()
            report("while training", rounds(page, count))
            browser.close()
        finally:
            app.terminate()
            app.wait(timeout=60)


if __name__ == "__main__":
    main()
