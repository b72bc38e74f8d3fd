import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferdash.errors import RunError
from ferdash.records import STALE_AFTER_S
from ferdash.runs import predictions, store


@pytest.fixture
def run(tmp_path: Path) -> store.Run:
    return store.create_run(
        tmp_path,
        "20250101-000000-test-0001",
        {"config": {"epochs": 1}, "dataset": {"name": "demo", "hash": "9079d33afbb7c79f"}},
    )


def test_a_new_run_can_be_opened_by_anybody(run: store.Run) -> None:
    again = store.open_run(run.folder.parent, run.id)
    assert again.record == run.record
    assert store.read_status(run.folder)["state"] == "queued"
    assert store.list_run_ids(run.folder.parent) == [run.id]


def test_ids_sort_by_time_and_differ() -> None:
    ids = [store.new_run_id("Weighted disgust_fear!") for _ in range(3)]  # of many, two would be equal now and then
    assert len(set(ids)) == 3
    assert ids[0].split("-", 2)[2].startswith("weighted-disgust-fear-")


def test_an_id_is_never_given_twice(run: store.Run) -> None:
    with pytest.raises(RunError, match="already a run"):
        store.create_run(run.folder.parent, run.id, {})


@pytest.mark.parametrize("name", ["missing", "", "../elsewhere", "a/b"])
def test_a_missing_run_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="There is no run"):
        store.open_run(tmp_path, name)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, 400))
def test_a_history_cut_at_any_byte_keeps_its_whole_lines(run: store.Run, cut: int) -> None:
    path = run.folder / "metrics.jsonl"
    path.unlink(missing_ok=True)
    for epoch in range(6):
        store.append_metrics(run.folder, {"epoch": epoch, "loss": epoch / 7})
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    kept = [row["epoch"] for row in store.read_metrics(run.folder)]
    complete = whole[:cut].count(b"\n")
    assert kept[:complete] == list(range(complete))
    assert len(kept) <= complete + 1
    store.append_metrics(run.folder, {"epoch": 6, "loss": 1.0})
    assert store.read_metrics(run.folder)[-1] == {"epoch": 6, "loss": 1.0}


def test_an_epoch_run_again_counts_once(run: store.Run) -> None:
    for loss in (0.5, 0.25):
        store.append_metrics(run.folder, {"epoch": 0, "loss": loss})
    assert store.read_metrics(run.folder) == [{"epoch": 0, "loss": 0.25}]


def test_a_run_without_history_is_empty(run: store.Run) -> None:
    assert store.read_metrics(run.folder) == []


def test_predictions_come_back_as_written(run: store.Run) -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(7), 5).astype(np.float32)
    predictions.write_predictions(
        run.folder, "validation", rows=np.arange(5), labels=np.arange(5), probabilities=probabilities
    )
    table = predictions.read_predictions(run.folder, "validation")
    np.testing.assert_array_equal(table.iloc[:, 2:].to_numpy(), probabilities)
    with pytest.raises(RunError, match="no predictions for test"):
        predictions.read_predictions(run.folder, "test")


def test_a_run_whose_process_is_gone_is_interrupted(run: store.Run) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    store.write_status(run.folder, state="running")
    assert store.read_status(run.folder)["state"] == "running"
    status = json.loads((run.folder / "status.json").read_text())
    (run.folder / "status.json").write_text(json.dumps({**status, "pid": process.pid}))
    assert store.read_status(run.folder)["state"] == "interrupted"


def test_a_run_that_stopped_beating_is_interrupted_wherever_it_ran(run: store.Run) -> None:
    status = {"state": "paused", "pid": os.getpid(), "host": "elsewhere", "heartbeat": time.time()}
    (run.folder / "status.json").write_text(json.dumps(status))
    assert store.read_status(run.folder)["state"] == "paused"
    status["heartbeat"] = time.time() - STALE_AFTER_S - 1
    (run.folder / "status.json").write_text(json.dumps(status))
    assert store.read_status(run.folder)["state"] == "interrupted"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "has no config.json"),
        (b"\xff{", "cannot be read"),
        (b"[]", "not what ferdash"),
        (b'{"dataset": {"name": "demo", "hash": "a1"}}', "not what ferdash"),
        (b'{"config": {}, "dataset": {"name": "demo", "hash": 7}}', "not what ferdash"),
    ],
)
def test_a_damaged_run_says_what_is_wrong(run: store.Run, content: bytes | None, sentence: str) -> None:
    path = run.folder / "config.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(RunError, match=sentence):
        store.open_run(run.folder.parent, run.id)


def test_what_a_record_may_lack_is_filled_in(run: store.Run) -> None:
    needed = {name: run.record[name] for name in ("created_at", "config", "dataset")}
    (run.folder / "config.json").write_text(json.dumps(needed | {"versions": 3}))
    found = store.open_run(run.folder.parent, run.id).record
    assert (found["command"], found["code"], found["versions"]) == ("", "", {})


@pytest.mark.parametrize("text", ["20250101-000000-test-0001", "20250101", "0001", "Mine"])
def test_a_run_is_found_by_what_a_person_types(tmp_path: Path, text: str) -> None:
    store.create_run(tmp_path, "20250101-000000-test-0001", {}, name="Mine")
    store.create_run(tmp_path, "20260101-000000-test-0002", {}, name="Other")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "meta.json").write_bytes(b"\xff")
    assert store.find_run_id(tmp_path, text) == "20250101-000000-test-0001"


def test_a_run_that_is_not_named_clearly_is_refused(tmp_path: Path) -> None:
    for number in (1, 2):
        store.create_run(tmp_path, f"20250101-000000-test-000{number}", {})
    with pytest.raises(RunError, match=r"fits 2 runs: \S+-0002, \S+-0001; write more of the id"):
        store.find_run_id(tmp_path, "2025")
    with pytest.raises(RunError, match="There is no run nothing"):
        store.find_run_id(tmp_path, "nothing")
