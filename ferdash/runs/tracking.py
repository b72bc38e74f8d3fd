"""Runs for MLflow and TensorBoard: every number of every epoch, the configuration as parameters, the lineage as tags.

Both are exports; the run folders stay the truth. The two packages are optional and loaded where they are used.
"""

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ferdash.errors import RunError
from ferdash.records import flatten
from ferdash.runs.export import metric_values
from ferdash.runs.store import Run, read_meta, read_metrics, read_status

EXPERIMENT = "ferdash"
RUN_TAG = "ferdash.run"

MLFLOW_STATES = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED", "interrupted": "KILLED"}
METRICS_AT_ONCE, OTHERS_AT_ONCE = 1000, 100
"""What MLflow takes in one call."""

DATABASES = (".db", ".sqlite", ".sqlite3")


def lineage_tags(run: Run) -> dict[str, str]:
    """Where the run comes from, and what a person said of it, as tags."""
    record, meta, parent = run.record, read_meta(run.folder), run.record.get("parent") or {}
    tags = {
        RUN_TAG: run.id,
        "ferdash.dataset": record["dataset"]["name"],
        "ferdash.dataset_hash": record["dataset"]["hash"],
        "ferdash.code": record["code"],
        "ferdash.command": record["command"],
        "ferdash.parent_run": parent.get("run"),
        "ferdash.parent_checkpoint": parent.get("checkpoint"),
        "ferdash.group": record.get("group"),
        "ferdash.tags": ", ".join(meta["tags"]),
        "mlflow.note.content": meta["notes"],
    }
    return {name: str(value) for name, value in tags.items() if value}


def mlflow_client(path: Path) -> Any:
    """MLflow's client for the store at `path`: an SQLite file (.db), or a folder that holds mlflow.db or MLflow's older
    file store. Raises RunError when MLflow is not installed."""
    # Read when it is imported: nothing may leave this machine, and the older stores are still opened.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    try:
        import sqlalchemy  # noqa: F401  (what mlflow-skinny leaves out and its database needs)
        from mlflow import MlflowClient
    except ImportError:
        raise RunError("MLflow is not installed here; get it with: pip install 'ferdash[mlflow]'") from None
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    uri = path.absolute().as_uri() if _is_file_store(path) else f"sqlite:///{_database(path).absolute()}"
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def is_mlflow_store(path: Path) -> bool:
    """Whether `path` is what `mlflow_client` opens. MLflow itself would make its tables in any database it is given."""
    if _is_file_store(path):
        return True
    try:
        with closing(sqlite3.connect(f"{_database(path).absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("SELECT 1 FROM experiments LIMIT 1")
    except (sqlite3.Error, ValueError):  # also a schema that is no text
        return False
    return True


def export_mlflow(runs: Sequence[Run], path: Path) -> None:
    """Write the runs into the MLflow store at `path` (see `mlflow_client`), made when it is not there; look at it with
    `mlflow ui --backend-store-uri sqlite:///PATH`. A run that is in it from an earlier export is replaced.

    Raises RunError when MLflow is not installed or the store cannot be written.
    """
    folder = _database(path).parent
    with _told(f"The MLflow store {path.name} cannot be written"):
        folder.mkdir(parents=True, exist_ok=True)
        client = mlflow_client(path)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            artifacts = (folder / "mlflow-artifacts").absolute().as_uri()
            experiment_id = client.create_experiment(EXPERIMENT, artifact_location=artifacts)
        else:
            experiment_id = experiment.experiment_id
        ids: dict[str, str] = {}
        for run in sorted(runs, key=lambda run: run.id):  # parents first, so that children can name them
            for old in client.search_runs([experiment_id], f"tags.`{RUN_TAG}` = '{run.id}'"):
                client.delete_run(old.info.run_id)
            ids[run.id] = _log_run(client, experiment_id, run, ids)


def _log_run(client: Any, experiment_id: str, run: Run, ids: dict[str, str]) -> str:
    from mlflow.entities import Metric, Param, RunTag

    began = _milliseconds(run)
    tags = lineage_tags(run)
    if parent := ids.get(tags.get("ferdash.parent_run", "")):
        tags["mlflow.parentRunId"] = parent
    name = str(read_meta(run.folder)["name"]) or run.id
    run_id = client.create_run(experiment_id, start_time=began, tags=tags, run_name=name).info.run_id
    metrics, at = [], began
    for row in read_metrics(run.folder):
        at += round(1000 * (row.get("seconds") or 0.0))
        metrics += [Metric(key, float(value), at, row["epoch"]) for key, value in metric_values(row).items()]
    params = [Param(key, str(value)) for key, value in flatten(run.record["config"]).items()]
    for start in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[start : start + METRICS_AT_ONCE])
    for start in range(0, len(params), OTHERS_AT_ONCE):
        client.log_batch(run_id, params=params[start : start + OTHERS_AT_ONCE])
    if tag := {f"tag.{name}": "yes" for name in read_meta(run.folder)["tags"]}:
        client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tag.items()])
    if state := MLFLOW_STATES.get(read_status(run.folder)["state"]):
        client.set_terminated(run_id, status=state, end_time=at)
    return str(run_id)


