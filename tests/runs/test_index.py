import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferdash.errors import RunError
from ferdash.runs import meta, store
from ferdash.runs.index import DamagedRun, RunSummary, Score, list_runs, sound, summary_of


def only(root: Path) -> RunSummary:
    (entry,) = list_runs(root)
    assert isinstance(entry, RunSummary), entry
    return entry


def test_a_summary_holds_what_the_folder_says(make_run, root: Path) -> None:
    make_run("20250101-000000-a-0001", name="First", group="seeds", parameters=1245975)
    meta.tag(root, "20250101-000000-a-0001", add=["good", "old"])
    summary = only(root)
    assert (summary.id, summary.title, summary.tags) == ("20250101-000000-a-0001", "First", ("good", "old"))
    assert (summary.state, summary.kind, summary.recipe, summary.group) == ("finished", "run", "fernet", "seeds")
    assert (summary.dataset, summary.dataset_hash, summary.seed) == ("faces", "9079d33afbb7c79f", 0)
    assert (summary.epochs_done, summary.epochs_planned, summary.parameters) == (3, 3, 1245975)
    assert summary.seconds == 1.5 + 2.5 + 3.5
    assert summary.images_per_s == 102.0
    assert (summary.images, summary.per_class, summary.fold) == (70, 0, (0, 0))
    assert summary.best == Score(1, 0.5, pytest.approx(0.4), 0.1, "angry")
    assert summary.last == Score(2, 0.4, pytest.approx(0.4), 0.1, "angry")
    assert not summary.tuned_on_test


def test_newest_first_and_none_without_a_folder(make_run, root: Path) -> None:
    assert list_runs(root) == []
    for day in (1, 3, 2):
        make_run(f"2025010{day}-000000-a-0001")
    assert [entry.id[:8] for entry in list_runs(root)] == ["20250103", "20250102", "20250101"]


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        ({"mode": "adaptive", "focus": {"measured_on": "test"}}, True),
        ({"mode": "adaptive", "focus": {"measured_on": "validation"}}, False),
        ({"mode": "uniform", "focus": {"measured_on": "test"}}, False),
        ({"mode": "static"}, False),
    ],
)
def test_only_adaptive_focus_on_test_is_tuned_on_test(make_run, root: Path, sampling: dict, expected: bool) -> None:
    make_run("a", config={"sampling": sampling})
    assert only(root).tuned_on_test is expected


def test_a_parent_and_a_fold_are_named(make_run, root: Path) -> None:
    make_run("a", config={"folds": {"count": 5, "index": 2}}, parent={"run": "z", "checkpoint": "epoch-003"})
    summary = only(root)
    assert (summary.parent, summary.parent_checkpoint, summary.fold) == ("z", "epoch-003", (5, 2))


def test_runs_of_other_images_are_told_apart_at_a_glance(make_run, root: Path) -> None:
    make_run("a")
    make_run("b", config={"evaluation": {"per_class": 100}})
    make_run("c", dataset={"name": "faces", "hash": "other"})
    make_run("d", config={"optimizer": {"lr": 1.0}})
    d, c, b, a = sound(list_runs(root))
    assert a.measured_on == d.measured_on
    assert len({a.measured_on, b.measured_on, c.measured_on}) == 3


def test_a_child_keeps_its_parents_best_until_it_does_better(make_run, root: Path) -> None:
    inherited = {"score": 0.5, "epoch": 1, "select": "accuracy"}
    make_run("a")
    lineage = {"run": "a", "checkpoint": "epoch-003", "changes": {"epochs": [3, 5]}}
    make_run("b", (0.45, 0.48), first_epoch=3, best=inherited, parent=lineage)
    make_run("c", (), first_epoch=5, best=inherited, parent={**lineage, "run": "b"})
    make_run("d", (0.6,), first_epoch=3, parent=lineage)
    d, c, b, _ = sound(list_runs(root))
    assert (b.best.epoch, b.best.accuracy, b.last.epoch) == (1, 0.5, 4)
    assert (c.best.epoch, c.best.accuracy, c.last) == (1, 0.5, None)
    assert (d.best.epoch, d.best.accuracy) == (3, 0.6)


