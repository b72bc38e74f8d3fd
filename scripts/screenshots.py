"""Pictures of every page of the real app, taken in Chromium: wide and narrow, light and dark, in four states.

python scripts/screenshots.py                       the pictures of README and site, into docs/images
python scripts/screenshots.py --all build/screenshots [--state full failed] [--pages predict] [--sizes wide]

The states: `empty`, nothing is there yet; `full`, a drawn dataset, two runs, an analysed film and photos; `busy`, the
same with a run and a video at work, one more of each in the queue, and the camera on; `failed`, a dataset, a run, an
analysis and a photo that are damaged, a run and an analysis that ended in an error, and a model that is not there. What
is shown is a face in the public domain, and drawn ones.
"""

import argparse
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from ferdash.analyses import store as analyses
from ferdash.data.demo import draw_photo, make_demo
from ferdash.diagnosis.answers import known_face
from ferdash.runs import store as runs
from ferdash.video.sample import write_sample

PROJECT = Path(__file__).parents[1]
TARGET = PROJECT / "docs" / "images"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
STREAM = 'iframe[title="streamlit_webrtc.component.webrtc_streamer"]'
FILM_S = 40.0
"""Of the video that is at work: long enough to be so when its picture is taken."""
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
def running_app(folder: Path, project: Path = PROJECT) -> Iterator[str]:
    """The app of a checkout, with data and runs of a folder; its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    process = subprocess.Popen(
        [*command, f"--server.port={port}"],
        cwd=project,
        env=environment(folder, project),
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


def environment(folder: Path, project: Path = PROJECT) -> dict[str, str]:
    """Of the app of a checkout and of the commands that fill its folders."""
    roots = {"FERDASH_DATA": str(folder / "data"), "FERDASH_CHECKPOINTS": str(folder / "checkpoints")}
    return os.environ | roots | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(project)}


def make_empty(folder: Path, project: Path = PROJECT) -> None:
    """The models and detectors that a checkout ships, and nothing else."""
    (folder / "data").mkdir()
    for shipped in ("models", "detectors"):
        if (project / "checkpoints" / shipped).is_dir():
            shutil.copytree(project / "checkpoints" / shipped, folder / "checkpoints" / shipped)


def make_full(folder: Path) -> None:
    """A drawn dataset, two short runs on it, and an analysed film."""
    make_empty(folder)
    make_demo(folder / "data", images=600)
    analyse(folder, "smile", seconds=4.0)
    for seed, name in enumerate(("first try", "second seed")):
        ferdash(folder, *training(name, epochs=4), "--seed", str(seed))


def make_failed(folder: Path) -> None:
    """A run and an analysis that ended in an error, one of each whose record is no JSON, and a dataset cut short."""
    make_empty(folder)
    make_demo(folder / "data", images=210)
    ferdash(folder, *training("fell over", epochs=2))
    analyse(folder, "smile", seconds=2.0)
    kept = folder / "checkpoints" / "runs"
    fallen = kept / runs.list_run_ids(kept)[0]
    facts = {name: value for name, value in runs.read_status(fallen).items() if name in ("best", "progress")}
    runs.write_status(fallen, state="failed", error="The disk is full: 0 MB left, 60 MB needed.", **facts)
    torn = runs.create_run(kept, "20250102-120000-fernet-torn", {})
    (torn.folder / "config.json").write_text('{"format": 1, "conf')
    films = folder / "data" / "analyses"
    (broken,) = analyses.list_analyses(films)
    frames = analyses.read_status(broken.folder).get("frames", 0)
    analyses.write_status(broken.folder, state="failed", frames=frames, error="The video ends within a frame.")
    (films / "20250102-120000-torn").mkdir()
    (films / "20250102-120000-torn" / "analysis.json").write_text('{"format": 1, "na')
    with (folder / "data" / "demo" / "images.npy").open("r+b") as images:
        images.truncate(5000)


def analyse(folder: Path, name: str, seconds: float) -> None:
    """A drawn film, analysed."""
    film = write_sample(folder / f"{name}.mp4", seconds=seconds)
    ferdash(folder, "video", str(film), "--out", str(folder / "exports"), "--only", "summary.json")


def training(name: str, epochs: int) -> list[str]:
    """Arguments of a small training on the drawn dataset."""
    small = ["--set", "network.width=8", "--set", "batch_size=64", "--set", f"epochs={epochs}"]
    return ["train", "--recipe", "fernet", "--dataset", "demo", "--name", name, *small]


def ferdash(folder: Path, *arguments: str, project: Path = PROJECT) -> None:
    """A command of a checkout on the folder; its words go to this one's stderr."""
    command = [sys.executable, "-m", "ferdash", *arguments]
    subprocess.run(command, env=environment(folder, project), cwd=project, stdout=sys.stderr, check=True)


