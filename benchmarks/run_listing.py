"""Listing a thousand runs of fifty epochs, a hundred damaged ones among them: at first, again, from a terminal, and as
the Experiments page in Chromium.

    python benchmarks/run_listing.py

The rows are as long as those of real training. The ratio compares listing with parsing every line of every run, which
is what `read_metrics` does. The page's first render lasts from the click on its link, in an app that has shown the
Train page, until its tables stand there and its script has ended; a rerun from the click on a filter until the tables
have followed it.
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

from page_switching import start_app
from playwright.sync_api import Page, expect, sync_playwright

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
        render_s, again_s = in_browser(Path(folder))
    print(f"{platform.machine()}, Python {platform.python_version()}")
    print(f"{len(entries):,} folders of {EPOCHS} epochs, {size / 2**20:.0f} MiB of metrics; {damaged} damaged")
    print(f"first listing      {first_s:.3f} s")
    print(f"second listing     {second_s:.3f} s")
    print(f"ferdash runs list  {terminal_s:.2f} s ({busy_s:.2f} s of processor time), all in all")
    print(f"page, first render {render_s:.2f} s")
    spread = f"{min(again_s):.2f} to {max(again_s):.2f} s"
    print(f"page, rerun        {median(again_s):.2f} s (median of {len(again_s)}, {spread})")
    print(f"ratio              {parse_s / first_s:.1f} (parsing every line: {parse_s:.2f} s)")


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
            _, first_s = timed(lambda: open_experiments(page))
            again_s = [timed(lambda: switch_report(page))[1] for _ in range(RERUNS)]
            browser.close()
        finally:
            app.terminate()
            app.wait(timeout=60)
    return first_s, again_s


def open_experiments(page: Page) -> None:
    page.get_by_role("link", name="Experiments", exact=True).first.click()
    expect(page.get_by_text(f"{RUNS - DAMAGED} runs")).to_be_visible()
    expect(page.get_by_text(f"{DAMAGED} damaged folders")).to_be_visible()
    ended(page)


def switch_report(page: Page) -> None:
    """Hide the published results, or show them again."""
    published = page.get_by_text("Published, not run here, on 700 images")
    before = published.count()
    page.get_by_text("Report", exact=True).click()
    expect(published).to_have_count(1 - before)
    ended(page)


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
