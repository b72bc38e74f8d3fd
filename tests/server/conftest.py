"""A server of our own, in this process: small model, own folders, no network."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from skimage.data import astronaut

from ferdash.server.app import create_app
from ferdash.server.settings import ServeSettings

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def face() -> bytes:
    """A photograph of one face, as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(astronaut()[:256, 96:352]).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def settings(demo_root: Path, tmp_path: Path) -> ServeSettings:
    """The shipped models; datasets of the tests; analyses in a folder of this test."""
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    for part in ("models", "detectors"):  # and no runs, of which this checkout may have some
        (checkpoints / part).symlink_to(PROJECT / "checkpoints" / part)
    return ServeSettings(data=demo_root, analyses=tmp_path / "analyses", checkpoints=checkpoints)


@pytest.fixture
def start(settings: ServeSettings) -> Iterator[Callable[..., TestClient]]:
    """Start a server: start(**changes of the settings)."""
    clients: list[TestClient] = []

    def go(**changes) -> TestClient:
        app = create_app(replace(settings, **changes))
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        clients.append(client)
        return client.__enter__()

    yield go
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(start: Callable[..., TestClient]) -> TestClient:
    return start()
