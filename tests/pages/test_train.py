"""Train: without a dataset, its form, and a run from start to resume."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.train.labels import LABELS

from ferdash.data.dataset import open_dataset, save_dataset
from ferdash.records import flatten
from ferdash.runs.importing import import_runs
from ferdash.runs.store import create_run, list_run_ids, open_run, read_meta, read_metrics, read_status, write_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, override, to_dict

Visit = Callable[..., AppTest]
PATIENCE_S = 60


def button(app: AppTest, label: str):
    (found,) = [entry for entry in app.button if entry.label == label]
    return found


def text_input(app: AppTest, label: str):
    return next(entry for entry in app.text_input if entry.label == label)


def test_without_a_dataset_it_leads_to_one(visit: Visit, data: Path, checkpoints: Path) -> None:
    app = visit("train")
    assert not app.exception
    assert any("Training needs a dataset" in info.value for info in app.info)


def test_the_form_shows_the_recipe_and_what_was_changed(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    assert not app.exception
    assert app.radio(key="train-recipe").proto.captions[0] == "Train FerNet from scratch."
    text_input(app, "Learning rate").set_value("1e-4").run()
    assert any("optimizer.lr: 0.002 → 0.0001" in entry.value for entry in app.markdown)


def test_a_model_of_other_classes_is_said_to_get_a_new_layer(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    folder = checkpoints / "models" / "backbone"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "tench", "1": "goldfish"}}))
    app = visit("train")
    next(entry for entry in app.selectbox if entry.label == "Start from").set_value("backbone").run()
    assert not app.exception
    assert any("backbone was made for 2 other classes, so training starts with a new" in i.value for i in app.info)


def number(app: AppTest, label: str):
    return next(entry for entry in app.number_input if entry.label == label)


def test_what_was_entered_is_still_there_after_another_page(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    number(app, "Epochs").set_value(7).run()
    text_input(app, "Learning rate").set_value("0.0003").run()
    text_input(app, "Name (optional)").set_value("low rate").run()
    next(entry for entry in app.selectbox if entry.label == "Schedule").set_value("constant").run()
    app.switch_page("pages/dataset.py").run()
    assert not [entry for entry in app.number_input if entry.label == "Epochs"]
    app.switch_page("pages/train.py").run()
    assert number(app, "Epochs").value == 7
    assert text_input(app, "Learning rate").value == "0.0003"
    assert text_input(app, "Name (optional)").value == "low rate"
    assert next(entry for entry in app.selectbox if entry.label == "Schedule").value == "constant"
    assert any("epochs: 60 → 7" in entry.value for entry in app.markdown)


def test_each_setting_says_what_it_is_where_its_dataclass_does(
    visit: Visit, demo_data: Path, checkpoints: Path
) -> None:
    app = visit("train")
    assert number(app, "Epochs").help == "how often the training images are gone through; 0 only evaluates."
    assert text_input(app, "Focal loss gamma (0: cross-entropy)").help == "0 is cross-entropy, above 0 focal loss."


def test_the_dataset_is_named_and_one_that_a_recipe_does_not_fit_is_said_not_to(
    visit: Visit, demo_data: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("train")
    assert any(entry.value.startswith("Trains on **demo** (chosen in the sidebar): ") for entry in app.markdown)
    assert not app.warning
    app.radio(key="train-recipe").set_value("fernet_votes").run()
    assert any("the faces of demo are drawn" in warning.value for warning in app.warning)
    unrated = replace(open_dataset(demo_data, "demo"), votes=None)
    monkeypatch.setattr("pages.parts.common.shared.dataset", lambda: unrated)
    app.run()
    assert any("fernet_votes learns raters' votes, and demo has none" in warning.value for warning in app.warning)
    app.radio(key="train-recipe").set_value("fernet_labels").run()
    assert any("fernet_labels learns raters' votes" in warning.value for warning in app.warning)


def test_a_wrong_value_is_named_and_nothing_starts(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    text_input(app, "Learning rate").set_value("fast").run()
    assert any("optimizer.lr" in error.value and "a number" in error.value for error in app.error)
    assert not [entry for entry in app.button if entry.label == "Start training"]


def test_a_run_starts_in_the_background_and_can_be_stopped(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    next(entry for entry in app.number_input if entry.label == "Width (channels of the first stage)").set_value(8)
    next(entry for entry in app.number_input if entry.label == "Epochs").set_value(400)
    text_input(app, "Name (optional)").set_value("a long one")
    button(app, "Start training").click().run()
    assert not app.exception
    (run_id,) = list_run_ids(checkpoints / "runs")
    folder = checkpoints / "runs" / run_id
    # Nothing was drawn between what was entered and the click, as when the click itself leaves the last entry.
    config = open_run(checkpoints / "runs", run_id).record["config"]
    assert (config["epochs"], config["network"]["width"]) == (400, 8)
    assert read_meta(folder)["name"] == "a long one"
    _until(lambda: len(read_metrics(folder)) >= 1)
    app.run()
    assert {"Pause", "Stop"} <= {entry.label for entry in app.button}
    button(app, "Stop").click().run()
    _until(lambda: read_status(folder)["state"] == "stopped")


def test_an_estimate_stays_until_the_form_says_something_else(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    next(entry for entry in app.number_input if entry.label == "Width (channels of the first stage)").set_value(8).run()
    button(app, "Estimate").click().run()
    assert any("on disk" in info.value for info in app.info)
    app.run()
    assert any("on disk" in info.value for info in app.info)
    text_input(app, "Learning rate").set_value("1e-4").run()
    assert not any("on disk" in info.value for info in app.info)


def test_an_estimate_warns_of_what_has_no_room(
    visit: Visit, demo_data: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferdash.training.estimate.free_bytes", lambda device: 1_000_000)
    app = visit("train")
    next(entry for entry in app.number_input if entry.label == "Width (channels of the first stage)").set_value(8).run()
    button(app, "Estimate").click().run()
    (warning,) = app.warning
    assert "1 MB of memory are free here, too little" in warning.value


def test_several_seeds_are_queued_as_one_group(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    next(entry for entry in app.number_input if entry.label == "Width (channels of the first stage)").set_value(8)
    next(entry for entry in app.number_input if entry.label == "Epochs").set_value(1)
    next(entry for entry in app.number_input if entry.key == "train-seeds").set_value(2).run()
    button(app, "Start 2 runs").click().run()
    assert not app.exception
    runs = [open_run(checkpoints / "runs", run_id) for run_id in list_run_ids(checkpoints / "runs")]
    assert {run.record["config"]["seed"] for run in runs} == {0, 1}
    assert len({run.record["group"] for run in runs} - {""}) == 1
    _until(lambda: all(read_status(run.folder)["state"] == "finished" for run in runs))


def test_the_queue_calls_a_run_by_its_name(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    number(app, "Width (channels of the first stage)").set_value(8)
    number(app, "Epochs").set_value(400)
    for name in ("at work", "next in line"):
        text_input(app, "Name (optional)").set_value(name)
        button(app, "Start training").click().run()
    (waiting,) = [line.value for line in app.caption if line.value.startswith("Queue, place 1")]
    assert waiting.startswith("Queue, place 1: next in line · ")
    button(app, "Remove").click().run()
    assert not [line for line in app.caption if line.value.startswith("Queue")]
    at_work = next(run_id for run_id in app.selectbox(key="train-watched").options if run_id.startswith("at work"))
    app.selectbox(key="train-watched").set_value(at_work.split(" · ")[1]).run()
    button(app, "Stop").click().run()
    folder = checkpoints / "runs" / at_work.split(" · ")[1]
    _until(lambda: read_status(folder)["state"] == "stopped")


def test_a_damaged_dataset_is_said_once_and_runs_are_watched_all_the_same(
    visit: Visit, data: Path, checkpoints: Path
) -> None:
    run = create_run(checkpoints / "runs", "20250101-000000-custom-0001", _record())
    write_status(run.folder, state="failed", error="The disk is full.")
    faces = np.zeros((2, 48, 48), np.uint8)
    save_dataset(data, "torn", images=faces, labels=[0, 1], splits=["train"] * 2, sources=["a", "b"], origin="a test")
    (data / "torn" / "images.npy").write_bytes(b"")
    app = visit("train")
    assert not app.exception
    damage, failure = (error.value for error in app.error)
    assert "“torn” is damaged" in damage
    assert failure == "The disk is full."
    assert "Go to Dataset" in {link.label for link in app.get("page_link")}


def test_seeds_and_folds_at_once_are_refused(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("train")
    next(entry for entry in app.number_input if entry.key == "train-seeds").set_value(2)
    next(entry for entry in app.number_input if entry.key == "train-folds").set_value(3).run()
    assert any("over several seeds or over folds, not both" in error.value for error in app.error)


def test_an_interrupted_run_comes_first_with_resume(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    config = override(TrainConfig(), ["dataset=demo", "epochs=1", "network.width=8", "network.depths=1"])
    record = {"config": to_dict(config), "dataset": {"name": "demo", "hash": ""}, "command": "", "parent": None}
    run = create_run(checkpoints / "runs", "20250101-000000-custom-0001", record)
    write_status(run.folder, state="running")
    status = json.loads((run.folder / "status.json").read_text())
    (run.folder / "status.json").write_text(json.dumps({**status, "heartbeat": 0}))
    app = visit("train")
    assert any("was interrupted" in warning.value for warning in app.warning)
    next(entry for entry in app.button if entry.key == f"train-resume:{run.id}").click().run()
    _until(lambda: read_status(run.folder)["state"] == "finished")


def test_a_phone_is_led_to_the_run_at_work_and_to_no_other(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    config = to_dict(override(TrainConfig(), ["dataset=demo"]))
    record = {"config": config, "dataset": {"name": "demo", "hash": ""}, "command": "", "parent": None}
    run = create_run(checkpoints / "runs", "20250101-000000-custom-0001", record, name="<mine>")
    for state, led in (("running", True), ("finished", False)):
        write_status(run.folder, state=state)
        app = visit("train")
        ways = [one.proto.body for one in app.get("html") if 'href="#fer-run"' in one.proto.body]
        assert [("<b>&lt;mine&gt;</b> is running" in way) for way in ways] == [True] * led
        assert any('id="fer-run"' in one.proto.body for one in app.get("html"))


def test_a_focus_chosen_on_test_is_marked(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    settings = ["dataset=demo", "sampling.mode=adaptive", "sampling.focus.measured_on=test"]
    config = to_dict(override(TrainConfig(), settings))
    record = {"config": config, "dataset": {"name": "demo", "hash": ""}, "command": "", "parent": None}
    run = create_run(checkpoints / "runs", "20250101-000000-custom-0002", record)
    write_status(run.folder, state="finished")
    app = visit("train")
    assert any("Tuned on test" in warning.value for warning in app.warning)


def test_a_continued_run_shows_its_own_settings(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    config = to_dict(override(TrainConfig(), ["dataset=demo", "recipe=fernet", "epochs=3"]))
    record = {"config": config, "dataset": {"name": "demo", "hash": ""}, "command": "", "parent": None}
    run = create_run(checkpoints / "runs", "20250101-000000-fernet-0003", record)
    write_status(run.folder, state="finished")
    app = visit("train")  # with the recipe's own 60 epochs in the form
    app.session_state["train-continue_from"] = f"{run.id}@epoch-002"
    app.run()
    assert [box.value for box in app.number_input if box.label == "Epochs"] == [3]
    assert not any("Changed from" in text.value for text in app.markdown)


def test_imported_runs_are_not_watched(visit: Visit, demo_data: Path, checkpoints: Path, tmp_path: Path) -> None:
    (tmp_path / "older.csv").write_text("run,epoch,accuracy\nvit,0,0.5\n")
    import_runs(tmp_path / "older.csv", checkpoints / "runs")
    app = visit("train")
    assert not app.error
    assert any("Nothing has been trained yet" in note.value for note in app.info)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.05)


def test_every_setting_has_a_label_that_is_not_its_name() -> None:
    fields = flatten(to_dict(TrainConfig()))
    elsewhere = {"recipe", "dataset", "start_from", "folds.count", "folds.index", "folds.within"}
    assert set(LABELS) == set(fields) - elsewhere
    assert len(set(LABELS.values())) == len(LABELS)
    assert not [label for path, label in LABELS.items() if label == path.rpartition(".")[2].replace("_", " ")]


def _record() -> dict[str, object]:
    dataset = {"name": "demo", "hash": "0" * 16, "images": 700}
    return {"config": to_dict(TrainConfig()), "dataset": dataset, "code": "0", "command": "", "group": ""}


def test_a_finished_run_is_used_everywhere_by_one_click(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    run = create_run(checkpoints / "runs", "20250101-000000-custom-0001", _record())
    best = {"score": 0.5, "epoch": 1, "select": "accuracy"}
    write_status(run.folder, state="stopped", best=best, progress={"eta_s": 600.0, "images_per_s": 200.0})
    app = visit("train")
    assert not app.exception
    assert "Left" not in [metric.label for metric in app.metric]
    button(app, "Use this model").click().run()
    assert next(entry for entry in app.selectbox if entry.label == "Model").value == f"run:{run.id}"
    assert [entry.value for entry in app.success] == ["In use on every page."]


def test_the_picked_run_is_called_the_same_whatever_its_state(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    run = create_run(checkpoints / "runs", "20250101-000000-custom-0001", _record())
    labels = []
    for state in ("stopped", "failed"):
        write_status(run.folder, state=state)
        labels.append(next(entry for entry in visit("train").selectbox if entry.label == "Run").options)
    assert labels[0] == labels[1] == [run.id]


def test_a_run_with_nothing_left_to_train_is_not_continued(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    settings = ["dataset=demo", "recipe=fernet", "network.width=4", "network.depths=1", "compute.threads=1"]
    run = start.create(override(TrainConfig(), settings), data=demo_data, checkpoints=checkpoints, name="tiny1")
    start.execute(run, data=demo_data, checkpoints=checkpoints)
    app = visit("train")
    app.session_state["train-continue_from"] = f"{run.id}@epoch-001"
    app.run()
    button(app, "Continue").click().run()
    assert any("tiny1 has trained its 1 epoch; ask for more" in error.value for error in app.error)
    assert list_run_ids(checkpoints / "runs") == [run.id]
