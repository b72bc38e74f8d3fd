"""The folders that processes share: who owns them, whether work goes on, and what an older or later ferdash wrote."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ferdash import records
from ferdash.errors import RunError
from ferdash.records import FolderKind

KIND = FolderKind(
    noun="study",
    nouns="studies",
    listing="ferdash studies list",
    record="study.json",
    files=("study.json", "status.json"),
    at_work=("queued", "running"),
    error=RunError,
    shapes={},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "studies" / KIND.new_id("A first Study!")
    made.mkdir(parents=True)
    KIND.write_record(made, {"what": "faces"})
    KIND.write_status(made, state="running")
    return made


def change(folder: Path, **values: object) -> None:
    path = folder / "status.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_an_id_is_sortable_readable_and_short(folder: Path) -> None:
    assert folder.name[8] == folder.name[15] == "-"
    assert folder.name[16:-5] == "a-first-study"
    assert KIND.new_id("  ")[16:-5] == "study"
    assert KIND.new_id("x" * 39 + "--y")[16:-5] == "x" * 39


def test_a_record_has_the_number_of_its_format(folder: Path) -> None:
    record = json.loads((folder / "study.json").read_text())
    assert (record["format"], record["what"]) == (records.FORMAT, "faces")
    assert record["created_at"].endswith("+00:00")
    KIND.write_record(folder, {**record, "what": "hands"})
    assert json.loads((folder / "study.json").read_text()) == {**record, "what": "hands"}


def test_an_older_folder_is_read_and_a_later_one_refused(folder: Path) -> None:
    path = folder / "study.json"
    path.write_text('{"what": "old"}')
    assert KIND.read(path) == {"what": "old"}
    path.write_text(json.dumps({"format": records.FORMAT + 1}))
    with pytest.raises(RunError, match=rf"Study {folder.name} was written by a later ferdash \(format 2\); update"):
        KIND.read(path)


def test_a_status_says_who_is_at_work(folder: Path) -> None:
    status = KIND.read_status(folder)
    assert (status["state"], status["pid"]) == ("running", os.getpid())
    assert status["process_started"] == psutil.Process().create_time()


def test_another_process_of_the_same_number_is_not_the_owner(folder: Path) -> None:
    change(folder, process_started=psutil.Process().create_time() - 2 * records.SAME_START_S)
    assert KIND.read_status(folder)["state"] == "interrupted"


def test_a_clock_that_is_set_right_does_not_interrupt(folder: Path) -> None:
    change(folder, process_started=psutil.Process().create_time() - records.SAME_START_S / 2)
    assert KIND.read_status(folder)["state"] == "running"


def test_a_status_of_before_names_its_owner_by_number(folder: Path) -> None:
    path = folder / "status.json"
    status = json.loads(path.read_text())
    del status["process_started"]
    path.write_text(json.dumps(status))
    assert KIND.read_status(folder)["state"] == "running"


def test_a_process_that_ended_but_was_not_collected_is_gone(folder: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()  # ends when the child does
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    change(folder, pid=child.pid, process_started=psutil.Process(child.pid).create_time())
    assert KIND.read_status(folder)["state"] == "interrupted"
    child.wait()


@pytest.mark.parametrize(("state", "told"), [("running", "interrupted"), ("queued", "queued"), ("done", "done")])
def test_silence_ends_work_but_not_waiting(folder: Path, state: str, told: str) -> None:
    change(folder, state=state, heartbeat=time.time() - records.STALE_AFTER_S - 1)
    assert KIND.read_status(folder)["state"] == told


@pytest.mark.parametrize("values", [{"state": None}, {"pid": None}, {"heartbeat": "now"}, {"pid": -1}])
def test_a_status_of_somebody_else_is_refused(folder: Path, values: dict[str, object]) -> None:
    change(folder, **values)
    with pytest.raises(RunError, match=rf"status\.json of study {folder.name} is not what ferdash writes there"):
        KIND.read_status(folder)


def test_a_folder_is_held_by_one(folder: Path) -> None:
    lock = KIND.lock(folder)
    with pytest.raises(RunError, match=f"Study {folder.name} is at work already; stop that first"):
        KIND.lock(folder)
    lock.release()
    KIND.lock(folder).release()


def test_a_lock_ends_with_its_process(folder: Path) -> None:
    code = f"""
import sys, time
sys.path[:0] = {sys.path!r}
from pathlib import Path
from ferdash.runs.store import RUNS
lock = RUNS.lock(Path({str(folder)!r}))
print("held", flush=True)
time.sleep(600)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(RunError, match="is at work already"):
        KIND.lock(folder)
    child.kill()
    child.wait()
    KIND.lock(folder).release()


def test_a_folder_that_cannot_be_locked_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="Study file cannot be written to"):
        KIND.lock(tmp_path / "file")


@pytest.mark.parametrize("name", ["", "..", "../studies", ".hidden", "missing", "a" * 5000])
def test_no_name_leads_out_of_the_root(folder: Path, name: str) -> None:
    (folder.parent / ".hidden").mkdir()
    with pytest.raises(RunError, match=r"There is no study .{0,255}; `ferdash studies list` shows those there are"):
        KIND.folder(folder.parent, name)
    assert KIND.ids(folder.parent) == [folder.name]
    assert KIND.ids(folder / "nothing") == []


def test_a_link_that_leads_round_in_a_circle_is_no_folder(folder: Path) -> None:
    (folder.parent / "circle").symlink_to("circle")
    assert KIND.ids(folder.parent) == [folder.name]


def test_what_none_fits_is_not_known_and_what_several_fit_is_said(folder: Path) -> None:
    root = folder.parent

    def name_of(found: Path) -> str:
        return "mine"

    assert KIND.known(root, "mine", name_of) == KIND.known(root, folder.name[-4:], name_of) == folder.name
    assert KIND.known(root, "other", name_of) == KIND.known(root, "", name_of) == ""
    (root / KIND.new_id("another")).mkdir()
    with pytest.raises(RunError, match=r"“mine” fits 2 studies: .*; write more of the id"):
        KIND.known(root, "mine", name_of)
