"""Nothing leaves the machine: what people do most, with every way out closed and watched, asks for none."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdash.data.demo import draw_face
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of

PROJECT = Path(__file__).parents[1]

WATCH = """
import os, socket, sys

LOOPBACK = ("localhost", "::1", "", None)


def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event == "urllib.Request":
        host = arguments[0].split("/")[2].split(":")[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host in LOOPBACK or host.startswith("127."):
        return
    with open(os.environ["FERDASH_TEST_LOG"], "a") as log:
        log.write(f"{' '.join(sys.argv[:3])}: {event} {host}\\n")
    raise OSError(101, "the network is closed here")


sys.addaudithook(watch)
"""
"""What every Python process of these tests runs first; audit events come from sockets however they are used."""

COMMANDS = """
import os, sys
import ferdash.training.start, transformers
from ferdash.cli import main

for line in {lines}:
    child = os.fork()
    if not child:
        sys.argv = ["ferdash", *line]
        main()
    assert os.waitpid(child, 0)[1] == 0, line
"""
"""Each command as in a process of its own, which starts where the packages that take seconds have been imported."""

APP = """
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

start = PagesManager.__init__


def start_new_kind(manager, *arguments, **options):
    start(manager, *arguments, **options)
    PagesManager.uses_pages_directory = False


PagesManager.__init__ = start_new_kind
app = AppTest.from_file("streamlit_app.py", default_timeout=120).run()
for page in ("dataset", "experiments", "train", "predict", "video"):
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception and not app.error, page
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., list[str]]:
    """Run Python with these arguments where every way out is watched; what it tried."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(WATCH)
    folder = tmp_path / "checkpoints" / "models" / "fernet"
    FerNetForImageClassification(FerNetConfig(width=8)).save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)
    log = tmp_path / "log.txt"
    roots = {"FERDASH_DATA": str(tmp_path / "data"), "FERDASH_CHECKPOINTS": str(tmp_path / "checkpoints")}
    path = os.pathsep.join([str(tmp_path / "first"), str(PROJECT)])
    closed = {"PYTHONPATH": path, "FERDASH_TEST_LOG": str(log), "HOME": str(tmp_path / "home")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "ORT_", "FERDASH_"))}

    def run(*arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=PROJECT, env=kept | roots | closed, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return log.read_text().splitlines() if log.is_file() else []

    return run


def test_the_watch_sees_and_closes_every_way_out(run: Callable[..., list[str]]) -> None:
    tried = run(
        "-c",
        "import socket, urllib.request\n"
        "for way in (lambda: urllib.request.urlopen('http://example.org'),\n"
        "            lambda: socket.create_connection(('192.0.2.1', 80)),\n"
        "            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 53))):\n"
        "    try: way()\n"
        "    except OSError: continue\n"
        "    raise SystemExit('open')",
    )
    assert len(tried) == 3


def test_nothing_of_what_people_do_most_tries_to_leave(run: Callable[..., list[str]], tmp_path: Path, demo_root: Path):
    shutil.copytree(demo_root, tmp_path / "data")
    photo = tmp_path / "face.png"
    cv2.imwrite(str(photo), draw_face("happy", np.random.default_rng(2)))
    video = tmp_path / "face.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 10, (96, 96))
    for _ in range(5):
        writer.write(np.full((96, 96, 3), 90, np.uint8))
    writer.release()
    lines = (
        ("predict", str(photo), "--model", "fernet"),
        ("video", str(video), "--model", "fernet", "--out", str(tmp_path / "out")),
        ("train", "--dataset", "demo", "--set", "epochs=1", "--set", "network.width=8"),
        ("evaluate", "fernet", "--dataset", "demo", "--split", "validation"),
    )
    assert run("-c", COMMANDS.format(lines=lines) + APP) == []
    assert len(list((tmp_path / "checkpoints" / "runs").iterdir())) == 1
    assert (tmp_path / "out").is_dir()
