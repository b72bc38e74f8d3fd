"""Pictures of every page of the real app, taken in Chromium: wide and narrow, light and dark, in four states.

python scripts/screenshots.py                       the pictures of README and site, into docs/images
python scripts/screenshots.py --all build/screenshots [--states full failed] [--pages predict]

The states: `empty`, nothing is there yet; `full`, a drawn dataset, two runs, an analysed film and photos; `busy`, the
same with a run at work; `failed`, a damaged dataset, run and photo, and a model that is not there. What is shown is a
face in the public domain, and drawn ones.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from ferdash.data.demo import draw_photo, make_demo
from ferdash.runs.store import create_run, write_status
from ferdash.training.config import TrainConfig, to_dict
from ferdash.video.sample import write_sample

PROJECT = Path(__file__).parents[1]
TARGET = PROJECT / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
WAIT_MS = 120_000
PAGES = ("overview", "dataset", "experiments", "train", "predict", "video", "live")
STATES = ("empty", "full", "busy", "failed")
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
README = {"predict": (1440, 900), "overview": (1280, 700)}
NOT_HERE = "somebody/a-model-that-is-not-here"
DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"]')
    && document.querySelector('[data-testid="stMain"] h1')
    && [...document.images].every(image => image.complete && image.naturalWidth)"""


@contextmanager
def running_app(folder: Path) -> Iterator[str]:
    """The app with data and runs of a folder; its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    process = subprocess.Popen(
        [*command, f"--server.port={port}"],
        cwd=PROJECT,
        env=environment(folder),
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


def environment(folder: Path) -> dict[str, str]:
    """Of the app and of the commands that fill its folders."""
    roots = {"FERDASH_DATA": str(folder / "data"), "FERDASH_CHECKPOINTS": str(folder / "checkpoints")}
    return os.environ | roots | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(PROJECT)}


def make_empty(folder: Path) -> None:
    """The shipped models and nothing else."""
    (folder / "data").mkdir()
    shutil.copytree(PROJECT / "checkpoints" / "models", folder / "checkpoints" / "models")
    shutil.copytree(PROJECT / "checkpoints" / "detectors", folder / "checkpoints" / "detectors")


def make_full(folder: Path) -> None:
    """A drawn dataset, two short runs on it, and an analysed film."""
    make_empty(folder)
    make_demo(folder / "data", images=600)
    film = write_sample(folder / "smile.mp4", seconds=4.0)
    ferdash(folder, "video", str(film), "--out", str(folder / "exports"), "--only", "summary.json")
    for seed, name in enumerate(("first try", "second seed")):
        ferdash(folder, *training(name, epochs=4), "--seed", str(seed))


def make_failed(folder: Path) -> None:
    """A dataset cut short, a run that stopped with an error, and one whose record is no JSON."""
    make_empty(folder)
    make_demo(folder / "data", images=210)
    with (folder / "data" / "demo" / "images.npy").open("r+b") as images:
        images.truncate(5000)
    runs = folder / "checkpoints" / "runs"
    failed = create_run(runs, "20250101-120000-fernet-dead", {"config": to_dict(TrainConfig(dataset="demo"))})
    write_status(failed.folder, state="failed", error="The disk is full: 0 MB left, 60 MB needed.")
    torn = create_run(runs, "20250102-120000-fernet-torn", {})
    (torn.folder / "config.json").write_text('{"format": 1, "conf')


def training(name: str, epochs: int) -> list[str]:
    """Arguments of a small training on the drawn dataset."""
    small = ["--set", "network.width=8", "--set", "batch_size=64", "--set", f"epochs={epochs}"]
    return ["train", "--recipe", "fernet", "--dataset", "demo", "--name", name, *small]


def ferdash(folder: Path, *arguments: str) -> None:
    """A command of ours on the folder; its words go to this one's stderr."""
    subprocess.run([sys.executable, "-m", "ferdash", *arguments], env=environment(folder), cwd=PROJECT, check=True)


