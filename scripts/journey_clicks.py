"""What five people do with the app until they have what they came for, counted: clicks, keys, typing, files, seconds.

python scripts/journey_clicks.py [--journeys newcomer analyst] [--checkout FOLDER]

A click is one, a choice from a list two; a key is one each time; a field that is filled in is one typing, however long
the text; files that are dropped together are one. The seconds are those of a person who never hesitates: what remains
is the app's and the computer's. With --checkout the app is another checkout's, such as a worktree of an earlier commit;
what cannot be done there by the same words is left out and named, and its time does not count.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from screenshots import FLAGS, PROJECT, STREAM, encoded, ferdash, make_empty, opened, running_app, write_camera

from ferdash.data.demo import draw_face, draw_photo
from ferdash.emotions import EMOTIONS
from ferdash.runs.store import list_run_ids
from ferdash.video.sample import write_sample

SIZE = (1440, 900)
WAIT_MS = 120_000
PATIENCE_MS = 4_000
"""For a control that another checkout may lack."""
PRESSES = 8


@dataclass
class Walk:
    """Somebody at a page; every act of theirs is counted. lacking: what could not be done in this checkout."""

    page: Page
    folder: Path
    project: Path
    clicks: int = 0
    keys: int = 0
    typed: int = 0
    files: int = 0
    lacking: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def go(self, page: str) -> None:
        """By the link in the sidebar."""
        self.click(self.page.get_by_role("link", name=page, exact=True))
        expect(self.page).to_have_url(re.compile(f"/{page.lower()}"))
        self.settle()

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)
        self.keys += times

    def type(self, where: Locator, text: str) -> None:
        where.fill(text)
        self.typed += 1

    def drop(self, files: Path | list[Path] | FilePayload) -> None:
        self.page.locator("input[type=file]").first.set_input_files(files)
        self.files += 1

    def take(self, what: Locator) -> None:
        """Click, and have the file."""
        with self.page.expect_download() as download:
            self.click(what)
        download.value.path()

    def settle(self) -> None:
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    def can(self, what: Locator, words: str) -> bool:
        """Whether a control is there; where it is not, words are kept and the time of waiting does not count."""
        asked = time.monotonic()
        with suppress(PlaywrightError):
            what.first.wait_for(timeout=PATIENCE_MS)
            return True
        self.lacking.append(words)
        self.began += time.monotonic() - asked
        return False

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))


def newcomer(walk: Walk) -> None:
    """A sample, a photo of their own, another model, a wrong answer set right."""
    sample = walk.button(re.compile("^Try a photo"))
    if walk.can(sample, "a sample on the first page"):
        walk.click(sample)
        expect(walk.page.get_by_role("article").first).to_be_visible()
    walk.drop(photo("surprise"))
    expect(walk.page.get_by_role("article").first).to_be_visible()
    walk.settle()
    walk.click(walk.page.get_by_role("combobox", name=re.compile("Model")))
    other = walk.page.get_by_role("option", name="FerNet", exact=True)
    if walk.can(walk.page.get_by_role("option", name="FerNet+", exact=True), "a second model that is here"):
        walk.click(other)
        walk.settle()
    else:
        walk.page.keyboard.press("Escape")
    walk.click(walk.button("Wrong?").first)
    walk.click(walk.page.get_by_test_id("stPopoverBody").get_by_text("sad", exact=True))
    walk.click(walk.button("Keep the correction"))
    expect(walk.page.get_by_text("Corrected to sad")).to_be_visible()
    walk.take(walk.button("Download CSV"))


def student(walk: Walk) -> None:
    """A drawn dataset, a run of their own that is paused, goes on and is stopped, and a photo read by what it made."""
    walk.go("Dataset")
    walk.click(walk.button("Make the demo dataset"))
    expect(walk.page.get_by_role("heading", name="demo", exact=True)).to_be_visible()
    walk.go("Train")
    card = walk.page.get_by_test_id("stRadioGroup").get_by_text("fernet_quick", exact=True)
    if walk.can(card, "recipes to be read side by side"):
        walk.click(card)
    else:
        walk.click(walk.page.get_by_role("combobox", name="Recipe"))
        walk.click(walk.page.get_by_role("option", name="fernet_quick", exact=True))
    expect(walk.page).to_have_url(re.compile("recipe=fernet_quick"))
    walk.settle()
    name = walk.page.get_by_label("Name (optional)", exact=True)
    if walk.can(name, "a name for the run"):
        walk.type(name, "my first run")
    walk.click(walk.button("Start training"))
    expect(walk.page.get_by_text(re.compile(r"Epoch \d+ of")).first).to_be_visible()
    for act, state in ((walk.button("Pause"), "paused"), (walk.button(re.compile("^(Resume$|Go )")), "running")):
        walk.click(act)
        expect(metric(walk.page, "State")).to_have_text(state)
    expect(walk.page.get_by_text(re.compile(r"Epoch ([2-9]|\d\d) of")).first).to_be_visible()  # one is measured
    walk.click(walk.button("Stop"))
    expect(metric(walk.page, "State")).to_have_text("stopped")
    use = walk.button("Use this model")
    if walk.can(use, "“Use this model”"):
        walk.click(use)
        expect(walk.page.get_by_text("In use on every page.")).to_be_visible()
    else:
        model = walk.page.get_by_role("combobox", name=re.compile("^Model"))
        walk.click(model)
        walk.type(model, f"run:{list_run_ids(walk.folder / 'checkpoints' / 'runs')[0]}")
        walk.press("Enter")
        walk.settle()
    walk.go("Predict")
    walk.drop(photo("happy"))
    expect(walk.page.get_by_role("article", name="face 1")).to_be_visible()


def researcher(walk: Walk) -> None:
    """A dataset imported and audited, what leaked left out of scores, two runs compared, the address sent to a
    colleague, the report taken along."""
    walk.go("Dataset")
    walk.drop(leaking_zip(walk.folder / "study.zip"))
    walk.click(walk.button("Import"))
    expect(walk.page.get_by_role("heading", name="study", exact=True)).to_be_visible()
    walk.click(walk.page.get_by_role("tab", name="Audit"))
    walk.click(walk.page.get_by_text("Held-out images identical to a training image").first)
    leave = walk.button("Leave out of scores")
    if walk.can(leave, "leaving what leaked out of scores"):
        walk.click(leave)
        expect(walk.page.get_by_text("Left out of scores:")).to_be_visible()
    asked = time.monotonic()  # two runs, trained aside, are no part of it
    for seed in ("0", "1"):
        small = ["--set=network.width=8", "--set=batch_size=64", "--set=epochs=1", "--seed", seed]
        ferdash(walk.folder, "train", "--recipe", "fernet", "--dataset", "study", *small, project=walk.project)
    walk.began += time.monotonic() - asked
    walk.go("Experiments")
    for number in (1, 2):
        box = walk.page.get_by_role("combobox", name="Compare")
        walk.click(box)
        choices = walk.page.get_by_role("option").filter(has_not_text=re.compile("Select all|Report"))
        walk.click(choices.first)
        expect(walk.page).to_have_url(re.compile("runs=.+" * number))
        walk.settle()
    walk.page.keyboard.press("Escape")
    words = re.compile("better than|better by|no difference found|right equally often", re.IGNORECASE)
    verdict = walk.page.get_by_text(words).first
    expect(verdict).to_be_visible()
    browser = walk.page.context.browser
    assert browser is not None
    with opened(browser, SIZE, "light") as colleague:
        colleague.goto(walk.page.url)
        expect(colleague.get_by_text(verdict.inner_text()).first).to_be_visible()
    walk.click(walk.button(re.compile("Export")))
    report = walk.button("Report with its charts (HTML)")
    if walk.can(report, "a report of the comparison"):
        walk.take(report)


def analyst(walk: Walk) -> None:
    """Two videos analysed, a change looked at, eight frames stepped, a marker and a baseline set, an export, Back, and
    the two compared."""
    walk.go("Video")
    walk.drop(
        [write_sample(walk.folder / f"{name}.mp4", seconds) for name, seconds in (("smile", 2.4), ("other", 2.0))]
    )
    every = walk.button("Analyse all 2")
    if walk.can(every, "one button for both videos"):
        walk.click(every)
    else:
        for _ in range(2):
            walk.click(walk.button("Analyse").first)
            walk.settle()
    cards = walk.page.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True)
    expect(cards).to_have_count(2)
    walk.settle()
    # By its name in the keys, as two that were begun in one second stand in the order of their names.
    walk.click(walk.page.locator("[class*='-smile-']").get_by_role("button", name="Open", exact=True).first)
    expect(walk.page.get_by_role("heading", name="smile")).to_be_visible()
    walk.settle()
    pin = walk.button(re.compile("(rises|falls) by .* within"))
    if walk.can(pin, "a pin with words of its own"):
        walk.click(pin.first)
        walk.settle()
    now = walk.page.get_by_text(re.compile(r"^Frame \d+ of"))
    wanted = int(now.inner_text().split()[1]) + PRESSES
    walk.press("ArrowRight", times=PRESSES)
    walk.can(walk.page.get_by_text(re.compile(f"^Frame {wanted} of")), f"{PRESSES} frames by {PRESSES} quick keys")
    walk.settle()
    walk.click(walk.button("Mark"))
    walk.type(walk.page.get_by_role("textbox", name="What happens here?"), "the joke")
    walk.click(walk.button("Set the marker"))
    expect(walk.page.get_by_text("the joke").first).to_be_visible()
    walk.settle()
    walk.click(walk.button(re.compile("^(Set baseline$|Neutral )")))
    expect(walk.page.get_by_text(re.compile("(Baseline of person 1|Person 1 at rest):")).first).to_be_visible()
    walk.settle()
    walk.click(walk.button("Export"))
    walk.take(walk.button("Everything, as a zip"))
    walk.press("Escape")
    walk.page.go_back()
    walk.clicks += 1
    tick = walk.page.get_by_text("Compare", exact=True)
    if not walk.can(tick, "Back that leaves the analysis"):
        walk.click(walk.button(re.compile("^All ")))
    for place in range(2):
        walk.click(tick.nth(place))
        walk.settle()
    walk.click(walk.button("Compare the two"))
    expect(walk.page.get_by_role("heading", name="How do the two differ?")).to_be_visible()
    walk.settle()


def camera(walk: Walk) -> None:
    """The camera on, a face read, three seconds recorded, and the recording opened."""
    walk.go("Live")
    walk.click(walk.page.frame_locator(STREAM).get_by_role("button", name="START"))
    expect(walk.page.get_by_role("article").first).to_be_visible()
    walk.click(walk.button("Record"))
    expect(walk.page.get_by_text(re.compile(r"Recorded so far: ([3-9]|\d\d+) s"))).to_be_visible()
    walk.click(walk.button("Stop recording"))
    walk.click(walk.page.get_by_role("link", name="Open in Video"))
    expect(walk.page.get_by_role("heading", name=re.compile("^Live, "))).to_be_visible()
    walk.settle()


JOURNEYS: dict[str, Callable[[Walk], None]] = {
    journey.__name__: journey for journey in (newcomer, student, researcher, analyst, camera)
}


def photo(emotion: str) -> FilePayload:
    """A drawn person who shows an emotion, as a file."""
    drawn = draw_photo([emotion], np.random.default_rng(4), width=480, height=480)
    return {"name": "me.png", "mimeType": "image/png", "buffer": encoded(drawn, ".png")}


def leaking_zip(path: Path) -> Path:
    """Kaggle's layout, drawn, with one training image among those of validation too."""
    rng = np.random.default_rng(11)
    with zipfile.ZipFile(path, "w") as archive:
        for emotion in EMOTIONS:
            faces = [encoded(np.stack([draw_face(emotion, rng)] * 3, axis=2), ".png") for _ in range(9)]
            faces[3] = faces[0] if emotion == "happy" else faces[3]
            for number, face in enumerate(faces):
                folder = f"train/{emotion}/Training" if number < 3 else f"test/{emotion}/PublicTest"
                archive.writestr(f"{folder}_{number}.png", face)
    return path


