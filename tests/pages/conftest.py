"""The app without a browser: each test gets roots of its own and says what is in them."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from aiortc.contrib.media import MediaRelay
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, local_script_runner

from pages.parts.common.keys import SHARED
from pages.parts.live import compat as live_compat

from ferdash.data.dataset import open_dataset
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.runs import store

MAIN = Path(__file__).parents[2] / "streamlit_app.py"
TIMEOUT_S = 60


@pytest.fixture(autouse=True, scope="session")
def once() -> Iterator[None]:
    """What a server does once AppTest does again and again: it looks through every installed package for components of
    Streamlit's at each start, and compiles the scripts at each run. That is a third of what these tests take."""
    scripts = ScriptCache()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        patch.setattr(local_script_runner, "ScriptCache", lambda: scripts)
        yield


@pytest.fixture(autouse=True)
def through_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each run AppTest takes a folder called pages/ for pages of Streamlit's old kind, and would run a page
    without the frame around it; a server asks once, before st.navigation has been called."""
    start = PagesManager.__init__

    def start_new_kind(manager: PagesManager, *arguments: Any, **options: Any) -> None:
        start(manager, *arguments, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", start_new_kind)


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoints root that the app uses; empty."""
    folder = tmp_path / "checkpoints"
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data root that the app uses; empty."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("FERDASH_DATA", str(folder))
    return folder


@pytest.fixture
def demo_data(demo_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data root that the app uses, with the dataset "demo" in it; treat it as read-only."""
    monkeypatch.setenv("FERDASH_DATA", str(demo_root))
    return demo_root


@pytest.fixture
def fernet(checkpoints: Path) -> Path:
    """A small model called fernet that has learnt nothing."""
    folder = checkpoints / "models" / "fernet"
    FerNetForImageClassification(FerNetConfig(width=8)).save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)
    return folder


@pytest.fixture
def make_run(demo_root: Path, checkpoints: Path, write_run: Callable[..., store.Run]) -> Callable[..., store.Run]:
    """A finished run on the demo dataset, see `write_run`."""
    return partial(write_run, checkpoints / "runs", open_dataset(demo_root, "demo"))


@pytest.fixture
def without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """streamlit-webrtc asks the server for its session and relay, and in AppTest the server is a mock without any."""
    monkeypatch.setattr("streamlit_webrtc.component.get_this_session_info", lambda: None)
    monkeypatch.setattr(live_compat, "get_global_relay", MediaRelay)


@pytest.fixture
def visit() -> Callable[..., AppTest]:
    """Open a page of the app with these query parameters, its own without the prefix, and run it once."""

    def visit(page: str, **parameters: str) -> AppTest:
        app = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S)
        for name, value in parameters.items():
            app.query_params[name if name in SHARED else f"{page}-{name}"] = value
        app.run()
        return app if page == "overview" else app.switch_page(f"pages/{page}.py").run()

    return visit
