"""`ferdash serve` under load: pictures from several clients at once, errors, memory, and a camera's rate.

python benchmarks/serve_load.py photo.jpg --pictures 1000 --clients 8
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from websockets.sync.client import connect

ROOT = Path(__file__).parents[1]
WARM_UP = 64
CAMERA_S = 10.0


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


def send(port: int, picture: bytes, pictures: int, clients: int) -> tuple[float, list[str]]:
    """Seconds for all pictures, one a request, and what went wrong."""
    left, lock, problems = list(range(pictures)), threading.Lock(), []

    def work() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            while True:
                with lock:
                    if not left:
                        return
                    left.pop()
                answer = client.post("/v1/predict", files={"pictures": ("a.jpg", picture)})
                if answer.status_code != 200 or len(answer.json()["photos"][0]["faces"]) != 1:
                    problems.append(answer.text[:200])

    started = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started, problems


def camera(port: int, picture: bytes) -> dict[str, float]:
    """Frames answered in a second when the next is sent as soon as the last is answered."""
    waits = []
    with connect(f"ws://127.0.0.1:{port}/v1/live") as camera_socket:
        camera_socket.send(picture)
        camera_socket.recv()
        begun = time.perf_counter()
        while time.perf_counter() - begun < CAMERA_S:
            started = time.perf_counter()
            camera_socket.send(picture)
            json.loads(camera_socket.recv())
            waits.append(1000 * (time.perf_counter() - started))
    waits.sort()
    return {
        "frames_per_s": round(len(waits) / CAMERA_S, 1),
        "median_ms": round(waits[len(waits) // 2], 1),
        "p95_ms": round(waits[int(0.95 * len(waits))], 1),
    }


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path, help="A photo of one face.")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    picture = asked.picture.read_bytes()
    with server() as (port, process):
        send(port, picture, WARM_UP, asked.clients)
        before = process.memory_info().rss / 1e6
        half_s, first = send(port, picture, asked.pictures // 2, asked.clients)
        middle = process.memory_info().rss / 1e6
        other_s, second = send(port, picture, asked.pictures - asked.pictures // 2, asked.clients)
        after = process.memory_info().rss / 1e6
        seen = camera(port, picture)
    problems = first + second
    document = {
        "pictures": asked.pictures,
        "clients": asked.clients,
        "errors": len(problems),
        "first_problem": problems[0] if problems else None,
        "pictures_per_s": round(asked.pictures / (half_s + other_s), 1),
        "megabytes": {"warm": round(before), "half way": round(middle), "end": round(after)},
        "growth_second_half": round(after / middle, 3),
        "camera": seen,
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
