"""A study on a small dataset: what is drawn, shared, stopped, put back and refused."""

import socket
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from ferdash.data.demo import make_demo
from ferdash.errors import ConfigError, RunError, StudyError
from ferdash.runs import studies
from ferdash.runs.index import summary_of
from ferdash.runs.store import Run, list_run_ids, open_run, read_log, read_status, write_status
from ferdash.training import start, sweep, sweep_plan
from ferdash.training.config import TrainConfig, from_dict, override
from ferdash.training.control import Control

SMALL = ["network.width=4", "network.depths=1", "epochs=1", "compute.threads=1", "dataset=demo", "evaluation.test=true"]
BASE = override(TrainConfig(), SMALL)
VARY = ["optimizer.lr=1e-4..1e-2:log", "batch_size=16|32"]
DYING = "The disk is full"


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


@pytest.fixture
def url(checkpoints: Path) -> str:
    return f"sqlite:///{checkpoints / 'studies.db'}"


@pytest.fixture
def plan(demo_root: Path) -> sweep_plan.Plan:
    return sweep_plan.make_plan(BASE, VARY, seed=3, data=demo_root)


@pytest.fixture
def go_on(demo_root: Path, checkpoints: Path, url: str, plan: sweep_plan.Plan) -> Callable[..., studies.Study]:
    """Search until the study has so many trials, and read it."""

    def go_on(trials: int, plan: sweep_plan.Plan = plan, name: str = "s", **options) -> studies.Study:
        study, found = sweep_plan.join(url, name, plan, data=demo_root)
        control = options.pop("control", None) or Control()
        sweep.search(
            study, found, url=url, trials=trials, data=demo_root, checkpoints=checkpoints, control=control, **options
        )
        return studies.read_study(url, name)

    return go_on


def test_each_trial_is_a_run_with_its_scores(go_on: Callable, checkpoints: Path) -> None:
    started: list[tuple[int, str]] = []
    study = go_on(3, on_start=lambda number, run: started.append((number, run.id)))
    assert [(trial.number, trial.run) for trial in study.trials] == started
    assert sorted(run_id for _, run_id in started) == sorted(list_run_ids(checkpoints / "runs"))
    for trial in study.trials:
        run = open_run(checkpoints / "runs", trial.run)
        config, summary = from_dict(run.record["config"]), summary_of(checkpoints / "runs", run.id)
        assert (config.optimizer.lr, config.batch_size) == tuple(trial.settings[path] for path in study.varied)
        assert (run.record["group"], summary.name) == ("s", f"s {trial.number}")
        assert (trial.accuracy, trial.worst_f1) == (summary.best.accuracy, summary.best.worst_f1)
        assert not config.evaluation.test
        assert not (run.folder / "predictions" / "test.parquet").exists()


def test_what_a_trial_draws_depends_on_its_number_and_not_on_the_process(
    go_on: Callable, demo_root: Path, checkpoints: Path, url: str, plan: sweep_plan.Plan
) -> None:
    at_once = go_on(4, name="at once")
    go_on(2, name="in turns")
    in_turns = go_on(4, name="in turns")
    assert [trial.settings for trial in at_once.trials] == [trial.settings for trial in in_turns.trials]
    assert len({trial.settings["optimizer.lr"] for trial in at_once.trials}) == 4
    other = go_on(1, replace(plan, seed=4), name="other seed")
    assert other.trials[0].settings != at_once.trials[0].settings


def test_a_genetic_algorithm_can_draw_too(go_on: Callable, plan: sweep_plan.Plan) -> None:
    assert len(go_on(2, replace(plan, sampler="nsga2")).finished) == 2


def test_a_complete_study_trains_nothing(go_on: Callable, checkpoints: Path) -> None:
    go_on(1)
    assert len(go_on(1).trials) == 1
    assert len(list_run_ids(checkpoints / "runs")) == 1


def test_a_stopped_trial_is_put_back_and_resumed(go_on: Callable, checkpoints: Path, plan: sweep_plan.Plan) -> None:
    control = Control()
    longer = replace(plan, base=override(plan.base, ["epochs=3"]))

    def stop_in_the_second_epoch(progress) -> None:
        if progress.epoch == 1:
            control.stop.set()

    stopped = go_on(2, longer, control=control, on_progress=stop_in_the_second_epoch)
    (trial,) = stopped.trials
    assert trial.state == "waiting"
    assert read_status(checkpoints / "runs" / trial.run)["state"] == "stopped"
    finished = go_on(2, longer)
    assert [each.state for each in finished.trials] == ["finished", "finished"]
    assert (finished.trials[0].run, finished.trials[0].settings) == (trial.run, trial.settings)
    assert any("Resuming from checkpoint" in line for line in read_log(checkpoints / "runs" / trial.run))
    assert len(list_run_ids(checkpoints / "runs")) == 2


def test_a_trial_whose_run_is_elsewhere_starts_anew_with_the_same_settings(
    go_on: Callable, demo_root: Path, tmp_path: Path, url: str, plan: sweep_plan.Plan
) -> None:
    control = Control()
    stopped = go_on(1, control=control, on_progress=lambda progress: control.stop.set())
    study, found = sweep_plan.join(url, "s", None, data=demo_root)
    other = tmp_path / "other machine"
    sweep.search(study, found, url=url, trials=1, data=demo_root, checkpoints=other, control=Control())
    (trial,) = studies.read_study(url, "s").trials
    assert trial.settings == stopped.trials[0].settings
    assert trial.run != stopped.trials[0].run
    assert list_run_ids(other / "runs") == [trial.run]


