"""`ferdash serve` as a process of its own: this computer alone, or others with a token."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def serve(tmp_path):
    """Start the command: serve(*arguments) gives its address and what it has said."""
    started = []

    def go(*arguments: str) -> tuple[str, str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        folders = {"FERDASH_DATA": str(tmp_path), "FERDASH_CHECKPOINTS": str(PROJECT / "checkpoints")}
        said = (tmp_path / "said.txt").open("w+")
        command = [sys.executable, "-m", "ferdash", "serve", "--port", str(port), *arguments]
        process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | folders, stderr=said)
        started.append((process, said))
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
        with httpx.Client(timeout=2) as client:  # one, as each reads all certificates of this computer
            while time.monotonic() < deadline:
                assert process.poll() is None, (tmp_path / "said.txt").read_text()
                try:
                    client.get(f"{url}/v1/health")
                    return url, (tmp_path / "said.txt").read_text()
                except httpx.TransportError:
                    time.sleep(0.1)
        return pytest.fail("the server does not answer")

    yield go
    for process, said in started:
        process.terminate()
        process.wait(timeout=20)
        said.close()


def test_this_computer_needs_no_token(serve):
    url, said = serve()
    assert f"ferdash answers at {url}/docs" in said
    assert "Bearer" not in said
    answer = httpx.get(f"{url}/v1/models")
    assert [one["reference"] for one in answer.json()] == ["fernet-plus", "fernet"]
    assert "server" not in answer.headers


def test_others_need_the_one_that_was_made(serve):
    url, said = serve("--host", "0.0.0.0")
    token = re.search(r"Authorization: Bearer (\S+)", said)[1]
    assert httpx.get(f"{url}/v1/models").status_code == 401
    assert httpx.get(f"{url}/v1/models", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert httpx.get(f"{url}/v1/models", headers={"host": "elsewhere.example"}).status_code == 403


def test_a_token_that_is_too_short_is_refused(monkeypatch):
    from typer.testing import CliRunner

    from ferdash.cli.main import app
    from ferdash.errors import ConfigError

    monkeypatch.setenv("FERDASH_TOKEN", "short")
    done = CliRunner().invoke(app, ["serve"])
    assert isinstance(done.exception, ConfigError)
    assert "The token has 5 characters" in str(done.exception)
