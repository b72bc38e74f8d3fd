"""The guard before the app's server: by itself, and before the real server, asked as a foreign page would."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ferdash.serving import Guard

PROJECT = Path(__file__).parents[1]
START_S = 120


async def greet(websocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


async def page(request) -> HTMLResponse:
    return HTMLResponse("<p>a page", headers={"X-Frame-Options": "ALLOWALL"})


@pytest.fixture
def client() -> TestClient:
    inner = Starlette(routes=[Route("/", page, methods=["GET", "POST"]), WebSocketRoute("/ws", greet)])
    guarded = Guard(inner, hosts=lambda: ["*.lab.example"], origins=lambda: ["https://portal.example"])
    return TestClient(guarded, base_url="http://localhost:8501")


def connects(client: TestClient, **headers: str) -> bool:
    try:
        with client.websocket_connect("ws://localhost:8501/ws", headers=headers) as socket:
            return socket.receive_text() == "hello"
    except WebSocketDisconnect:
        return False


@pytest.mark.parametrize("host", ["localhost:8501", "LOCALHOST", "127.0.0.1:8501", "[::1]:8501", "a.lab.example"])
def test_it_answers_under_its_own_names(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200
    assert connects(client, host=host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8501", "localhost.evil.example", "lab.example", "localhost@evil.example", "["],
)
def test_it_answers_under_no_other_name(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "a page" not in answer.text
    assert "--server.allowedHosts" in answer.text
    assert not connects(client, host=host)


def test_only_its_own_pages_and_those_allowed_connect(client: TestClient) -> None:
    assert connects(client, origin="http://localhost:8501")
    assert connects(client, origin="https://portal.example")
    assert connects(client)  # no browser
    for origin in ("http://evil.example", "http://localhost:9999", "null", "https://localhost.evil.example"):
        assert not connects(client, origin=origin), origin
        assert client.post("/", headers={"Origin": origin}).status_code == 403
    assert client.post("/", headers={"Origin": "http://localhost:8501"}).status_code == 200


def test_it_lets_no_foreign_page_frame_it_and_fetches_nothing_foreign(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers.get_list("x-frame-options") == ["SAMEORIGIN"]
    policy = dict(rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";"))
    assert policy["frame-ancestors"] == policy["default-src"] == "'self'"
    assert policy["connect-src"].split() == ["'self'", "ws://localhost:8501", "wss://localhost:8501", "data:", "blob:"]
    assert not [rule for rule in policy.values() if "*" in rule or "http" in rule]


# --- before the real server -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of the app, started as anybody would."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    roots = {"FERDASH_DATA": str(folder / "data"), "FERDASH_CHECKPOINTS": str(folder / "checkpoints")}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--server.port={port}"], cwd=PROJECT, env=os.environ | roots, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + START_S
            while ask(port, "/_stcore/health", {}) != 200:
                assert process.poll() is None, (folder / "log.txt").read_text()
                assert time.monotonic() < deadline, (folder / "log.txt").read_text()
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert "Traceback" not in (folder / "log.txt").read_text()


def ask(port: int, path: str, headers: dict[str, str]) -> int | None:
    """The status of the answer; None when nobody answers yet."""
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    except ConnectionError:
        return None
    finally:
        connection.close()


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "streamlit",
}


def test_the_server_is_guarded(port: int) -> None:
    assert ask(port, "/", {}) == 200
    assert ask(port, "/", {"Host": f"evil.example:{port}"}) == 403
    assert ask(port, "/_stcore/stream", UPGRADE | {"Origin": f"http://localhost:{port}"}) == 101
    assert ask(port, "/_stcore/stream", UPGRADE | {"Origin": "http://evil.example"}) == 403
    assert ask(port, "/_stcore/stream", UPGRADE | {"Host": f"evil.example:{port}"}) == 403
