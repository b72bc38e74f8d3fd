"""Studies made with Optuna itself and read back."""

import contextlib
import re
import sqlite3
import sys
from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.errors import StudyError
from ferdash.runs import studies

PATHS = ["optimizer.lr", "sampling.focus.k"]
DEFINITION = {"config": {}, "dataset": {}, "vary": ["optimizer.lr=0.001..0.01", "sampling.focus.k=1..3"]}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'studies.db'}"


def make_study(url: str, name: str, scores: list[tuple[float, float]], ours: bool = True) -> optuna.Study:
    """A study whose first objective follows the learning rate alone."""
    study = optuna.create_study(storage=url, study_name=name, directions=["maximize", "maximize"])
    if ours:
        study.set_user_attr(studies.DEFINITION, DEFINITION)
    ranges = {
        "optimizer.lr": optuna.distributions.FloatDistribution(0.0, 1.0),
        "sampling.focus.k": optuna.distributions.IntDistribution(1, 3),
    }
    for place, values in enumerate(scores):
        settings = {"optimizer.lr": values[0], "sampling.focus.k": 1 + place % 3}
        attributes = {studies.RUN: f"run-{place}", studies.HOST: "here"}
        study.add_trial(
            optuna.create_trial(params=settings, distributions=ranges, values=values, user_attrs=attributes)
        )
    return study


def test_the_front_is_what_no_trial_beats_in_both(url: str) -> None:
    make_study(url, "s", [(0.5, 0.1), (0.6, 0.3), (0.4, 0.4), (0.6, 0.2)])
    study = studies.read_study(url, "s")
    assert [trial.number for trial in study.front] == [2, 3]
    assert [trial.on_front for trial in study.trials] == [False, True, True, False]
    first = study.trials[0]
    assert (first.state, first.accuracy, first.worst_f1, first.run, first.host) == (
        "finished",
        0.5,
        0.1,
        "run-0",
        "here",
    )
    assert first.settings == {"optimizer.lr": 0.5, "sampling.focus.k": 1}
    assert study.varied == PATHS


def test_trials_that_were_repeated_or_withdrawn_are_left_out(url: str) -> None:
    study = make_study(url, "s", [(0.5, 0.1)])
    study.ask()
    study.tell(1, state=optuna.trial.TrialState.FAIL)
    study.enqueue_trial({"optimizer.lr": 0.3}, user_attrs={studies.AGAIN: 1})
    withdrawn = study.ask({})
    assert withdrawn.number == 2  # the queued one: it is at work now
    given_back = study.ask()
    given_back.set_user_attr(studies.WITHDRAWN, True)
    study.tell(given_back, state=optuna.trial.TrialState.FAIL)
    broken = study.ask()
    broken.set_user_attr(studies.ERROR, "The loss became nan.")
    study.tell(broken, state=optuna.trial.TrialState.FAIL)
    study.enqueue_trial({"optimizer.lr": 0.7})
    found = studies.read_study(url, "s").trials
    assert [(trial.number, trial.state) for trial in found] == [
        (1, "finished"),
        (3, "running"),
        (5, "failed"),
        (6, "waiting"),
    ]
    assert found[2].error == "The loss became nan."
    assert found[3].settings == {"optimizer.lr": 0.7}


def test_the_table_has_a_row_for_each_trial_best_first(url: str) -> None:
    make_study(url, "s", [(0.5, 0.1), (0.6, 0.3)]).ask()
    table = studies.trials_table(studies.read_study(url, "s"))
    assert table["Trial"].tolist() == [2, 1, 3]
    assert table["Accuracy"].tolist()[:2] == [60.0, 50.0]
    assert table["Front"].tolist() == ["◆", "", ""]
    assert table["lr"].tolist()[:2] == [0.6, 0.5]
    assert list(table.columns) == [
        "Trial",
        "Front",
        "State",
        "Accuracy",
        "Worst F1",
        "lr",
        "k",
        "Run",
        "Why it failed",
    ]


def test_the_importance_goes_to_the_setting_that_the_score_follows(url: str) -> None:
    make_study(url, "s", [(place / 12, (place % 3) / 3) for place in range(12)])
    found = studies.importances(url, "s")
    assert found["accuracy"]["optimizer.lr"] > 0.9
    assert found["worst_f1"]["sampling.focus.k"] > 0.9
    assert all(sum(shares.values()) == pytest.approx(1.0) for shares in found.values())