def test_best_is_found_when_the_run_was_killed_before_it_was_recorded(make_run, root: Path) -> None:
    make_run("lagging", (0.3, 0.5, 0.6), best={"score": 0.5, "epoch": 1, "select": "accuracy"})
    run = make_run("unrecorded", (0.3, 0.7, 0.6))
    store.write_status(run.folder, state="failed", error="The disk is full.")
    unrecorded, lagging = sound(list_runs(root))
    assert (lagging.best.epoch, lagging.best.accuracy) == (2, 0.6)
    assert (unrecorded.best.epoch, unrecorded.best.accuracy) == (1, 0.7)


@pytest.mark.parametrize(("select", "epoch"), [("accuracy", 0), ("macro_f1", 2), ("balanced", 1)])
def test_best_is_by_the_score_that_the_run_selects_by(make_run, root: Path, select: str, epoch: int) -> None:
    run = make_run("a", (), config={"evaluation": {"select": select}})
    for number, (accuracy, macro, worst) in enumerate([(0.6, 0.3, 0.1), (0.55, 0.4, 0.3), (0.5, 0.5, 0.2)]):
        validation = {"accuracy": accuracy, "macro_f1": macro, "f1": [worst, None, *[0.9] * 5]}
        store.append_metrics(run.folder, {"epoch": number, "validation": validation})
    assert only(root).best.epoch == epoch


def test_an_emotion_without_support_is_never_the_worst(make_run, root: Path) -> None:
    run = make_run("a", ())
    store.append_metrics(run.folder, {"epoch": 0, "validation": {"accuracy": 0.5, "f1": [None, 0.3, *[0.9] * 5]}})
    assert (only(root).last.worst_f1, only(root).last.worst_emotion) == (0.3, "disgust")


def test_a_run_that_only_measures_has_done_no_epoch(make_run, root: Path) -> None:
    run = make_run("a", (), config={"epochs": 0})
    store.append_metrics(run.folder, {"epoch": 0, "step": 0, "validation": {"accuracy": 0.5, "f1": [0.5] * 7}})
    assert (only(root).epochs_done, only(root).best.accuracy) == (0, 0.5)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 3_000))
def test_whatever_is_cut_off_it_agrees_with_the_reader_of_whole_lines(make_run, root: Path, cut: int) -> None:
    run_id = f"run-{cut}-{len(list_runs(root))}"
    run = make_run(run_id, (0.3, 0.5, 0.4, 0.6), best={"score": 0.3, "epoch": 0, "select": "accuracy"})
    path = run.folder / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:cut])
    rows, summary = store.read_metrics(run.folder), summary_of(root, run_id)
    assert summary.epochs_done == len(rows)
    assert summary.seconds == sum(row["seconds"] for row in rows)
    assert (summary.last and summary.last.accuracy) == (rows[-1]["validation"]["accuracy"] if rows else None)


def test_an_epoch_run_again_counts_once_as_run_last(make_run, root: Path) -> None:
    run = make_run("a", (0.3, 0.5))
    first = json.loads((run.folder / "metrics.jsonl").read_text().splitlines()[1])
    store.append_metrics(run.folder, first | {"seconds": 100.0})
    assert (only(root).epochs_done, only(root).seconds) == (2, 101.5)


