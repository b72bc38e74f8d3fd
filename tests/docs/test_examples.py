"""The example clients, against a running server."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image
from skimage.data import astronaut

from ferdash.video.sample import write_sample

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def port(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    folders = {"FERDASH_DATA": str(tmp_path / "data"), "FERDASH_CHECKPOINTS": str(PROJECT / "checkpoints")}
    command = [sys.executable, "-m", "ferdash", "serve", "--port", str(number)]
    process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | folders, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        with httpx.Client(timeout=2) as client:  # one, as each reads all certificates of this computer
            while time.monotonic() < deadline:
                try:
                    client.get(f"http://127.0.0.1:{number}/v1/health")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
        yield number
    finally:
        process.terminate()
        process.wait(timeout=20)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=os.environ | environment, capture_output=True, text=True, timeout=180, check=False
    )


def test_the_client_and_the_experiment(port, tmp_path):
    Image.fromarray(astronaut()[:256, 96:352]).save(tmp_path / "she.jpg", quality=95)
    write_sample(tmp_path / "drawn.mp4", seconds=1)
    url = f"http://127.0.0.1:{port}"
    done = run("examples/client.py", str(tmp_path / "she.jpg"), str(tmp_path / "drawn.mp4"), FERDASH_URL=url)
    assert done.returncode == 0, done.stderr
    assert "she.jpg: happy 1.00\ndrawn.mp4: done\ntrack," in done.stdout
    assert httpx.get(f"{url}/v1/analyses").json() == []

    (tmp_path / "frames").mkdir()
    for number in range(4):
        Image.fromarray(astronaut()[:256, 96 + number : 352 + number]).save(tmp_path / "frames" / f"{number}.jpg")
    camera = ["examples/experiment.py", str(tmp_path / "frames"), "--url", f"ws://127.0.0.1:{port}/v1/live"]
    refused = run(*camera)
    assert (refused.returncode, "Nobody is analysed without having agreed" in refused.stderr) == (1, True)
    rows = run(*camera, "--consent", "yes").stdout.splitlines()
    assert rows[0] == "timestamp_s,stimulus,angry,disgust,fear,happy,neutral,sad,surprise"
    assert len(rows) == 5
    assert float(rows[-1].split(",")[5]) > 0.9
