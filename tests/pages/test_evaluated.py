"""Experiments: what is left of models when faces are made worse, and models by datasets, from what was kept."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ferdash.evaluation.intervals import Interval
from ferdash.evaluation.metrics import compute_metrics
from ferdash.evaluation.protocol import Protocol
from ferdash.evaluation.robustness import Robustness
from ferdash.inference.provenance import weights_of
from ferdash.runs.evaluations import keep_evaluation

Visit = Callable[..., AppTest]
PROTOCOL = Protocol("faces", "0123456789abcdef", "validation", 40, 0, 0, True, 0, "plain", "fedcba9876543210")


def text(app: AppTest) -> str:
    parts = [app.markdown, app.caption, app.info, app.warning, app.error]
    return "\n".join(entry.value for part in parts for entry in part)


def open_tab(visit: Visit, name: str) -> AppTest:
    app = visit("overview").switch_page("pages/experiments.py")
    app.query_params["experiments-first-view"] = name
    app = app.run()
    assert not app.exception
    return app


def keep_report(checkpoints: Path, model: str, share: float) -> None:
    report = Robustness(PROTOCOL, 0.7, np.full((10, 5), share), Interval(share - 0.02, share + 0.02))
    record = {"model": model, "weights": weights_of(model, checkpoints), "source": "other source"}
    keep_evaluation(checkpoints, "robustness", record | report.to_dict())


def keep_scores(checkpoints: Path, model: str, dataset: str, source: str) -> None:
    labels = np.repeat([0, 3, 4, 5], 10)
    metrics = compute_metrics(y_true=labels, probabilities=np.eye(7)[np.roll(labels, 4)])
    ends = {name: {"low": 0.5, "high": 0.7} for name in ("accuracy", "macro_f1")}
    protocol = PROTOCOL.to_dict() | {"dataset": dataset, "dataset_hash": dataset}
    record = {"model": model, "weights": weights_of(model, checkpoints), "source": source, "protocol": protocol}
    keep_evaluation(checkpoints, "scores", record | {"metrics": metrics.to_dict(), "intervals": ends})


@pytest.mark.parametrize("tab", ["Robustness", "Datasets"])
def test_without_anything_it_names_the_command(visit: Visit, data: Path, checkpoints: Path, tab: str) -> None:
    app = open_tab(visit, tab)
    assert "Nothing measured yet" in text(app)
    assert app.main[0].type == "title", "nothing stands above it"
    assert [code.value for code in app.code if code.value.startswith("ferdash evaluate ")]


def test_a_report_alone_and_held_against_another(visit: Visit, data: Path, fernet: Path, checkpoints: Path) -> None:
    shutil.copytree(fernet, fernet.with_name("second"))
    keep_report(checkpoints, "fernet", 0.5)
    app = open_tab(visit, "Robustness")
    assert "Mean over ten kinds and five strengths: 95% CI 48.0 to 52.0" in text(app)
    assert PROTOCOL.describe() in text(app)
    assert app.selectbox(key="experiments-robustness-against").disabled
    keep_report(checkpoints, "second", 0.6)
    app = open_tab(visit, "Robustness")
    names = app.selectbox(key="experiments-robustness-model").options
    assert set(names) == {f"{name} · faces validation, 40 images" for name in ("second", "fernet")}
    app.selectbox(key="experiments-robustness-model").set_value("second · faces validation, 40 images").run()
    app.selectbox(key="experiments-robustness-against").set_value("fernet · faces validation, 40 images").run()
    assert not app.exception
    assert "Mean corruption error 0.80: the errors of second over those of fernet" in text(app)


def test_what_earlier_weights_gave_is_not_shown(visit: Visit, data: Path, fernet: Path, checkpoints: Path) -> None:
    keep_report(checkpoints, "fernet", 0.5)
    (fernet / "model.safetensors").write_bytes(b"other weights")
    report = Robustness(PROTOCOL, 0.7, np.full((10, 5), 0.5), Interval(0.4, 0.6)).to_dict()
    keep_evaluation(checkpoints, "robustness", {"model": "run:gone@best", "weights": "0123", **report})
    app = open_tab(visit, "Robustness")
    assert "2 evaluations of weights that have changed since or are gone" in text(app)
    assert "Nothing measured yet" in text(app)


def test_models_by_datasets(visit: Visit, data: Path, fernet: Path, checkpoints: Path) -> None:
    keep_scores(checkpoints, "fernet", "faces", "same source")
    keep_scores(checkpoints, "fernet", "posed", "other source")
    app = open_tab(visit, "Datasets")
    frame = app.dataframe[-1].value
    notes = dict(zip(frame["Dataset"], frame["Note"], strict=True))
    lacking = "no disgust or fear or surprise"
    assert notes == {"faces": f"same source; {lacking}", "posed": lacking}
    assert "The model learned from the train split of that dataset" in text(app)
    assert "posed shows no disgust or fear or surprise: left out of macro F1 there" in text(app)
    assert set(frame["Accuracy"]) == {"60.0% (50.0 to 70.0)"}
