"""The picker of the model: it shows the names of runs, and a link names a model whatever it is called by now."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ferdash.runs.meta import rename
from ferdash.runs.store import create_run, write_status
from ferdash.training.config import TrainConfig, to_dict

Visit = Callable[..., AppTest]
RUN = "20250101-000000-custom-0001"
REFERENCE = f"run:{RUN}"


@pytest.fixture
def run(fernet: Path, checkpoints: Path) -> Path:
    """A run with a best epoch, called "first try", besides a shipped model."""
    record = {"config": to_dict(TrainConfig()), "dataset": {"name": "demo", "hash": "0" * 16, "images": 700}}
    made = create_run(checkpoints / "runs", RUN, record, name="first try")
    write_status(made.folder, state="finished")
    (made.checkpoints / "best.pt").touch()
    return made.folder


def shown(app: AppTest) -> str:
    box = app.selectbox(key="model-shown")
    return box.options[box.index]


def test_a_run_is_shown_by_its_name_and_the_address_has_its_reference(visit: Visit, run: Path) -> None:
    app = visit("overview")
    assert f"Run first try · {RUN}" in app.selectbox(key="model-shown").options
    app.selectbox(key="model-shown").set_value(REFERENCE).run()
    assert not app.exception
    assert app.session_state["model"] == REFERENCE  # what the browser writes into the address
    assert shown(app) == f"Run first try · {RUN}"


@pytest.mark.parametrize("named", [REFERENCE, f"Run {RUN}"])
def test_a_link_to_a_run_outlives_its_name(visit: Visit, run: Path, named: str) -> None:
    app = visit("overview", model=named)
    rename(run.parent, RUN, "the one for the paper")
    app.run()
    assert not app.exception
    assert shown(app) == f"Run the one for the paper · {RUN}"
    assert app.selectbox(key="model-shown").value == REFERENCE


def test_a_link_with_the_title_of_a_shipped_model_goes_on_working(visit: Visit, fernet: Path) -> None:
    app = visit("overview", model="FerNet")
    assert app.selectbox(key="model-shown").value == "fernet"


def test_a_link_to_a_run_that_is_gone_says_which(visit: Visit, fernet: Path) -> None:
    app = visit("predict", model=f"Run {RUN}")
    assert any(RUN in error.value for error in app.error)


def test_what_is_chosen_first_needs_no_words_in_the_address(visit: Visit, run: Path) -> None:
    app = visit("overview", model=REFERENCE)
    app.selectbox(key="model-shown").set_value("fernet").run()
    assert app.session_state["model"] == ""
    assert app.selectbox(key="model-shown").value == "fernet"
