import sys
from pathlib import Path

import numpy as np
import pytest

from ferdash.errors import RunError
from ferdash.runs import meta, store, tracking
from ferdash.runs.export import metric_values
from ferdash.runs.importing import import_runs
from ferdash.runs.index import summary_of


@pytest.fixture
def family(make_run, root: Path) -> list[store.Run]:
    parent = make_run("a", (0.3, 1 / 3), name="First")
    meta.tag(root, "a", add=["good"])
    meta.note(root, "a", "Worth a look.")
    child = make_run(
        "b", (0.6,), first_epoch=2, group="g", parent={"run": "a", "checkpoint": "epoch-002", "changes": {}}
    )
    return [child, parent]


def test_mlflows_own_client_reads_every_number_back(family: list[store.Run], tmp_path: Path) -> None:
    path = tmp_path / "store" / "mlflow.db"
    tracking.export_mlflow(family, path)
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{path}")
    experiment = client.get_experiment_by_name(tracking.EXPERIMENT)
    found = {run.data.tags["ferdash.run"]: run for run in client.search_runs([experiment.experiment_id])}
    for run in family:
        theirs, rows = found[run.id], store.read_metrics(run.folder)
        expected = {(name, row["epoch"]): value for row in rows for name, value in metric_values(row).items()}
        read = {
            (name, point.step): point.value
            for name in theirs.data.metrics
            for point in client.get_metric_history(theirs.info.run_id, name)
        }
        assert read == expected
        assert theirs.data.params["optimizer.lr"] == "0.002"
        assert theirs.data.params["evaluation.select"] == "accuracy"
        assert theirs.info.status == "FINISHED"
    parent, child = found["a"], found["b"]
    assert parent.info.run_name == "First"
    assert parent.data.tags["mlflow.note.content"] == "Worth a look."
    assert parent.data.tags["tag.good"] == "yes"
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (child.data.tags["ferdash.parent_run"], child.data.tags["ferdash.parent_checkpoint"]) == ("a", "epoch-002")
    assert (child.data.tags["ferdash.group"], child.data.tags["ferdash.code"]) == ("g", "0f709548b669")

    tracking.export_mlflow(family, path)
    again = client.search_runs([experiment.experiment_id])
    assert sorted(run.data.tags["ferdash.run"] for run in again) == ["a", "b"]


def test_an_mlflow_store_is_imported_with_every_number(family: list[store.Run], tmp_path: Path) -> None:
    tracking.export_mlflow(family, tmp_path / "theirs")
    root = tmp_path / "elsewhere"
    ids, known = import_runs(tmp_path / "theirs", root)
    assert known == 0
    by_name = {summary_of(root, run_id).name: run_id for run_id in ids}
    assert set(by_name) == {"First", "b"}
    rows = store.read_metrics(root / by_name["First"])
    ours = store.read_metrics(family[1].folder)
    assert rows == [{name: value for name, value in row.items() if name != "focus"} for row in ours]
    summary = summary_of(root, by_name["First"])
    assert (summary.kind, summary.state, summary.created_at[:10]) == (
        "imported",
        "finished",
        family[1].record["created_at"][:10],
    )
    parameters = store.open_run(root, by_name["First"]).record["config"]["parameters"]
    assert parameters["optimizer.lr"] == "0.002"
    assert import_runs(tmp_path / "theirs", root) == ([], 2)


def test_mlflows_older_file_stores_are_read_too(tmp_path: Path, root: Path) -> None:
    client = tracking.mlflow_client(tmp_path / "mlflow.db")
    from mlflow import MlflowClient

    files = MlflowClient(tracking_uri=(tmp_path / "mlruns").as_uri())
    run = files.create_run(files.create_experiment("old"), run_name="from 2024")
    for step, value in enumerate((0.25, 0.5)):
        files.log_metric(run.info.run_id, "val_accuracy", value, step=step)
    assert client is not None
    (run_id,), _ = import_runs(tmp_path / "mlruns", root)
    summary = summary_of(root, run_id)
    assert (summary.name, summary.epochs_done, summary.best.accuracy) == ("from 2024", 2, 0.5)


def test_tensorboards_own_reader_reads_every_number_back(family: list[store.Run], tmp_path: Path) -> None:
    tracking.export_tensorboard(family, tmp_path)
    tracking.export_tensorboard(family, tmp_path)  # the second takes the place of the first
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata
    from tensorboard.util import tensor_util

    for run in family:
        events = EventAccumulator(str(tmp_path / run.id), size_guidance={"scalars": 0, "tensors": 0}).Reload()
        rows = store.read_metrics(run.folder)
        expected = {
            (name, row["epoch"]): np.float32(value) for row in rows for name, value in metric_values(row).items()
        }
        read = [
            ((name, event.step), np.float32(event.value))
            for name in events.Tags()["scalars"]
            for event in events.Scalars(name)
        ]
        assert len(read) == len(expected)
        assert dict(read) == expected
        content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
        hparams = metadata.parse_session_start_info_plugin_data(content).hparams
        assert hparams["optimizer.lr"].number_value == 0.002
        assert hparams["recipe"].string_value == "fernet"
        (lineage,) = tensor_util.make_ndarray(events.Tensors("lineage")[0].tensor_proto).tolist()
        assert f"| ferdash.command | {run.record['command']} |" in lineage.decode()


@pytest.mark.parametrize(
    ("package", "act", "advice"),
    [
        ("mlflow", tracking.export_mlflow, r"pip install 'ferdash\[mlflow\]'"),
        ("sqlalchemy", tracking.export_mlflow, r"pip install 'ferdash\[mlflow\]'"),
        (
            "tensorboard.summary.writer.event_file_writer",
            tracking.export_tensorboard,
            r"pip install 'ferdash\[tensorboard\]'",
        ),
    ],
)
def test_a_missing_package_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, act, advice: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RunError, match=f"is not installed here; get it with: {advice}"):
        act([], tmp_path / "out")


def test_a_place_that_cannot_be_written_is_named(family: list[store.Run], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="The folder out cannot be written"):
        tracking.export_tensorboard(family, tmp_path / "file" / "out")
    with pytest.raises(RunError, match=r"The MLflow store x.db cannot be written"):
        tracking.export_mlflow(family, tmp_path / "file" / "x.db")


def test_nothing_is_reported_to_anybody(tmp_path: Path) -> None:
    tracking.mlflow_client(tmp_path / "x.db")
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()


def test_a_time_that_is_none_is_named(make_run, tmp_path: Path) -> None:
    run = make_run("a", created_at="yesterday")
    with pytest.raises(RunError, match="says “yesterday” for the time it began, which is none"):
        tracking.export_mlflow([run], tmp_path / "theirs")
