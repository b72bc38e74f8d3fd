"""The app without a browser: each test gets roots of its own and says what is in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of

MAIN = Path(__file__).parents[2] / "streamlit_app.py"
TIMEOUT_S = 60


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
def visit() -> Callable[..., AppTest]:
    """Open a page of the app, with the given query parameters, and run it once."""

    def visit(page: str, **parameters: str) -> AppTest:
        app = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S)
        for name, value in parameters.items():
            app.query_params[name] = value
        app.run()
        return app if page == "overview" else app.switch_page(f"pages/{page}.py").run()

    return visit
