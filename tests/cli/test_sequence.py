"""`ferdash sequence`: the pictures of a folder as if they were the frames of a film."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image
from skimage.data import astronaut
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.cli.sequence import find_pictures
from ferdash.errors import AnalysisError, VideoError
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three of one face, whose names are in another order as text, and a file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in (10, 2, 1):
        Image.fromarray(astronaut()[0:240, 64 + number : 384 + number]).save(folder / f"photo{number}.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    torch.manual_seed(0)
    model = tmp_path / "checkpoints" / "models" / "fernet-plus"
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(model)
    processor_of(Preprocess()).save_pretrained(model)
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["sequence", *map(str, arguments)])

    return invoke


def test_a_folder_becomes_a_table_with_its_pictures_in_order_and_time(run, pictures: Path, tmp_path: Path) -> None:
    result = run(pictures, "--out", tmp_path / "out", "--interval", 2, "--only", "frames.csv", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [Path(name).name for name in document["pictures"]] == ["photo1.png", "photo2.png", "photo10.png"]
    assert (document["frames"], document["people"], document["files"]) == (3, 1, ["frames.csv"])
    assert pd.read_csv(tmp_path / "out" / "frames.csv")["timestamp_s"].tolist() == [0.0, 2.0, 4.0]


def test_pictures_are_taken_as_they_are_given(pictures: Path) -> None:
    given = [pictures / "photo10.png", pictures / "photo2.png"]
    assert find_pictures(given) == given


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (["empty"], VideoError, "There is no picture in"),
        (["pictures/photo1.png"], AnalysisError, "two photos or more"),
        (["pictures", "--interval", "0"], AnalysisError, "must be more than 0"),
        (["pictures/photo1.png", "pictures/gone.png"], VideoError, "gone.png cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(
    run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], kind: type, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, "--out", tmp_path / "out")
    assert isinstance(result.exception, kind)
    assert words in str(result.exception)
