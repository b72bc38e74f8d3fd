"""What a kill leaves behind is swept away by its name, and nothing else is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferdash import leftovers
from ferdash.files import write_atomic
from ferdash.leftovers import put_in_place, sweep, workspace

KILLED = """
import os, signal, sys
from pathlib import Path
from ferdash.files import write_atomic
from ferdash.leftovers import workspace
folder = Path(sys.argv[1])
def die(file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
with workspace(folder, "importing") as place:
    (place / "images.npy").write_bytes(b"much")
    write_atomic(folder / "best.pt", die)
"""


def killed(folder: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED, folder], cwd=Path(__file__).parents[1], check=False)
    assert process.returncode == -signal.SIGKILL


def test_what_a_kill_left_goes_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"whole")
    (tmp_path / ".hidden").write_text("mine")
    killed(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    assert len(sweep(tmp_path)) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"best.pt": b"whole", ".hidden": b"mine"}


def test_what_is_at_work_stays(tmp_path: Path) -> None:
    def look(file: object) -> None:
        assert sweep(tmp_path) == []
        assert len(list(tmp_path.iterdir())) == 2

    with workspace(tmp_path, "importing"):
        write_atomic(tmp_path / "meta.json", look)
    assert [path.name for path in tmp_path.iterdir()] == ["meta.json"]


def test_another_machine_and_an_earlier_version_get_a_day(tmp_path: Path) -> None:
    foreign = [
        tmp_path / ".a~elsewhere~1~00ff.tmp",
        tmp_path / ".importing-x1y2z3ab",
        tmp_path / ".best.pt.a1b2c3d4.tmp",
    ]
    for path in foreign:
        path.write_text("x")
    assert sweep(tmp_path) == []
    for path in foreign:
        os.utime(path, (time.time() - 90_000,) * 2)
    assert set(sweep(tmp_path)) == set(foreign)


def test_a_process_of_the_same_number_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / f"{leftovers.unfinished('a')}.tmp"
    path.write_text("x")
    os.utime(path, (time.time() - 10**7,) * 2)  # before this process was
    assert sweep(tmp_path) == [path]


@pytest.mark.parametrize("exchanging", [True, False])
def test_a_folder_takes_the_place_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanging: bool) -> None:
    if not exchanging:
        monkeypatch.setattr(leftovers, "_exchanged", lambda one, other: False)
    for name in ("model", "draft"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(name)
    put_in_place(tmp_path / "draft", tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "config.json").read_text() == "draft"


def test_one_that_was_not_replaced_yet_comes_back(tmp_path: Path) -> None:
    """Where two names cannot be exchanged in one step and the kill came between two."""
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead = leftovers.unfinished("replaced-model").replace(f"~{os.getpid()}~", f"~{int(process.stdout)}~")
    (tmp_path / dead).mkdir()
    (tmp_path / dead / "config.json").write_text("old")
    sweep(tmp_path)
    assert (tmp_path / "model" / "config.json").read_text() == "old"
