"""Overview: with nothing there, with a dataset, model and run there, and with a damaged one."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from ferdash.data.dataset import save_dataset
from ferdash.runs.store import create_run, write_status
from ferdash.training.config import TrainConfig, to_dict

Visit = Callable[..., AppTest]

CARD = """---
model-index:
- name: FerNet
  results:
  - task: {type: image-classification}
    dataset: {name: FER2013, type: fer2013, split: validation}
    metrics: [{type: accuracy, value: 0.6712}]
---
"""


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.title, *app.markdown, *app.caption, *app.code])


def test_empty_overview_says_what_to_do_first(visit: Visit, data: Path, checkpoints: Path) -> None:
    app = visit("overview")
    assert not app.exception
    assert not app.error
    assert "no picture and no result leaves it" in words(app)
    assert "let ferdash draw a small demo dataset" in words(app)
    assert {link.label for link in app.get("page_link")} >= {"Get a dataset", "Train a model"}
    assert not app.code, "buttons, not command lines"


def test_overview_tells_limits_and_protocol(visit: Visit, data: Path, checkpoints: Path) -> None:
    app = visit("overview")
    text = words(app)
    assert "What emotion recognition cannot do" in {expander.label for expander in app.expander}
    assert "Do not use it" in text
    assert "Nothing is tuned on the test images" in text


def test_overview_shows_dataset_model_and_run(visit: Visit, demo_data: Path, fernet: Path, checkpoints: Path) -> None:
    (fernet / "README.md").write_text(CARD)
    run = create_run(
        checkpoints / "runs",
        "20250101-000000-fernet-abcd",
        {"config": {"recipe": "fernet"}, "dataset": {"name": "demo", "hash": "9079d33afbb7c79f"}},
    )
    (run.folder / "meta.json").write_text(json.dumps({"name": "first try"}))
    write_status(run.folder, state="stopped", best={"score": 0.655, "select": "accuracy", "epoch": 3})
    app = visit("overview")
    text = words(app)
    assert not app.exception
    assert not app.error
    assert "## demo" in text
    assert "210 images" in text
    assert "outside train are in train too" in text
    assert "67.1% accuracy on FER2013, validation." in text
    assert "65.5%" in text
    assert "epoch 4" in text
    assert "## first try" in text
    assert "stopped: recipe fernet" in text
    next(button for button in app.button if button.label == "Watch or train").click()
    assert app.run().session_state["train-watched"] == run.id


def test_a_run_at_work_shows_how_far_it_is(visit: Visit, data: Path, checkpoints: Path) -> None:
    run = create_run(
        checkpoints / "runs",
        "20250101-000000-fernet-abcd",
        {"config": {"recipe": "fernet"}, "dataset": {"name": "demo", "hash": "9079d33afbb7c79f"}},
    )
    progress = {"epoch": 2, "epochs": 10, "batch": 5, "batches": 10, "eta_s": 90.0, "phase": "training"}
    write_status(run.folder, state="running", progress=progress)
    app = visit("overview")
    assert not app.exception
    bars = [(bar.value, bar.text) for bar in app.get("progress")]
    assert (25, "Epoch 3 of 10, 1 min 30 s left") in bars
    assert "No score yet" in words(app)


def test_a_run_at_work_comes_before_one_that_waits_behind_it(visit: Visit, data: Path, checkpoints: Path) -> None:
    for place, (name, state) in enumerate({"at work": "running", "next in line": "queued"}.items()):
        record = {"config": to_dict(TrainConfig()), "dataset": {"name": "demo", "hash": "0" * 16, "images": 700}}
        run = create_run(checkpoints / "runs", f"20250101-00000{place}-fernet-abcd", record, name=name)
        write_status(run.folder, state=state)
    assert "## at work" in words(visit("overview"))


def test_damaged_dataset_is_one_sentence_and_the_rest_goes_on(visit: Visit, data: Path, fernet: Path) -> None:
    faces = np.zeros((2, 48, 48), np.uint8)
    save_dataset(data, "torn", images=faces, labels=[0, 1], splits=["train"] * 2, sources=["a", "b"], origin="a test")
    (data / "torn" / "images.npy").write_bytes(b"")
    app = visit("overview")
    assert not app.exception
    assert ["“torn” is damaged" in error.value for error in app.error] == [True]
    assert "## torn" in words(app)
    assert "Go to Dataset" in {link.label for link in app.get("page_link")}
    assert "## FerNet" in words(app)


def test_damaged_run_is_one_sentence(visit: Visit, data: Path, checkpoints: Path) -> None:
    folder = checkpoints / "runs" / "20250101-000000-fernet-abcd"
    folder.mkdir(parents=True)
    (folder / "status.json").write_text(json.dumps({"state": "finished"}))
    app = visit("overview")
    assert not app.exception
    assert ["its folder is damaged" in error.value for error in app.error] == [True]
    assert f"## {folder.name}" in words(app)


def test_a_model_of_the_raters_is_introduced_by_their_agreement(visit: Visit, data: Path, fernet: Path) -> None:
    metrics, interval = {"accuracy": 0.61}, {"low": 0.594, "high": 0.626}
    raters = {"agreement": 0.919, "images": 2854, "interval": {"low": 0.909, "high": 0.929}}
    evaluation = {
        "described": "The validation split.",
        "metrics": metrics,
        "intervals": {"accuracy": interval},
        "calibration": {"against": "majority"},
        "raters": raters,
    }
    write = (fernet / "evaluation.json").write_text
    write(json.dumps({"evaluations": [evaluation]}))
    app = visit("overview")
    assert not app.exception
    scores = [text.value for text in app.markdown if "95% CI" in text.value]
    assert scores[0].startswith("**91.9%** agreement with most raters (95% CI 90.9 to 92.9%)")
    assert "2,854 validation images" in scores[0]
    assert [score[:19] for score in scores[1:]] == ["**61.0%** accuracy "], "the others behind “More”"
    write(json.dumps({"evaluations": [evaluation | {"calibration": None}]}))
    scores = [text.value for text in visit("overview").markdown if "95% CI" in text.value]
    assert scores[0].startswith("**61.0%** accuracy")
