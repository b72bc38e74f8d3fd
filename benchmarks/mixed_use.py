"""Whether the app's memory stays flat while it is used: `python benchmarks/mixed_use.py --minutes 60`.

Starts the app on a folder of its own with a dataset, three runs and an analysed film, and does in Chromium what people
do: drop photos and clear them, walk through a dataset, compare runs, analyse a short video and step through it, close
tabs and open others, with pauses in between. Photos and videos are drawn anew each time. Once a minute the resident
memory of the app and of the processes that it started is read; its slope is that of the last three quarters of the
time, after Theil and Sen, with a 95% confidence interval.
"""

import argparse
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np
import psutil
from page_switching import ROOT, start_app
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright
from scipy.stats import theilslopes

from ferdash.data.demo import draw_photo, make_demo
from ferdash.emotions import EMOTIONS
from ferdash.video.sample import write_sample

THINKS_S = (1.0, 6.0)
TABS = 3
"""So many tabs of the browser are open at once."""
LINKS = ("Overview", "Dataset", "Experiments", "Train", "Predict", "Video")
BACK = ".st-key-video-all button >> nth=0"
"""From an analysis to all of them."""
MIB = 2**20


def prepare(folder: Path) -> None:
    """The shipped models, a drawn dataset, three short runs, and an analysed film."""
    shutil.copytree(ROOT / "checkpoints", folder / "checkpoints", ignore=shutil.ignore_patterns("runs"))
    make_demo(folder / "data", images=1400)
    film = write_sample(folder / "smile.mp4", seconds=6.0)
    small = ["network.width=8", "network.depths=1,1,1,1", "epochs=3"]
    training = ["train", "--recipe", "fernet_quick", "--dataset", "demo", *(f"--set={setting}" for setting in small)]
    video = ["video", str(film), "--out", str(folder / "exports"), "--only", "summary.json"]
    roots = {"FERDASH_DATA": str(folder / "data"), "FERDASH_CHECKPOINTS": str(folder / "checkpoints")}
    for command in (*([*training, "--seed", str(seed)] for seed in range(3)), video):
        ferdash = [sys.executable, "-m", "ferdash", *command]
        subprocess.run(ferdash, cwd=ROOT, env=os.environ | roots, check=True, capture_output=True)