def metric(page: Page, label: str) -> Locator:
    """The value of a figure."""
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def walked(browser: Browser, project: Path, journey: Callable[[Walk], None]) -> list[str]:
    """One journey in an app of its own that nobody has used yet; its row of the table."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make_empty(folder, project)
        with running_app(folder, project) as url, opened(browser, SIZE, "light") as page:
            walk = Walk(page, folder, project)
            page.goto(url)
            expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()
            try:
                journey(walk)
            except (PlaywrightError, AssertionError) as error:
                print(error, file=sys.stderr)
                walk.lacking.append(f"ended early: {str(error).splitlines()[0]}")
            seconds = time.monotonic() - walk.began
    counts = map(str, (walk.clicks, walk.keys, walk.typed, walk.files, round(seconds)))
    return [journey.__name__, *counts, "; ".join(walk.lacking) or "–"]


def print_table(rows: list[list[str]]) -> None:
    """As Markdown."""
    head = ["journey", "clicks", "keys", "typed", "files", "seconds", "could not be done"]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, ["-" * width for width in widths], *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")


def main() -> None:
    """Walk what was asked for, and print what it took."""
    parser = argparse.ArgumentParser(description="Clicks, keys and seconds of five journeys through the app.")
    parser.add_argument("--journeys", nargs="+", choices=tuple(JOURNEYS), default=tuple(JOURNEYS))
    parser.add_argument("--checkout", type=Path, default=PROJECT, help="whose app it is; default: this one's")
    asked = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as made:
        fed = f"--use-file-for-fake-video-capture={write_camera(Path(made) / 'camera.mjpeg')}"
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, fed])
        rows = []
        for name in asked.journeys:
            print(f"{name} …", file=sys.stderr)
            rows.append(walked(browser, asked.checkout.resolve(), JOURNEYS[name]))
        browser.close()
    print_table(rows)


if __name__ == "__main__":
    main()