def start_runs(browser: Browser, url: str) -> None:
    """Start a long training from its page, and one more that waits for its turn."""
    with opened(browser, SIZES["wide"], "light") as page:
        page.goto(f"{url}/train?recipe=fernet_quick")
        settle(page)
        page.get_by_label("Epochs", exact=True).fill("500")
        for name in ("at work", "next in line"):
            page.get_by_label("Name (optional)", exact=True).fill(name)
            page.get_by_role("button", name="Start training").click()
            expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(re.compile(f"^{name} · "))
            if name == "at work":
                expect(page.get_by_text("not yet")).to_have_count(0)  # an epoch is measured
        expect(page.get_by_text("Queue, place 1")).to_be_visible()


def photos() -> list[FilePayload]:
    """A face in the public domain, and a drawn group."""
    group = draw_photo(["happy", "surprise", "angry", "sad"], np.random.default_rng(10), width=1200, height=520)
    pictures = {"group.png": encoded(group, ".png"), "portrait.png": encoded(known_face(), ".png")}
    return [{"name": name, "mimeType": "image/png", "buffer": content} for name, content in pictures.items()]


def write_camera(path: Path) -> Path:
    """What the camera sees: the face in the public domain, which Chromium plays again and again."""
    picture = np.full((480, 640, 3), 90, np.uint8)
    picture[40:440, 120:520] = cv2.resize(known_face(), (400, 400))
    path.write_bytes(10 * encoded(picture, ".jpg"))
    return path


def encoded(image_rgb: np.ndarray, ending: str) -> bytes:
    """A picture as a file of that ending holds it."""
    return cv2.imencode(ending, image_rgb[:, :, ::-1])[1].tobytes()


def show(page: Page, url: str, name: str, state: str, films: list[Path]) -> None:
    """Bring a page into a state, and wait until it has been drawn. films: what the Video page is at work on."""
    model = f"?model={NOT_HERE}" if state == "failed" and name in ("live", "overview") else ""
    page.goto(f"{url}/{'' if name == 'overview' else name}{model}")
    settle(page)
    if name == "predict" and state != "empty":
        dropped = photos()
        if state == "failed":
            dropped.append({"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"a text"})
        page.locator("input[type=file]").first.set_input_files(dropped)
        expect(page.get_by_role("article").first).to_be_visible()
    if name == "video" and state == "busy" and page.get_by_role("button", name="Stop").count() < len(films):
        page.locator("input[type=file]").first.set_input_files(films)
        page.get_by_role("button", name=f"Analyse all {len(films)}").click()
        expect(page.get_by_text("x real time").first).to_be_visible()
    if name == "video" and state == "full":
        # Not in the sidebar, where what unfolds a choice is called “Open” too.
        page.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True).first.click()
    if name == "live" and state == "busy":
        page.frame_locator(STREAM).get_by_role("button", name="START").click()
        expect(page.get_by_role("article").first).to_be_visible()
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


def take_all(browser: Browser, films: list[Path], asked: argparse.Namespace) -> None:
    """Every page in every state, size and theme that is asked for, one file each."""
    makers = {"empty": make_empty, "full": make_full, "busy": make_full, "failed": make_failed}
    for state in asked.state:
        with tempfile.TemporaryDirectory() as made:
            makers[state](Path(made))
            with running_app(Path(made)) as url:
                if state == "busy":
                    start_runs(browser, url)
                (asked.all / state).mkdir(parents=True, exist_ok=True)
                for size, theme, name in itertools.product(asked.sizes, asked.themes, asked.pages):
                    with opened(browser, SIZES[size], theme) as page:
                        show(page, url, name, state, films)
                        page.screenshot(path=asked.all / state / f"{name}-{size}-{theme}.png")
                        print(f"{state}/{name}-{size}-{theme}.png", file=sys.stderr)


def take_for_readme(browser: Browser) -> None:
    """The few pictures that README and site show."""
    with tempfile.TemporaryDirectory() as made:
        make_empty(Path(made))
        with running_app(Path(made)) as url:
            for name, size in README.items():
                with opened(browser, size, "light") as page:
                    show(page, url, name, "full" if name == "predict" else "empty", [])
                    page.screenshot(path=TARGET / f"{name}.png")


def main() -> None:
    """Take what was asked for."""
    parser = argparse.ArgumentParser(description="Pictures of every page of the real app.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page in every state, into this folder")
    choices = {"--state": STATES, "--pages": PAGES, "--sizes": tuple(SIZES), "--themes": THEMES}
    for option, known in choices.items():
        parser.add_argument(option, nargs="+", choices=known, default=known)
    asked = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as made:
        films = []
        if asked.all and "busy" in asked.state:
            films = [write_sample(Path(made) / f"{name}.mp4", FILM_S) for name in ("interview", "joke")]
        camera = f"--use-file-for-fake-video-capture={write_camera(Path(made) / 'camera.mjpeg')}"
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, camera])
        if asked.all:
            take_all(browser, films, asked)
        else:
            take_for_readme(browser)
        browser.close()


if __name__ == "__main__":
    main()
