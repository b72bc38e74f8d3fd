"""`ferdash serve` under load: varied pictures from several clients at once, then a camera at its own rate.

    python benchmarks/serve_load.py photo.jpg --pictures 1000 --clients 8

Half of the pictures are the photo and half a drawn face, each turned, scaled, brightened and compressed anew, so that
no two requests are alike. Reported: errors, latencies, and the server's memory after a tenth, half and all of them. A
camera sends a frame every 1/15 or 1/30 s for 20 s and skips one when the answer to the last is not there yet, as
docs/serve.md tells clients to; a skipped frame counts as lost. Last, frames as fast as they are answered.
"""

import argparse
import io
import itertools
import json
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image, ImageEnhance
from websockets.sync.client import ClientConnection, connect

from ferdash.data.demo import draw_photo

ROOT = Path(__file__).parents[1]
WARM_UP = 64
CAMERA_S = 20.0
RATES = (15, 30)


@contextmanager
def server() -> Iterator[tuple[int, psutil.Process]]:
    """A server on a free port: the port, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ferdash", "serve", "--port", str(port), "--rate", "1000000"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/v1/health", timeout=1)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def varied(originals: list[Image.Image], number: int) -> bytes:
    """The JPEG of one request, the same for the same number and unlike any other."""
    draw = np.random.default_rng(number)
    image = originals[number % len(originals)]
    image = image.rotate(draw.uniform(-15, 15), Image.Resampling.BILINEAR, fillcolor=(120, 120, 120))
    scale = draw.uniform(0.7, 1.3)
    image = image.resize((round(scale * image.width), round(scale * image.height)))
    image = ImageEnhance.Brightness(image).enhance(draw.uniform(0.7, 1.3))
    return jpeg(image, quality=int(draw.integers(60, 96)))


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=quality)
    return content.getvalue()


class Load:
    """Clients that share one row of pictures. waits_s: of each answer, errors: what was no answer, faces: found."""

    def __init__(self, port: int, originals: list[Image.Image], clients: int) -> None:
        self.port, self.originals, self.clients = port, originals, clients
        self.numbers, self.lock = itertools.count(), threading.Lock()
        self.waits_s: list[float] = []
        self.errors: list[str] = []
        self.faces: list[int] = []

    def send(self, pictures: int) -> float:
        """Seconds for so many pictures, one a request."""
        shares = [len(range(one, pictures, self.clients)) for one in range(self.clients)]
        threads = [threading.Thread(target=self._client, args=(share,)) for share in shares]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _client(self, pictures: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=120) as client:
            for _ in range(pictures):
                with self.lock:
                    number = next(self.numbers)
                self._ask(client, varied(self.originals, number))

    def _ask(self, client: httpx.Client, picture: bytes) -> None:
        started = time.perf_counter()
        try:
            answer = client.post("/v1/predict", files={"pictures": ("a.jpg", picture)})
        except httpx.HTTPError as error:
            self.errors.append(repr(error))
            return
        self.waits_s.append(time.perf_counter() - started)
        if answer.status_code == 200:
            self.faces.append(len(answer.json()["photos"][0]["faces"]))
        else:
            self.errors.append(answer.text[:200])


def under_load(port: int, process: psutil.Process, originals: list[Image.Image], asked: argparse.Namespace) -> dict:
    Load(port, originals, asked.clients).send(WARM_UP)
    load, memory, seconds = Load(port, originals, asked.clients), {"warm": rss_mb(process)}, 0.0
    stops = [asked.pictures // 10, asked.pictures // 2, asked.pictures]
    for begun, end in itertools.pairwise([0, *stops]):
        seconds += load.send(end - begun)
        memory[f"after {end}"] = rss_mb(process)
    return {
        "pictures": asked.pictures,
        "clients": asked.clients,
        "errors": len(load.errors),
        "first_error": load.errors[0] if load.errors else None,
        "answers_with_one_face": f"{load.faces.count(1)} of {len(load.faces)}",
        "pictures_per_s": round(asked.pictures / seconds, 1),
        "latency_ms": spread(load.waits_s),
        "server_mb": memory,
        "growth_second_half": round(memory[f"after {stops[2]}"] / memory[f"after {stops[1]}"], 3),
    }


def rss_mb(process: psutil.Process) -> int:
    return round(process.memory_info().rss / 1e6)


def spread(waits_s: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(1000 * np.array(waits_s), (50, 95))
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "max": round(1000 * max(waits_s), 1)}


def at_rate(port: int, frame: Callable[[int], bytes], fps: int) -> dict[str, object]:
    """What a camera of so many frames a second sees for `CAMERA_S`."""
    waits, lost, due = [], 0, 0
    with camera(port, frame(0)) as connection:
        begun = time.perf_counter()
        while due < CAMERA_S * fps:
            time.sleep(max(0.0, begun + due / fps - time.perf_counter()))
            waits.append(ask(connection, frame(due)))
            late = int((time.perf_counter() - begun) * fps)  # the newest frame that the camera has taken by now
            lost, due = lost + max(0, late - due - 1), max(due + 1, late)
        seconds = time.perf_counter() - begun
    return {
        "camera_fps": fps,
        "answers_per_s": round(len(waits) / seconds, 1),
        "frames": due,
        "lost": lost,
        "latency_ms": spread(waits),
    }


def as_fast_as_answered(port: int, frame: Callable[[int], bytes]) -> dict[str, object]:
    waits = []
    with camera(port, frame(0)) as connection:
        begun = time.perf_counter()
        while time.perf_counter() - begun < CAMERA_S / 2:
            waits.append(ask(connection, frame(len(waits))))
    return {"answers_per_s": round(len(waits) / (CAMERA_S / 2), 1), "latency_ms": spread(waits)}


@contextmanager
def camera(port: int, first: bytes) -> Iterator[ClientConnection]:
    """A connection whose model is warm, as after the first frame."""
    with connect(f"ws://127.0.0.1:{port}/v1/live") as connection:
        ask(connection, first)
        yield connection


def ask(connection: ClientConnection, frame: bytes) -> float:
    """Seconds from a frame to its answer. Raises ValueError where the frame is not answered by faces."""
    started = time.perf_counter()
    connection.send(frame)
    answer = json.loads(connection.recv())
    if answer["problem"] or not answer["faces"]:
        raise ValueError(f"A frame was answered by {answer}; the camera needs a photo with a face.")
    return time.perf_counter() - started


def swaying(photo: Image.Image) -> Callable[[int], bytes]:
    """The frames of a head that moves a little: 640 x 480 as of a webcam, the photo in its middle."""
    photo = photo.copy()
    photo.thumbnail((440, 440))
    frames = []
    for step in range(60):
        canvas = Image.new("RGB", (640, 480), (120, 120, 120))
        place = (320 - photo.width // 2 + round(20 * np.sin(step * np.pi / 30)), 240 - photo.height // 2)
        canvas.paste(photo, place)
        frames.append(jpeg(canvas))
    return lambda number: frames[number % len(frames)]


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, help="A photo of one face.")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    photo = Image.open(asked.picture).convert("RGB")
    drawn = Image.fromarray(draw_photo(["surprise"], np.random.default_rng(4), width=480, height=480))
    with server() as (port, process):
        load = under_load(port, process, [photo, drawn], asked)
        frames = swaying(photo)
        cameras = [at_rate(port, frames, fps) for fps in RATES]
        fastest = as_fast_as_answered(port, frames)
    machine = {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 1),
    }
    document = {"machine": machine, **load, "camera": cameras, "camera_as_fast_as_answered": fastest}
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
