"""`ferdash app` as somebody starts and stops it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

START_S = 90


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the app is a child of its command")
def test_who_stops_the_command_stops_the_app(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    folders = {"FERDASH_DATA": str(tmp_path / "data"), "FERDASH_CHECKPOINTS": str(tmp_path / "checkpoints")}
    command = [sys.executable, "-m", "ferdash", "app", "--server.headless=true", f"--server.port={port}"]
    process = subprocess.Popen(
        command, env=os.environ | folders, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + START_S
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.terminate()
        process.wait(timeout=30)
        assert not answers(port)
    finally:
        if process.poll() is None or answers(port):
            os.killpg(process.pid, signal.SIGKILL)
