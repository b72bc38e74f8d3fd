import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferdash.evaluation.protocol import Protocol
from ferdash.inference.provenance import record_of, source_of, weights_of
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.processing import FerNetImageProcessor
from ferdash.runs.store import create_run

PROTOCOL = Protocol("faces", "hash-1", "validation", 10, 0, 0, True, 0, "plain", "rows")


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """A model `small` whose card was measured on `faces`, and a run that continued it on `others`."""
    folder = tmp_path / "models" / "small"
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(folder)
    FerNetImageProcessor().save_pretrained(folder)
    evaluation = {"evaluations": [{"protocol": {"dataset": "faces", "dataset_hash": "hash-1"}}]}
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    shutil.copytree(folder, tmp_path / "models" / "stranger")
    (tmp_path / "models" / "stranger" / "evaluation.json").unlink()
    trained = {"dataset": {"name": "others", "hash": "hash-2"}, "extra": {"name": "corrections-1", "hash": "hash-3"}}
    create_run(tmp_path / "runs", "r1", {**trained, "config": {"start_from": "small"}})
    tuned = {"evaluations": [{"protocol": {"dataset": "others", "dataset_hash": "hash-2"}}], "trained_on": ["hash-1"]}
    shutil.copytree(folder, tmp_path / "models" / "tuned")
    (tmp_path / "models" / "tuned" / "evaluation.json").write_text(json.dumps(tuned))
    create_run(
        tmp_path / "runs", "r3", {"dataset": {"name": "more", "hash": "hash-4"}, "config": {}, "parent": {"run": "r1"}}
    )
    create_run(tmp_path / "runs", "r2", {**trained, "config": {"start_from": ""}})
    return tmp_path


@pytest.mark.parametrize(
    ("model", "dataset", "split", "source"),
    [
        ("small", ("faces", "hash-1"), "validation", "same source"),
        ("small", ("faces", "an older copy"), "test", "same source"),
        ("small", ("another name", "hash-1"), "test", "same source"),
        ("small", ("faces", "hash-1"), "train", "training images"),
        ("small", ("others", "hash-2"), "test", "other source"),
        ("run:r1@best", ("others", "hash-2"), "validation", "same source"),
        ("run:r1@best", ("faces", "hash-1"), "validation", "same source"),
        ("run:r1", ("corrections-1", "hash-3"), "train", "training images"),
        ("run:r2@last", ("faces", "hash-1"), "validation", "other source"),
        ("run:gone", ("faces", "hash-1"), "validation", "unknown"),
        ("tuned", ("faces", "hash-1"), "train", "training images"),
        ("tuned", ("others", "hash-2"), "validation", "same source"),
        ("run:r3", ("more", "hash-4"), "train", "training images"),
        ("run:r3", ("others", "hash-2"), "train", "training images"),
        ("run:r3", ("faces", "hash-1"), "validation", "same source"),
        ("stranger", ("faces", "hash-1"), "validation", "unknown"),
        ("someone/model", ("faces", "hash-1"), "validation", "unknown"),
        ("run:r2+small", ("faces", "hash-1"), "validation", "same source"),
        ("run:r2+stranger", ("faces", "hash-1"), "validation", "unknown"),
        ("small@size=64", ("faces", "hash-1"), "validation", "same source"),
    ],
)
def test_what_a_model_has_to_do_with_the_images(
    checkpoints: Path, model: str, dataset: tuple[str, str], split: str, source: str
) -> None:
    protocol = replace(PROTOCOL, dataset=dataset[0], dataset_hash=dataset[1], split=split)
    assert source_of(model, protocol, checkpoints) == source


def test_a_folder_by_its_path(checkpoints: Path) -> None:
    assert source_of(str(checkpoints / "models" / "small"), PROTOCOL, checkpoints) == "same source"


def test_weights_are_known_by_their_content(checkpoints: Path) -> None:
    before = weights_of("small", checkpoints)
    assert before == weights_of("stranger", checkpoints) != ""
    (checkpoints / "models" / "small" / "model.safetensors").write_bytes(b"others")
    assert weights_of("small", checkpoints) != before
    assert weights_of("someone/model", checkpoints) == ""
    assert weights_of("run:gone", checkpoints) == ""


def test_a_record_says_which_model_it_is_of(checkpoints: Path) -> None:
    model = load_model("small", checkpoints)
    record = record_of(model, {"protocol": PROTOCOL.to_dict(), "clean": 0.5}, checkpoints)
    assert record == {
        "model": "small",
        "title": "small",
        "engine": "torch",
        "source": "same source",
        "weights": weights_of("small", checkpoints),
        "protocol": PROTOCOL.to_dict(),
        "clean": 0.5,
    }
