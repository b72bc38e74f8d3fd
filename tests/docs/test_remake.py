"""docs/remake.md names every input of the shipped weights, and the hashes it gives are those of the files."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "remake.md").read_text(encoding="utf-8")
MODELS = ("fernet", "fernet-plus")


def card(model: str) -> str:
    return (PROJECT / "checkpoints" / "models" / model / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MODELS)
def test_the_shipped_weights_are_those_it_speaks_of(model: str) -> None:
    weights = (PROJECT / "checkpoints" / "models" / model / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() in PAGE, f"say in docs/remake.md what the new {model} came from"


@pytest.mark.parametrize("model", MODELS)
def test_every_run_and_dataset_of_a_card_is_named(model: str) -> None:
    text = card(model)
    runs = set(re.findall(r"\d{8}-\d{6}-[a-z0-9-]+-[0-9a-f]{4}\b", text))
    assert runs
    assert not [run for run in runs if run not in PAGE]
    assert not [table for table in re.findall(r"loss\.teachers=(\S+\.npy)", text) if table not in PAGE]
    (dataset,) = set(re.findall(r"fer2013 \(([0-9a-f]{8})\)", text))
    assert re.search(rf"hash {dataset}[0-9a-f]*", PAGE)


def test_the_weights_of_the_past_are_in_the_history() -> None:
    rows = re.findall(r"^\| ([0-9a-f]{7}) \| ([0-9a-f]{64}) \|", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for commit, digest in rows:
        command = ["git", "-C", str(PROJECT), "show", f"{commit}:checkpoints/models/fernet/model.safetensors"]
        shown = subprocess.run(command, capture_output=True, check=False)
        if shown.returncode:
            pytest.skip("this copy of the project has no history")
        assert hashlib.sha256(shown.stdout).hexdigest() == digest