def damage(folder: Path, kind: str) -> None:
    if kind == "empty":
        folder.mkdir(parents=True)
    elif kind == "foreign":
        folder.mkdir(parents=True)
        (folder / "holiday.jpg").write_bytes(b"\xff\xd8")
    elif kind == "a model":
        folder.mkdir(parents=True)
        (folder / "config.json").write_text('{"model_type": "vit"}')
    else:
        name, content = {
            "torn config": ("config.json", b'{"config": {"rec'),
            "no config": ("config.json", None),
            "no status": ("status.json", None),
            "binary status": ("status.json", os.urandom(64) + b"\xff"),
            "binary metrics": ("metrics.jsonl", b"\x80\x02" + os.urandom(64)),
            "list for meta": ("meta.json", b"[]"),
            "odd setting": (
                "config.json",
                b'{"created_at": "", "config": {"folds": 5}, "dataset": {"name": "a", "hash": "b"}}',
            ),
            "wrong kind": ("config.json", b'{"config": 5, "dataset": "x"}'),
            "number for tags": ("meta.json", b'{"tags": 5}'),
            "strange pid": ("status.json", b'{"state": "running", "heartbeat": "now", "pid": null}'),
        }[kind]
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("empty", "The folder is empty"),
        ("foreign", "holds no run of ferdash"),
        ("a model", "config.json of run b is not what ferdash writes there"),
        ("torn config", "config.json of run b cannot be read"),
        ("no config", "has no config.json; its folder is damaged"),
        ("no status", "has no status.json; its folder is damaged"),
        ("binary status", "status.json of run b cannot be read"),
        ("binary metrics", "metrics.jsonl of run b is not text that ferdash wrote"),
        ("list for meta", "meta.json of run b is not what ferdash writes there"),
        ("wrong kind", "config.json of run b is not what ferdash writes there"),
        ("odd setting", "something else than ferdash writes"),
    ],
)
def test_a_damaged_folder_is_listed_with_the_reason_and_the_rest_works(
    make_run, root: Path, kind: str, reason: str
) -> None:
    make_run("a")
    if kind not in ("empty", "foreign", "a model"):
        make_run("b")
    damage(root / "b", kind)
    make_run("c")
    c, b, a = list_runs(root)
    assert isinstance(b, DamagedRun)
    assert reason in b.reason
    assert isinstance(a, RunSummary)
    assert isinstance(c, RunSummary)
    with pytest.raises(RunError):
        summary_of(root, "b")


@pytest.mark.parametrize("kind", ["number for tags", "strange pid"])
def test_what_is_odd_in_a_file_is_left_out_and_the_run_is_listed(make_run, root: Path, kind: str) -> None:
    make_run("b")
    damage(root / "b", kind)
    (b,) = list_runs(root)
    assert isinstance(b, RunSummary)
    assert (b.tags, b.state) == ((), "interrupted" if kind == "strange pid" else "finished")


def test_files_and_hidden_folders_are_no_runs(make_run, root: Path) -> None:
    make_run("a")
    (root / ".training.lock").touch()
    (root / ".deleted-b").mkdir()
    assert [entry.id for entry in list_runs(root)] == ["a"]


def test_what_changes_is_read_again_and_nothing_else(make_run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        make_run(name)
    before = list_runs(root)
    opened: list[str] = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path.parent.name) or original(path))
    assert list_runs(root) == before
    assert opened == []
    meta.rename(root, "b", "Better")
    opened.clear()
    assert [entry.title for entry in list_runs(root)] == ["c", "Better", "a"]
    assert set(opened) == {"b"}


def test_a_run_whose_process_has_gone_becomes_interrupted_without_a_change_of_its_files(make_run, root: Path) -> None:
    run = make_run("a", state="running")
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = psutil.Process(worker.pid).create_time()
    status = {**store.read_status(run.folder), "pid": worker.pid, "process_started": began}
    (run.folder / "status.json").write_text(json.dumps(status))
    assert only(root).state == "running"
    worker.kill()
    worker.wait()
    assert only(root).state == "interrupted"


def test_where_a_run_started_is_said(make_run, root: Path) -> None:
    make_run("a")
    assert only(root).started_from == "a new network"
    assert replace(only(root), start_from="fernet").started_from == "fernet"
    continued = replace(only(root), start_from="fernet", parent="r0", parent_checkpoint="epoch-002")
    assert continued.started_from == "epoch-002 of run r0"


def test_a_run_that_ended_before_its_last_epoch_says_so(make_run, root: Path) -> None:
    make_run("a")
    assert only(root).epochs_words == "3 epochs"
    assert replace(only(root), epochs_planned=8).epochs_words == "3 of 8 epochs, stopped early"
    assert replace(only(root), epochs_planned=8, state="stopped").epochs_words == "3 epochs"
    child = replace(only(root), parent="r0", epochs_done=1)
    assert child.epochs_words == "1 epoch of its own"
    assert replace(child, epochs_planned=8).epochs_words == "3 of 8 epochs, stopped early, 1 of its own"
