import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skimage import data
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.emotions import EMOTIONS
from ferdash.errors import ImageError, ModelError
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoints root whose fernet has learned nothing."""
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(root / "models" / "fernet-plus")
    processor_of(Preprocess()).save_pretrained(root / "models" / "fernet-plus")
    return root


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, checkpoints: Path):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(checkpoints))

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["predict", *map(str, arguments)])

    return invoke


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo with one face, one without, a text called .jpg, and a zip with the photo again."""
    Image.fromarray(data.astronaut()).save(tmp_path / "face.png")
    Image.fromarray(np.full((100, 120, 3), 90, np.uint8)).save(tmp_path / "wall.png")
    (tmp_path / "text.jpg").write_text("not a picture")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(tmp_path / "face.png", "inside.png")
    (tmp_path / "more.zip").write_bytes(buffer.getvalue())
    return tmp_path


def test_json_is_one_document_and_one_bad_file_does_not_stop_the_others(run, folder: Path) -> None:
    result = run(folder / "face.png", folder / "text.jpg", folder / "wall.png", folder / "more.zip", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert {key: document[key] for key in ("model", "detector", "whole", "threshold")} == {
        "model": "fernet-plus",
        "detector": "centerface",
        "whole": False,
        "threshold": 0.4,
    }
    photos = document["photos"]
    assert [photo["file"] for photo in photos] == ["face.png", "text.jpg", "wall.png", "more.zip/inside.png"]
    assert [len(photo["faces"]) for photo in photos] == [1, 0, 0, 1]
    assert sum(photos[0]["faces"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert photos[0]["faces"] == photos[3]["faces"]
    assert "error: text.jpg is not a picture that can be read." in result.stderr


def test_csv_of_a_folder(run, folder: Path) -> None:
    result = run(folder, "--csv")
    assert result.exit_code == 0
    table = pd.read_csv(io.StringIO(result.stdout))
    assert sorted(table["file"]) == [f"{folder.name}/{name}" for name in ("face.png", "text.jpg", "wall.png")]
    assert table.set_index("file")["note"][f"{folder.name}/wall.png"] == "no face found"
    assert table[list(EMOTIONS)].sum(axis=1).max() == pytest.approx(1, abs=1e-5)


def test_a_person_reads_a_table_and_a_sentence(run, folder: Path) -> None:
    result = run(folder / "face.png", folder / "wall.png", folder / "text.jpg", "--threshold", "0")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert lines["face.png"].split()[2] in EMOTIONS
    assert "no face" in lines["wall.png"]
    assert "unreadable" in lines["text.jpg"]
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "1 face in 2 photos; 1 file could not be read." in result.stderr


def test_below_the_threshold_no_emotion_is_named(run, folder: Path) -> None:
    assert "uncertain" in run(folder / "face.png", "--threshold", "1").stdout


def test_whole_takes_the_picture_for_a_face(run, folder: Path) -> None:
    (photo,) = json.loads(run(folder / "wall.png", "--whole", "--json").stdout)["photos"]
    assert [face["detector"] for face in photo["faces"]] == ["whole"]


def test_nothing_readable_is_a_failure(run, folder: Path) -> None:
    result = run(folder / "text.jpg", folder / "gone.png", "--json")
    assert isinstance(result.exception, ImageError)
    assert result.stdout == ""
    assert "gone.png cannot be opened" in result.stderr


def test_no_face_at_all_is_an_answer_not_a_failure(run, folder: Path) -> None:
    assert run(folder / "wall.png").exit_code == 0


def test_wrong_usage_and_wrong_names(run, folder: Path) -> None:
    assert run(folder / "face.png", "--json", "--csv").exit_code == 2
    assert run().exit_code == 2
    assert run(folder / "face.png", "--threshold", "2").exit_code == 2
    assert isinstance(run(folder / "face.png", "--model", "nobody").exception, ModelError)
    assert isinstance(run(folder / "face.png", "--detector", "hog").exception, ModelError)


def test_the_program_itself_says_one_sentence_and_exits_with_1(fork: Callable, folder: Path, checkpoints: Path) -> None:
    program = "from ferdash.cli import main; main()"
    done = fork(program, "predict", str(folder / "text.jpg"), FERDASH_CHECKPOINTS=str(checkpoints))
    stdout, stderr = done.communicate()
    assert done.returncode == 1
    assert stdout == ""
    assert "error: No photo could be read." in stderr
    assert "Traceback" not in stderr