def pause(page: Page, rng: random.Random) -> None:
    """Wait for the script, then look at what it drew."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(1000 * rng.uniform(*THINKS_S))


def go_to(page: Page, name: str, rng: random.Random) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    title = {"Overview": "ferdash", "Dataset": "demo"}.get(name, name)
    there = page.get_by_test_id("stMain").get_by_role("heading", level=1, name=title, exact=True)
    # The viewer of an analysis has the analysis's name for a title.
    expect(there.or_(page.locator(BACK)).first).to_be_visible()
    pause(page, rng)


def predict(page: Page, rng: random.Random) -> None:
    """Two or three photos nobody has seen yet; then they are cleared, or left to the tab."""
    go_to(page, "Predict", rng)
    dropped: list[FilePayload] = []
    for _ in range(rng.randint(2, 3)):
        faces = [rng.choice(EMOTIONS) for _ in range(rng.randint(1, 3))]
        drawn = draw_photo(faces, np.random.default_rng(rng.getrandbits(32)), width=1200, height=800)
        content = cv2.imencode(".png", drawn[:, :, ::-1])[1].tobytes()
        dropped.append({"name": f"{rng.getrandbits(32)}.png", "mimeType": "image/png", "buffer": content})
    page.locator("input[type=file]").first.set_input_files(dropped)
    # Cards, or a grid of many faces.
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(re.compile(r"\bfaces? in ")).first).to_be_visible()
    pause(page, rng)
    if rng.random() < 0.7:
        page.get_by_role("button", name="Clear all").click()
        pause(page, rng)


def look_through(name: str) -> Callable[[Page, random.Random], None]:
    """Opens a page and three of its tabs."""

    def look(page: Page, rng: random.Random) -> None:
        go_to(page, name, rng)
        for _ in range(3):
            tabs = page.get_by_test_id("stMain").get_by_role("tab")
            if tabs.count():
                tabs.nth(rng.randrange(tabs.count())).click()
                pause(page, rng)

    return look


def open_analysis(page: Page, rng: random.Random) -> None:
    """The newest analysis, some steps through its frames, a tab of its charts, and back to all of them."""
    go_to(page, "Video", rng)
    main = page.get_by_test_id("stMain")
    if page.locator(BACK).count() == 0:
        main.get_by_role("button", name="Open", exact=True).first.click()
    expect(page.get_by_role("slider", name="Time")).to_be_visible()
    pause(page, rng)
    for _ in range(rng.randint(5, 20)):
        page.get_by_role("button", name="The next frame").click()
        page.wait_for_timeout(rng.uniform(100, 600))
    tabs = main.get_by_role("tab")
    tabs.nth(rng.randrange(tabs.count())).click()
    pause(page, rng)
    page.locator(BACK).click()
    pause(page, rng)


def analyse(page: Page, rng: random.Random) -> None:
    """A video of two to four seconds, dropped, analysed and opened."""
    go_to(page, "Video", rng)
    main = page.get_by_test_id("stMain")
    if page.locator(BACK).count():
        page.locator(BACK).click()
        pause(page, rng)
    with tempfile.TemporaryDirectory() as name:
        film = write_sample(Path(name) / f"film {rng.getrandbits(32)}.mp4", seconds=rng.uniform(2, 4))
        page.locator("input[type=file]").first.set_input_files(film)
        main.get_by_role("button", name=re.compile("^Analyse")).first.click()
        card = page.locator(f"[class*='st-key-video-card-'][class*='{film.stem.replace(' ', '-')}']")
        expect(card.get_by_role("button", name="Open")).to_be_visible()
    pause(page, rng)
    card.get_by_role("button", name="Open").click()
    expect(page.get_by_role("slider", name="Time")).to_be_visible()
    pause(page, rng)


def switch_pages(page: Page, rng: random.Random) -> None:
    for _ in range(4):
        go_to(page, rng.choice(LINKS), rng)


ACTS: dict[str, tuple[Callable[[Page, random.Random], None], int]] = {
    "photos": (predict, 5),
    "dataset": (look_through("Dataset"), 3),
    "experiments": (look_through("Experiments"), 3),
    "pages": (switch_pages, 3),
    "frames of an analysis": (open_analysis, 2),
    "video analysed": (analyse, 1),
}
"""What is done, and how often of 17 times."""


def use(browser: Browser, url: str, until: float, rng: random.Random) -> Counter[str]:
    """Everything in turn, until the time comes; how often each was done."""
    done: Counter[str] = Counter()
    tabs: list[Page] = []
    names, weights = list(ACTS), [often for _, often in ACTS.values()]
    while time.monotonic() < until:
        if len(tabs) < TABS or rng.random() < 0.25:
            if len(tabs) == TABS:
                tabs.pop(rng.randrange(TABS)).context.close()
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            context.set_default_timeout(120_000)
            tabs.append(context.new_page())
            tabs[-1].goto(url)
            pause(tabs[-1], rng)
            done["tabs opened"] += 1
        page, [name] = rng.choice(tabs), rng.choices(names, weights)
        try:
            ACTS[name][0](page, rng)
            done[name] += 1
        except Exception as error:  # one that fails is told and goes on with another tab
            print(f"{name}: {str(error).splitlines()[0]}", file=sys.stderr, flush=True)
            done[f"{name}, failed"] += 1
            tabs.remove(page)
            with suppress(Exception):
                page.context.close()
    return done


def watch(pid: int, taken: list[tuple[float, float]], ended: Event) -> None:
    """Each minute, until the end: minutes, and MiB of the app and of the processes that it started."""
    app, began = psutil.Process(pid), time.monotonic()
    while True:
        others = 0
        for child in app.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                others += child.memory_info().rss
        minutes, own = (time.monotonic() - began) / 60, app.memory_info().rss
        taken.append((minutes, (own + others) / MIB))
        print(f"{minutes:5.1f} min  {own / MIB:6,.0f} MiB, {others / MIB:4,.0f} of others", flush=True)
        if ended.wait(60):
            return


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, int]]:
    """The app's address and process."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    app = start_app(folder, port)
    try:
        yield f"http://localhost:{port}", app.pid
    finally:
        app.terminate()
        app.wait()


def main() -> None:
    """Print memory by the minute, its slope, and what was done."""
    parser = argparse.ArgumentParser(description="Use the app in a browser, and read its memory once a minute.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    expect.set_options(timeout=120_000)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        prepare(folder)
        with running(folder) as (url, pid):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            taken: list[tuple[float, float]] = []
            ended = Event()
            watching = Thread(target=watch, args=(pid, taken, ended))
            watching.start()
            until = time.monotonic() + 60 * arguments.minutes
            done = use(browser, url, until, random.Random(arguments.seed))
            ended.set()
            watching.join()
            browser.close()
        report(taken, arguments.minutes)
        print(", ".join(f"{name} {number}" for name, number in sorted(done.items())))
        if "Traceback" in (log := (folder / "log.txt").read_text(errors="replace")):
            print(log[log.index("Traceback") :][:4000], file=sys.stderr)


def report(taken: list[tuple[float, float]], minutes: float) -> None:
    """The slope of the last three quarters."""
    late = np.array([one for one in taken if one[0] >= minutes / 4])
    if len(late) < 3:
        return
    slope, _, low, high = theilslopes(late[:, 1], late[:, 0] / 60)
    first, last, most = late[0, 1], late[-1, 1], late[:, 1].max()
    print(
        f"last {minutes * 3 / 4:.0f} min: {first:,.0f} to {last:,.0f} MiB, at most {most:,.0f}; "
        f"slope {slope:+.0f} MiB an hour (95% CI {low:+.0f} to {high:+.0f})"
    )


if __name__ == "__main__":
    main()
