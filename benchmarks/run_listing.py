"""Listing a thousand runs of fifty epochs, a hundred damaged ones among them: at first, again, from a terminal, and as
the Experiments page in Chromium.

    python benchmarks/run_listing.py

The rows are as long as those of real training. The ratio compares listing with parsing every line of every run, which
is what `read_metrics` does. The page's first render lasts from the click on its link, in an app that has shown the
Train page, until its tables stand there and its script has ended; a rerun from the click on a filter until two tables
have come or gone. Chromium draws without a GPU, on the same cores as the app.
"""

import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from shutil import which
from statistics import median
from typing import Any

from page_switching import ROOT, start_app
from playwright.sync_api import Locator, Page, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from ferdash.emotions import EMOTIONS
from ferdash.runs.index import DamagedRun, list_runs
from ferdash.runs.store import create_run, read_metrics, write_status

RUNS, EPOCHS, DAMAGED = 1000, 50, 100
RERUNS = 9
SCORES = ("precision", "recall", "f1")
AVERAGES = ("accuracy", "balanced_accuracy", "top2", "macro_f1", "weighted_f1", "log_loss", "brier", "ece")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        make_runs(root)
        size = sum(path.stat().st_size for path in root.glob("*/metrics.jsonl"))
        entries, first_s = timed(lambda: list_runs(root))
        again, second_s = timed(lambda: list_runs(root))
        assert again == entries
        damaged = sum(isinstance(entry, DamagedRun) for entry in entries)
        sound = [root / entry.id for entry in entries if not isinstance(entry, DamagedRun)]
        _, parse_s = timed(lambda: [read_metrics(run) for run in sound])
        script = "from ferdash.cli import main; import sys; sys.argv = ['ferdash', 'runs', 'list']; main()"
        command = [sys.executable, "-c", script]
        environment = os.environ | {"FERDASH_CHECKPOINTS": folder, "COLUMNS": "120"}
        subprocess.run(command, env=environment, capture_output=True, check=True)  # warm-up: byte code
        before = os.times()
        _, terminal_s = timed(lambda: subprocess.run(command, env=environment, capture_output=True, check=True))
        after = os.times()
        busy_s = after.children_user + after.children_system - before.children_user - before.children_system
        script_s = in_process(Path(folder))
        render_s, again_s = in_browser(Path(folder))
    print(f"{platform.machine()}, Python {platform.python_version()}")
    print(f"{len(entries):,} folders of {EPOCHS} epochs, {size / 2**20:.0f} MiB of metrics; {damaged} damaged")
    print(f"first listing      {first_s:.3f} s")
    print(f"second listing     {second_s:.3f} s")
    print(f"ferdash runs list  {terminal_s:.2f} s ({busy_s:.2f} s of processor time), all in all")
    print(f"page, its script   {median(script_s):.2f} s in a rerun (median of {len(script_s)})")
    print(f"page, first render {render_s:.2f} s")
    spread = f"{min(again_s):.2f} to {max(again_s):.2f} s"
    print(f"page, rerun        {median(again_s):.2f} s (median of {len(again_s)}, {spread})")
    print(f"ratio              {parse_s / first_s:.1f} (parsing every line: {parse_s:.2f} s)")


def in_process(checkpoints: Path) -> list[float]:
    """Seconds of the page's script in reruns, without a browser."""
    os.environ["FERDASH_CHECKPOINTS"] = str(checkpoints)
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    app.switch_page("pages/experiments.py").run()
    took_s = []
    for _ in range(RERUNS):
        (report,) = [box for box in app.checkbox if box.label == "Report"]
        report.set_value(not report.value)
        took_s.append(timed(app.run)[1])
    return took_s


