"""What a photo, a video and the camera need must not bring PyTorch: importing it takes longer than all the rest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch
from skimage.data import astronaut

from ferdash.inference.compression import export_onnx
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.reference import export_folder
from ferdash.models.torch_loading import load_in_torch
from ferdash.video.sample import write_sample

PROJECT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "optuna", "accelerate", "streamlit")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=[1])).save_pretrained(root / "models" / "small")
    processor_of(Preprocess()).save_pretrained(root / "models" / "small")
    export_onnx(load_in_torch("small", root), export_folder("small", root))
    (root / "detectors").symlink_to(PROJECT / "checkpoints" / "detectors")
    return root


def imported(checkpoints: Path, folder: Path, program: str, *arguments: str) -> tuple[str, set[str]]:
    """What a program of Python printed, and the packages of HEAVY that it had imported at its end."""
    watched = f"import sys\n{program}\nprint(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    environment = os.environ | {"FERDASH_CHECKPOINTS": str(checkpoints), "FERDASH_DATA": str(folder / "data")}
    done = subprocess.run(
        [sys.executable, "-c", watched, *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, set(done.stderr.splitlines()[-1].split()) if done.stderr else set()


COMMAND = """
from ferdash.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
"""


def test_a_photo(checkpoints: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), astronaut()[:, :, ::-1])
    asked = ("predict", str(tmp_path / "photo.png"), "--model", "small", "--json")
    printed, heavy = imported(checkpoints, tmp_path, COMMAND, *asked)
    document = json.loads(printed)
    assert document["engine"] == "onnx"
    assert len(document["photos"][0]["faces"]) == 1
    assert heavy == set()


def test_a_photo_that_pytorch_is_asked_for(checkpoints: Path, tmp_path: Path) -> None:
    """So that the tests here can fail."""
    cv2.imwrite(str(tmp_path / "photo.png"), astronaut()[:, :, ::-1])
    asked = ("predict", str(tmp_path / "photo.png"), "--model", "small", "--engine", "torch", "--json")
    printed, heavy = imported(checkpoints, tmp_path, COMMAND, *asked)
    assert json.loads(printed)["engine"] == "torch"
    assert heavy >= {"torch", "transformers"}


def test_a_video(checkpoints: Path, tmp_path: Path) -> None:
    clip = write_sample(tmp_path / "clip.mp4", seconds=0.4)
    asked = ("video", str(clip), "--model", "small", "--out", str(tmp_path / "out"), "--only", "frames.csv")
    _, heavy = imported(checkpoints, tmp_path, COMMAND, *asked)
    assert (tmp_path / "out" / "frames.csv").is_file()
    assert heavy == set()


def test_what_the_camera_and_the_pages_import(checkpoints: Path, tmp_path: Path) -> None:
    program = """
import ferdash.live.engine, ferdash.live.recording, ferdash.analyses.jobs, ferdash.exports.files
import ferdash.inference.photos, ferdash.inference.drawing, ferdash.models.loading
"""
    _, heavy = imported(checkpoints, tmp_path, program)
    assert heavy == set()
