"""`ferdash corrections ...` as a person or a script calls it."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.data.corrections import correct, list_corrections
from ferdash.data.dataset import open_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command; what it wrote is in .stdout and .stderr."""
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments, **options: CliRunner().invoke(app, ["corrections", *arguments], **options)


def parsed(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def corrected(root, seed, **facts):
    crop = np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)
    shares = np.eye(7)[EMOTIONS.index("happy")] * 0.65 + 0.05
    return correct(root, crop, source="party.jpg", new_label="sad", probabilities=shares, model="fernet", **facts)


def test_list_shows_what_was_corrected_into_what(run, tmp_path, monkeypatch):
    assert "Nothing has been corrected yet" in run("list").stderr
    one = corrected(tmp_path, 1, timestamp_s=3.5, track=1, consent="asked her")
    table = run("list").stdout
    for text in (one.id, "party.jpg, 3.50 s, person 1", "happy, 70.0%", "sad", "fernet", "asked her"):
        assert text in table
    monkeypatch.setenv("COLUMNS", "80")
    narrow = run("list").stdout
    assert one.id in narrow
    assert "…" not in narrow
    assert "when" not in narrow  # an id says it
    found = parsed(run("list", "--json"))
    assert [entry["id"] for entry in found["corrections"]] == [one.id]
    assert found["statistics"]["changes"] == [{"old": "happy", "new": "sad", "faces": 1}]


def test_export_makes_a_dataset_and_says_how_to_train_with_it(run, tmp_path):
    for seed in range(5):
        corrected(tmp_path, seed)
    made = parsed(run("export", "--json"))
    dataset = open_dataset(tmp_path, made["name"])
    assert (made["hash"], made["images"]) == (dataset.hash, 5)
    assert sum(made["splits"].values()) == 5
    said = run("export", "--name", "mine").stderr
    assert re.search(r"mine: 5 faces, \d for train", said)
    assert "ferdash train --recipe corrections --set sampling.extra=mine" in said


def test_remove_undo_and_erase(run, tmp_path):
    one, two = corrected(tmp_path, 1), corrected(tmp_path, 2)
    assert f"Removed {one.id} (party.jpg, happy to sad)." in run("remove", one.id).stderr
    assert parsed(run("remove", "--undo", one.id, "--json")) == {"restored": [one.id]}
    assert parsed(run("remove", one.id, "--json")) == {"removed": [one.id]}
    refused = run("erase", input="n\n")
    assert refused.exit_code == 1
    assert "Delete 1 face of removed corrections" in refused.stderr
    assert "Erased 1 face." in run("erase", "--yes").stderr
    assert parsed(run("erase", "--yes", "--json")) == {"erased": 0}
    unasked = run("erase")
    assert (unasked.exit_code, unasked.stderr) == (0, "Erased 0 faces.\n")
    assert list_corrections(tmp_path) == [two]


def test_an_unknown_id_is_a_sentence(run):
    assert isinstance(run("remove", "nobody").exception, DatasetError)
