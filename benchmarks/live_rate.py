"""How many frames of a camera are analysed a second, how late, and whether memory stays where it is, in Chromium.

    python benchmarks/live_rate.py [CLIP] [--minutes 2] [--record]

Starts the app with a data folder of its own, opens the Live page in Chromium with a camera that plays the clip, or a
drawn one of a moving face, at 640 x 480, and reads once a second what the page shows: the analysed frames a second and
the median latency of its last two seconds. Video goes from the browser to the app and back, as with a person's camera.
Memory and processor time are those of the app's process, without the browser's, which plays the camera, encodes and
decodes on the same cores. Linux only.
"""

import argparse
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from shutil import which
from statistics import mean, median

import av
import cv2
import numpy as np
from playwright.sync_api import Page, expect, sync_playwright
from skimage.data import astronaut

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, FPS = 640, 480, 30
BAR = 15.0
SETTLING_S = 10.0
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]

expect.set_options(timeout=120_000)


def pictures_of(clip: Path) -> Iterator[np.ndarray]:
    """The clip's pictures, uint8 RGB, cut to fill WIDTH x HEIGHT."""
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            image = frame.to_ndarray(format="rgb24")
            scale = max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
            image = cv2.resize(image, (round(image.shape[1] * scale), round(image.shape[0] * scale)))
            top, left = (image.shape[0] - HEIGHT) // 2, (image.shape[1] - WIDTH) // 2
            yield np.ascontiguousarray(image[top : top + HEIGHT, left : left + WIDTH])


def drawn_pictures(seconds: int = 10) -> Iterator[np.ndarray]:
    """One face that moves in a circle, slowly."""
    head = cv2.resize(astronaut()[0:230, 110:340], (300, 300))
    for number in range(seconds * FPS):
        angle = 2 * np.pi * number / (seconds * FPS)
        picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        top, left = round(90 + 60 * np.sin(angle)), round(170 + 120 * np.cos(angle))
        picture[top : top + 300, left : left + 300] = head
        yield picture


def write_camera(pictures: Iterable[np.ndarray], target: Path) -> None:
    """A file that Chromium plays again and again in place of a camera."""
    with av.open(str(target), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def start_app(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    log = (folder / "log.txt").open("wb")
    app = subprocess.Popen(
        [*command, f"--server.port={port}"],
        cwd=ROOT,
        env=os.environ | {"FERDASH_DATA": str(folder / "data"), "HF_HUB_OFFLINE": "1"},
        stdout=log,
        stderr=log,
    )
    while app.poll() is None:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
            return app
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit((folder / "log.txt").read_text(errors="replace"))


def memory_mb(process: int) -> float:
    """Resident memory of a process, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def processor_s(process: int) -> float:
    """Processor time that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shown(page: Page) -> dict[str, float]:
    """The page's figures by label, all of one moment; those that are not there yet are left out."""
    texts = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid="stMetric"]')].map((metric) =>
        [metric.querySelector('[data-testid="stMetricLabel"]').innerText.trim(),
         metric.querySelector('[data-testid="stMetricValue"]').innerText.trim()])"""
    )
    found = {label: re.match(r"[\d,.]+", value) for label, value in texts}
    return {label: float(number[0].replace(",", "")) for label, number in found.items() if number}


def watch(page: Page, seconds: float) -> list[dict[str, float]]:
    """What the page shows, once a second."""
    samples, began = [], time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        samples.append(shown(page))
        page.wait_for_timeout(1000 - 1000 * (passed % 1))
    return samples


def open_camera(page: Page, url: str, *, record: bool) -> None:
    page.goto(url)
    page.get_by_role("link", name="Live", exact=True).click()
    page.frame_locator('iframe[title*="webrtc_streamer"]').get_by_role("button", name="START").click(timeout=120_000)
    faces = page.get_by_test_id("stMetric").filter(has_text="Faces").get_by_test_id("stMetricValue")
    expect(faces).to_have_text(re.compile("[1-9]"))
    if record:
        page.get_by_role("button", name="Record", exact=True).click()
        expect(page.get_by_text("● Recording")).to_be_visible()


def line(label: str, samples: list[dict[str, float]], memory: float) -> str:
    rates = [sample["Analysed"] for sample in samples if "Analysed" in sample]
    late = [sample["Latency"] for sample in samples if "Latency" in sample]
    faces = [sample["Faces"] for sample in samples if "Faces" in sample]
    return (
        f"{label:<11} {mean(rates):5.1f} frames/s (slowest second {min(rates):.1f}), latency median {median(late):.0f} "
        f"ms, faces {mean(faces):.1f}, memory {memory:,.0f} MB, load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--record", action="store_true", help="record all the while")
    arguments = parser.parse_args()
    chromium = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    print(f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_camera(pictures_of(arguments.clip) if arguments.clip else drawn_pictures(), folder / "camera.mjpeg")
        app = start_app(folder, port)
        camera = f"--use-file-for-fake-video-capture={folder / 'camera.mjpeg'}"
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, camera])
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            open_camera(page, f"http://localhost:{port}", record=arguments.record)
            watch(page, SETTLING_S)
            before, everything, left = memory_mb(app.pid), [], 60 * arguments.minutes
            taken, began = processor_s(app.pid), time.monotonic()
            while left > 0:
                everything += (part := watch(page, min(60.0, left)))
                left -= 60
                print(line(f"minute {-(-len(everything) // 60)}", part, memory_mb(app.pid)), flush=True)
            after = memory_mb(app.pid)
            taken, passed = processor_s(app.pid) - taken, time.monotonic() - began
        finally:
            browser.close()
            app.terminate()
            app.wait(timeout=60)
    print(line("all", everything, after))
    rate = mean(sample.get("Analysed", 0.0) for sample in everything)
    print(f"memory      {before:,.0f} MB at the start, {after:,.0f} MB at the end ({after / before - 1:+.1%})")
    print(f"processor   {taken / passed:.2f} of {os.cpu_count()} cores for the app")
    print(f"ratio       {rate / BAR:.2f} times the bar of {BAR:g} analysed frames a second")


if __name__ == "__main__":
    main()