def export_tensorboard(runs: Sequence[Run], folder: Path) -> None:
    """Write the runs as event files, a folder each; look at them with `tensorboard --logdir FOLDER`. Scalars are single
    precision, as TensorBoard keeps them; the configuration is on its HParams page, the lineage on its Text page. The
    events of an earlier export are replaced.

    Raises RunError when TensorBoard is not installed or the folder cannot be written.
    """
    try:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise RunError("TensorBoard is not installed here; get it with: pip install 'ferdash[tensorboard]'") from None
    with _told(f"The folder {folder.name} cannot be written"):
        for run in runs:
            target = folder / run.id
            for old in target.glob("events.out.tfevents.*"):
                old.unlink()
            writer = EventFileWriter(str(target))
            for event in _events(run):
                writer.add_event(event)
            writer.close()


def _events(run: Run) -> Iterator[Any]:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    at = _milliseconds(run) / 1000
    yield Event(wall_time=at, summary=Summary(value=[_parameters(run), _text("lineage", lineage_tags(run))]))
    for row in read_metrics(run.folder):
        at += row.get("seconds") or 0.0
        scalars = [Summary.Value(tag=name, simple_value=value) for name, value in metric_values(row).items()]
        yield Event(wall_time=at, step=row["epoch"], summary=Summary(value=scalars))


def _parameters(run: Run) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    start = plugin_data_pb2.SessionStartInfo()
    for name, value in flatten(run.record["config"]).items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, int | float):
            start.hparams[name].number_value = value
        else:
            start.hparams[name].string_value = str(value)
    content = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_start_info=start))
    return Summary.Value(tag=metadata.SESSION_START_INFO_TAG, metadata=content, tensor=metadata.NULL_TENSOR)


def _text(tag: str, facts: dict[str, str]) -> Any:
    """A table for TensorBoard's Text page."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.plugins.text import metadata

    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype="DT_STRING", string_val=["\n".join(lines).encode()], tensor_shape=shape)
    return Summary.Value(tag=tag, metadata=metadata.create_summary_metadata("", ""), tensor=tensor)


def _database(path: Path) -> Path:
    return path if path.suffix in DATABASES else path / "mlflow.db"


def _is_file_store(path: Path) -> bool:
    return path.is_dir() and not (path / "mlflow.db").exists() and any(path.glob("*/meta.yaml"))


def _milliseconds(run: Run) -> int:
    began = run.record["created_at"]
    try:
        return round(1000 * datetime.fromisoformat(began).timestamp())
    except (ValueError, OverflowError):
        raise RunError(
            f"config.json of run {run.id} says “{began[:40]}” for the time it began, which is none."
        ) from None


@contextmanager
def _told(sentence: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"{sentence}: {error}.") from error