def _die_at_work(go_on: Callable, checkpoints: Path, url: str, host: str) -> str:
    """Leave a finished trial as it looks when its process was killed at work; returns its run."""
    (trial,) = go_on(1).trials
    run = checkpoints / "runs" / trial.run
    write_status(run, state="running")
    status = (run / "status.json").read_text(encoding="utf-8")
    gone = status.replace(f'"pid": {read_status(run)["pid"]}', '"pid": 99999999')
    (run / "status.json").write_text(gone, encoding="utf-8")
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE trials SET state = 'RUNNING', datetime_complete = NULL")
        database.execute("DELETE FROM trial_values")
        database.execute("UPDATE trial_user_attributes SET value_json = ? WHERE key = 'host'", (f'"{host}"',))
        database.execute("DELETE FROM trial_heartbeats")
        if host != socket.gethostname():
            database.execute("INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (1, '2000-01-01 00:00:00')")
    return trial.run


@pytest.mark.parametrize("host", [socket.gethostname(), "another"], ids=["vanished process", "silent heartbeat"])
def test_the_trial_of_a_dead_process_is_taken_up(go_on: Callable, checkpoints: Path, url: str, host: str) -> None:
    run_id = _die_at_work(go_on, checkpoints, url, host)
    (trial,) = go_on(1).trials
    assert (trial.state, trial.run, trial.host) == ("finished", run_id, socket.gethostname())
    assert list_run_ids(checkpoints / "runs") == [run_id]


def test_a_trial_at_work_elsewhere_is_left_alone(go_on: Callable, checkpoints: Path, url: str) -> None:
    _die_at_work(go_on, checkpoints, url, "another")
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE trial_heartbeats SET heartbeat = CURRENT_TIMESTAMP")
    (trial,) = go_on(1).trials
    assert trial.state == "running"


def test_the_later_of_two_that_take_the_last_trial_gives_it_back(
    go_on: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on(1)
    looks = iter([0, 1])  # as if the other process had taken its trial between our look and our own
    monkeypatch.setattr(sweep, "taken", lambda study: next(looks))
    ended: list[object] = []
    assert len(go_on(1, on_end=ended.append).trials) == 1
    assert ended == []


def test_a_failed_run_fails_its_trial_and_ten_on_end_the_search(
    go_on: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_, **__) -> str:
        raise RunError("The loss became nan.")

    with monkeypatch.context() as patch:
        patch.setattr(start, "execute", fail)
        with pytest.raises(StudyError, match="10 trials on end have failed, the last so: The loss became nan"):
            go_on(1)
    study = go_on(1)
    assert [trial.state for trial in study.trials] == ["failed"] * 10 + ["finished"]
    assert study.trials[0].error == "The loss became nan."


def test_what_is_not_the_trials_fault_puts_it_back_three_times(
    go_on: Callable, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    def break_down(*_, **__) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(start, "execute", break_down)
    for state in ("waiting", "waiting", "failed"):
        with pytest.raises(StudyError, match=f"{DYING}.*The trial is put back"):
            go_on(1)
        (trial,) = studies.read_study(url, "s").trials
        assert trial.state == state


def test_scores_that_come_after_the_trial_was_given_up_do_not_end_the_search(go_on: Callable, url: str) -> None:
    def give_up(number: int, run: Run) -> None:
        with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
            database.execute("UPDATE trials SET state = 'FAIL' WHERE number = 0")

    assert [trial.state for trial in go_on(1, on_start=give_up).trials] == ["failed", "finished"]


def test_whoever_asks_for_something_else_is_told_what(go_on: Callable, demo_root: Path, url: str) -> None:
    go_on(1)
    base = override(BASE, ["epochs=2"])
    other = sweep_plan.make_plan(base, ["optimizer.lr=1e-4..1e-2:log"], seed=3, data=demo_root)
    with pytest.raises(StudyError, match="epochs is 1, not 2") as refused:
        sweep_plan.join(url, "s", other, data=demo_root)
    assert "batch_size is 16|32, not unvaried" in str(refused.value)


def test_a_study_of_other_images_is_refused(go_on: Callable, url: str, tmp_path: Path) -> None:
    go_on(1)
    (tmp_path / "data").mkdir()
    make_demo(tmp_path / "data", images=140)
    with pytest.raises(StudyError, match="with other images"):
        sweep_plan.join(url, "s", None, data=tmp_path / "data")


def test_a_study_that_is_not_there_or_not_ours_cannot_be_joined(
    demo_root: Path, url: str, plan: sweep_plan.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StudyError, match="There is no study “s”"):
        sweep_plan.join(url, "s", None, data=demo_root)
    monkeypatch.setattr(sweep_plan, "JOIN_PATIENCE_S", 0.0)
    optuna.create_study(storage=url, study_name="theirs")
    with pytest.raises(StudyError, match="was not made by ferdash sweep"):
        sweep_plan.join(url, "theirs", plan, data=demo_root)


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        (["epochs=0"], {}, "would have no epochs"),
        (["sampling.mode=adaptive", "sampling.focus.measured_on=test"], {}, "would tune on test"),
        ([], {"sampler": "grid"}, "there are: tpe, nsga2"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    demo_root: Path, settings: list[str], options: dict, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        sweep_plan.make_plan(override(BASE, settings), VARY, data=demo_root, **options)


def test_a_database_that_cannot_be_made_is_a_sentence(demo_root: Path, tmp_path: Path, plan: sweep_plan.Plan) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("no database")
    with pytest.raises(StudyError, match="file is not a database"):
        sweep_plan.join(f"sqlite:///{broken}", "s", plan, data=demo_root)
    assert broken.read_text() == "no database"
