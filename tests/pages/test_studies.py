"""The tab Studies: none yet, one with its front, trials taken into the comparison, and a broken database."""

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from streamlit.testing.v1 import AppTest

from ferdash.runs import store, studies
from ferdash.training.config import TrainConfig, override, to_dict

Visit = Callable[..., AppTest]
RUNS = [f"2025010{number}-000000-custom-000{number}" for number in (1, 2, 3)]
SCORES = [(0.5, 0.1), (0.6, 0.3), (0.4, 0.4)]


@pytest.fixture
def url(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("FERDASH_STUDIES", raising=False)
    return f"sqlite:///{checkpoints / 'studies.db'}"


@pytest.fixture
def runs(demo_data: Path, checkpoints: Path, url: str) -> None:
    """The runs of the first two trials; that of the third is on another machine."""
    for run_id, (accuracy, worst) in zip(RUNS[:2], SCORES, strict=False):
        config = to_dict(override(TrainConfig(), ["dataset=demo"]))
        record = {"config": config, "dataset": {"name": "demo", "hash": "abc", "images": 210}, "parent": None}
        run = store.create_run(checkpoints / "runs", run_id, {**record, "code": "0", "command": "", "group": "s"})
        scores = {"accuracy": accuracy, "macro_f1": accuracy, "f1": [worst] * 7, "images": 33}
        store.append_metrics(run.folder, {"epoch": 0, "step": 4, "seconds": 3.0, "validation": scores})
        store.write_status(run.folder, state="finished", best={"score": accuracy, "epoch": 0, "select": "accuracy"})


@pytest.fixture
def study(runs: None, url: str) -> optuna.Study:
    made = optuna.create_study(storage=url, study_name="first", directions=["maximize", "maximize"])
    config = to_dict(override(TrainConfig(), ["dataset=demo", "epochs=3"]))
    definition = {"config": config, "vary": ["optimizer.lr=0..1"], "dataset": {"name": "demo", "hash": "abc"}}
    made.set_user_attr(studies.DEFINITION, definition)
    for run_id, values in zip(RUNS, SCORES, strict=True):
        add_trial(made, run_id, values)
    return made


def add_trial(study: optuna.Study, run_id: str, values: tuple[float, float]) -> None:
    distributions = {"optimizer.lr": optuna.distributions.FloatDistribution(0.0, 1.0)}
    study.add_trial(
        optuna.create_trial(
            params={"optimizer.lr": values[0]},
            distributions=distributions,
            values=values,
            user_attrs={studies.RUN: run_id, studies.HOST: "here"},
        )
    )


def open_tab(visit: Visit) -> AppTest:
    return visit("experiments", view="Why?", why="Studies")


def text(app: AppTest) -> str:
    parts = [app.markdown, app.caption, app.info, app.error]
    return "\n".join(entry.value for part in parts for entry in part)


def test_without_a_study_the_tab_says_how_to_start_one(runs: None, visit: Visit) -> None:
    app = open_tab(visit)
    assert not app.exception
    assert "No study yet" in text(app)
    assert [code.value for code in app.code] == ["ferdash sweep --study first --dataset demo --trials 20"]


def test_a_study_shows_its_state_its_front_and_its_trials(study: optuna.Study, visit: Visit) -> None:
    study.ask()
    app = open_tab(visit)
    assert not app.exception
    assert "3 trials finished, 1 running" in text(app)
    assert "3 epochs each, on demo" in text(app)
    assert "one run from one seed" in text(app)
    assert "from 10 finished trials on; 7 to go" in text(app)
    assert "The runs of 1 trial are on another machine" in text(app)
    (trials,) = [frame.value for frame in app.dataframe if "Trial" in frame.value]
    assert trials["Trial"].tolist() == [2, 1, 3, 4]
    assert trials["Front"].tolist() == ["◆", "", "◆", ""]


def test_the_importance_comes_with_a_caution(study: optuna.Study, visit: Visit) -> None:
    for place in range(10):
        add_trial(study, "", (0.05 * place, 0.1))
    app = open_tab(visit)
    assert not app.exception
    assert "it is a hint, not a finding" in text(app)


def test_the_front_is_taken_into_the_comparison(study: optuna.Study, visit: Visit) -> None:
    app = open_tab(visit)
    (compare,) = [button for button in app.button if button.label == "Compare the front"]
    compare.click().run()
    assert not app.exception
    assert app.query_params["experiments-runs"] in (RUNS[1], [RUNS[1]])  # AppTest gives one value either way


def test_a_broken_database_is_a_sentence(runs: None, checkpoints: Path, visit: Visit) -> None:
    (checkpoints / "studies.db").write_text("no database")
    app = open_tab(visit)
    assert not app.exception
    assert "cannot be read or written (file is not a database)" in text(app)