def test_a_few_trials_have_no_importance(url: str) -> None:
    make_study(url, "s", [(0.1 * place, 0.1) for place in range(studies.LEAST_FOR_IMPORTANCE - 1)])
    assert studies.importances(url, "s") == {}


def test_studies_are_listed_newest_first_and_reading_makes_no_file(url: str, tmp_path: Path) -> None:
    assert studies.list_studies(url) == []
    with pytest.raises(StudyError, match="There is no study “s”"):
        studies.read_study(url, "s")
    assert list(tmp_path.iterdir()) == []
    make_study(url, "older", [])
    make_study(url, "newer", [])
    assert studies.list_studies(url) == ["newer", "older"]
    with pytest.raises(StudyError, match="There is no study “s”"):
        studies.read_study(url, "s")


def test_a_study_of_somebody_else_is_not_read(url: str) -> None:
    make_study(url, "theirs", [(0.5, 0.1)], ours=False)
    with pytest.raises(StudyError, match="was not made by ferdash sweep"):
        studies.read_study(url, "theirs")


def test_a_broken_or_foreign_file_is_a_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    broken, foreign = tmp_path / "broken.db", tmp_path / "foreign.db"
    broken.write_text("no database")
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE things (id INTEGER)")
    for path, told in ((broken, "file is not a database"), (foreign, "no such table")):
        before = path.read_bytes()
        with pytest.raises(StudyError, match=f"cannot be read or written .*{told}"):
            studies.list_studies(f"sqlite:///{path}")
        assert path.read_bytes() == before


def test_a_locked_file_is_a_sentence(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_study(url, "s", [])
    monkeypatch.setattr(studies, "READ_PATIENCE_S", 0)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StudyError, match="being written to by another process"):
            studies.list_studies(url)
    finally:
        other.close()
    assert studies.list_studies(url) == ["s"]


def test_an_address_that_leads_nowhere_is_a_sentence_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudyError, match="is no address of a database"):
        studies.list_studies("nonsense")
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(StudyError, match="pip install psycopg2-binary") as refused:
        studies.list_studies("postgresql://me:secret@localhost/studies")
    assert "secret" not in str(refused.value)


def test_another_version_of_optuna_is_a_sentence(url: str) -> None:
    def refuse() -> None:
        raise RuntimeError("The runtime optuna version 1.0 is no longer compatible with the table schema.")

    with pytest.raises(StudyError, match="another version of Optuna"), studies.database_errors(url):
        refuse()
    with pytest.raises(RuntimeError, match="else"), studies.database_errors(url):
        raise RuntimeError("something else")


def test_without_optuna_the_sentence_says_how_to_get_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(StudyError, match="pip install optuna"):
        studies.require_optuna()


@given(st.sets(st.sampled_from(["lr", "a.lr", "b.lr", "a.name", "b.name", "a.b.name", "epochs"]), min_size=1))
def test_short_names_are_ends_that_nobody_shares(paths: set[str]) -> None:
    names = studies.short_names(sorted(paths))
    assert len(set(names.values())) == len(paths)
    assert all(f".{path}".endswith(f".{name}") for path, name in names.items())


CHANGES = {
    "a definition without what is varied": "UPDATE study_user_attributes SET value_json = '{\"config\": {}}'",
    "a definition that is a number": "UPDATE study_user_attributes SET value_json = '7'",
    "text that is no JSON": "UPDATE study_user_attributes SET value_json = '{'",
    "a third score": "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (1, 2, 0.5, 'FINITE')",
    "a state that Optuna does not know": "UPDATE trials SET state = 'inf'",
    "a distribution cut short": "UPDATE trial_params SET distribution_json = '{\"name\"'",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_rows_that_no_sweep_writes_are_named(url: str, change: str) -> None:
    make_study(url, "s", [(0.5, 0.1), (0.6, 0.3)])
    file = url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as database:
        database.execute(change)
    with pytest.raises(StudyError, match=re.escape(file)):
        studies.read_study(url, "s")


@pytest.mark.parametrize("table", ["alembic_version", "version_info", "trial_heartbeats"])
def test_reading_leaves_a_database_that_lacks_a_table_as_it_is(url: str, tmp_path: Path, table: str) -> None:
    make_study(url, "s", [(0.5, 0.1)])
    with sqlite3.connect(tmp_path / "studies.db") as database:
        database.execute(f"DROP TABLE {table}")
    database.close()
    before = (tmp_path / "studies.db").read_bytes()
    with contextlib.suppress(StudyError):
        studies.read_study(url, "s")
    assert (tmp_path / "studies.db").read_bytes() == before