def in_browser(checkpoints: Path) -> tuple[float, list[float]]:
    """Seconds of the page's first render and of its reruns, in an app on runs that it has not read before."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "checkpoints").symlink_to(checkpoints)
        app = start_app(Path(folder), port)
        try:
            found = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.goto(f"http://localhost:{port}/train")
            expect(page.get_by_role("heading", level=1, name="Train", exact=True)).to_be_visible()
            ended(page)
            first_s = open_experiments(page)
            again_s = [switch_report(page) for _ in range(RERUNS)]
            browser.close()
        finally:
            app.terminate()
            app.wait(timeout=60)
    return first_s, again_s


WATCH = """([text, expected]) => {
  window.tookS = null;
  const app = () => document.querySelector('[data-testid="stApp"]');
  const done = () => app().dataset.testScriptState === "notRunning"
    && text.every((each) => app().textContent.includes(each) === expected);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  addEventListener("click", async () => {
    const clicked = performance.now();
    while (!done()) await frame();
    await frame();
    window.tookS = (performance.now() - clicked) / 1000;
  }, {capture: true, once: true});
}"""
"""Takes the seconds from the next click to the frame drawn after the script has ended and the texts have come or gone:
in the page, frame by frame, for Playwright looks only every so many tenths of a second."""


def open_experiments(page: Page) -> float:
    link = page.get_by_role("link", name="Experiments", exact=True).first
    return watched(page, link, [f"{RUNS - DAMAGED} runs", f"{DAMAGED} damaged folders"], True)


def switch_report(page: Page) -> float:
    """Hide the published results, or show them again; seconds."""
    described = "Published, not run here, on 700 images"
    shown = page.get_by_text(described).count() > 0
    return watched(page, page.get_by_text("Report", exact=True), [described], not shown)


def watched(page: Page, button: Locator, text: list[str], expected: bool) -> float:
    page.evaluate(WATCH, [text, expected])
    button.click()
    page.wait_for_function("window.tookS", timeout=60_000)
    return float(page.evaluate("window.tookS"))


def ended(page: Page) -> None:
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=120_000)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` returns, and how many seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def make_runs(root: Path) -> None:
    """RUNS folders under `root`, every tenth of them damaged in one of five ways."""
    random.seed(0)
    lines = [json.dumps(row(epoch)) + "\n" for epoch in range(EPOCHS)]
    record = {
        "config": {"recipe": "fernet", "epochs": EPOCHS, "seed": 0, "evaluation": {"select": "accuracy"}},
        "dataset": {"name": "fer2013", "hash": "9079d33afbb7c79f"},
        "parent": None,
    }
    for number in range(RUNS):
        run = create_run(root, f"20250101-{number:06d}-fernet-{number:04x}", record)
        (run.folder / "metrics.jsonl").write_text("".join(lines))
        write_status(run.folder, state="finished", best={"score": 0.99, "epoch": 30, "select": "accuracy"})
        if number % (RUNS // DAMAGED) == 0:
            damage(run.folder, number // (RUNS // DAMAGED) % 5)


def row(epoch: int) -> dict[str, Any]:
    """A row with as many digits as training writes."""
    validation: dict[str, Any] = {"images": 3589}
    validation |= {name: random.random() for name in AVERAGES}
    validation |= {name: [random.random() for _ in EMOTIONS] for name in SCORES}
    validation["support"] = [467, 56, 496, 895, 607, 653, 415]
    validation["confusion"] = [[random.randrange(900) for _ in EMOTIONS] for _ in EMOTIONS]
    return {
        "epoch": epoch,
        "step": 225 * (epoch + 1),
        "train_loss": random.random(),
        "train_accuracy": random.random(),
        "seconds": 90 * random.random(),
        "images_per_s": 300 * random.random(),
        "lr": random.random() / 1000,
        "validation": validation,
        "weights": None,
        "focus": [],
        "drawn": [3995, 436, 4097, 7215, 4965, 4830, 3171],
    }


def damage(folder: Path, kind: int) -> None:
    """Empty, torn, missing, binary or foreign."""
    if kind == 0:
        for path in folder.iterdir():
            path.rmdir() if path.is_dir() else path.unlink()
    elif kind == 1:
        (folder / "config.json").write_text('{"config": {"reci')
    elif kind == 2:
        (folder / "status.json").unlink()
    elif kind == 3:
        (folder / "metrics.jsonl").write_bytes(b"\x80\x02" + random.randbytes(100))
    else:
        (folder / "config.json").write_text('{"model_type": "vit"}')


if __name__ == "__main__":
    main()
