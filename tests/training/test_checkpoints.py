"""Checkpoints in the order of training whatever the times of their files, and none of them damaged unnoticed."""

import os
from pathlib import Path

import pytest
import torch

from ferdash.errors import CheckpointError
from ferdash.models.weights import read_checkpoint
from ferdash.training.checkpoints import list_checkpoints, read_latest, save_checkpoint, thin


def write(folder: Path, name: str, epoch: int, batch: int) -> Path:
    state = {"network": {"weights": torch.arange(4096.0)}, "position": {"epoch": epoch, "batch": batch}}
    return save_checkpoint(folder, name, state)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two epochs of ten batches and a little more, the files' times the other way round."""
    states = [("batch-000005.pt", 0, 5), ("epoch-001.pt", 1, 0), ("batch-000015.pt", 1, 5), ("epoch-002.pt", 2, 0)]
    for age, state in enumerate([*states, ("batch-000023.pt", 2, 3)]):
        os.utime(write(tmp_path, *state), (10**9 - age, 10**9 - age))
    return tmp_path


def names(folder: Path) -> list[str]:
    return [path.stem for path in list_checkpoints(folder)]


def test_their_order_is_that_of_training(folder: Path) -> None:
    assert names(folder) == ["batch-000005", "epoch-001", "batch-000015", "epoch-002", "batch-000023"]
    assert read_latest(folder)[0].stem == "batch-000023"


@pytest.mark.parametrize(
    ("keep", "left"),
    [
        (1, ["epoch-002", "batch-000023"]),
        (2, ["epoch-001", "batch-000015", "epoch-002", "batch-000023"]),
        (9, ["batch-000005", "epoch-001", "batch-000015", "epoch-002", "batch-000023"]),
    ],
)
def test_epochs_and_batches_are_counted_apart(folder: Path, keep: int, left: list[str]) -> None:
    thin(folder, keep)
    assert names(folder) == left


def test_a_torn_one_comes_last_and_is_passed_over(folder: Path) -> None:
    torn = folder / "batch-000023.pt"
    torn.write_bytes(torn.read_bytes()[:700])
    assert names(folder)[-1] == "batch-000023"
    assert read_latest(folder)[0].stem == "epoch-002"


@pytest.mark.parametrize("place", [0, 900, 0.5, -400, -90, -81, -1])
@pytest.mark.parametrize("bit", [0, 7])
def test_one_flipped_bit_is_noticed(folder: Path, place: float, bit: int) -> None:
    """In the weights, in the zip's own table, which has no checksum, and in the hash of all."""
    path = folder / "epoch-002.pt"
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if 0 < place < 1 else int(place)] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"epoch-002\.pt is damaged or cut short"):
        read_checkpoint(path)


def test_one_from_before_hashes_is_read_and_checked_by_its_checksums(tmp_path: Path) -> None:
    path = tmp_path / "epoch-001.pt"
    torch.save({"network": {"weights": torch.arange(4096.0)}}, path)
    assert read_checkpoint(path)["network"]["weights"].sum() == torch.arange(4096.0).sum()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(path)