@contextmanager
def run_at_work(folder: Path) -> Iterator[None]:
    """A run that goes on for as long as pictures are taken."""
    command = [sys.executable, "-m", "ferdash", *training("at work", epochs=500)]
    process = subprocess.Popen(command, env=environment(folder), cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        runs = folder / "checkpoints" / "runs"
        while not any('"running"' in status.read_text() for status in runs.glob("*/status.json")):
            time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def photos() -> list[FilePayload]:
    """A face in the public domain, and a drawn group."""
    known = files("ferdash.diagnosis").joinpath("known_face.png").read_bytes()
    group = draw_photo(["happy", "surprise", "angry", "sad"], np.random.default_rng(10), width=1200, height=520)
    drawn = cv2.imencode(".png", group[:, :, ::-1])[1].tobytes()
    pictures = {"group.png": drawn, "portrait.png": known}
    return [{"name": name, "mimeType": "image/png", "buffer": content} for name, content in pictures.items()]


def show(page: Page, url: str, name: str, state: str) -> None:
    """Bring a page into a state, and wait until it has been drawn."""
    model = f"?model={NOT_HERE}" if state == "failed" and name in ("live", "overview") else ""
    page.goto(f"{url}/{'' if name == 'overview' else name}{model}")
    settle(page)
    if name == "predict" and state != "empty":
        dropped = photos()
        if state == "failed":
            dropped.append({"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"a text"})
        page.locator("input[type=file]").first.set_input_files(dropped)
        expect(page.get_by_role("article").first).to_be_visible()
        settle(page)
    # Not in the sidebar, where what unfolds a choice is called “Open” too.
    of_analysis = page.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True)
    if name == "video" and state in ("full", "busy") and of_analysis.count():
        of_analysis.first.click()
        settle(page)


def settle(page: Page) -> None:
    """Wait until the page stands still."""
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(1500)  # charts, and fades of Streamlit's own
    page.wait_for_function(DRAWN)


@contextmanager
def opened(browser: Browser, size: tuple[int, int], theme: str) -> Iterator[Page]:
    """A tab of its own."""
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


def take_all(browser: Browser, target: Path, states: list[str], pages: list[str]) -> None:
    """Every page in every state, size and theme, one file each."""
    makers = {"empty": make_empty, "full": make_full, "busy": make_full, "failed": make_failed}
    for state in states:
        with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
            folder = Path(made)
            makers[state](folder)
            if state == "busy":
                stack.enter_context(run_at_work(folder))
            url = stack.enter_context(running_app(folder))
            (target / state).mkdir(parents=True, exist_ok=True)
            for size, theme in ((size, theme) for size in SIZES for theme in THEMES):
                for name in pages:
                    with opened(browser, SIZES[size], theme) as page:
                        show(page, url, name, state)
                        page.screenshot(path=target / state / f"{name}-{size}-{theme}.png")
                        print(f"{state}/{name}-{size}-{theme}.png", file=sys.stderr)


def take_for_readme(browser: Browser) -> None:
    """The few pictures that README and site show."""
    with tempfile.TemporaryDirectory() as made:
        make_empty(Path(made))
        with running_app(Path(made)) as url:
            for name, size in README.items():
                with opened(browser, size, "light") as page:
                    show(page, url, name, "full" if name == "predict" else "empty")
                    page.screenshot(path=TARGET / f"{name}.png")


def main() -> None:
    """Take what was asked for."""
    parser = argparse.ArgumentParser(description="Pictures of every page of the real app.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page in every state, into this folder")
    parser.add_argument("--states", nargs="+", choices=STATES, default=list(STATES))
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES))
    asked = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        if asked.all:
            take_all(browser, asked.all, asked.states, asked.pages)
        else:
            take_for_readme(browser)
        browser.close()


if __name__ == "__main__":
    main()
