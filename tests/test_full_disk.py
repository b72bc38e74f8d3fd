"""A disk that takes nothing more ends in a sentence, and what was there stays."""

import errno
import importlib
from pathlib import Path

import pytest
import torch

from ferdash import files
from ferdash.errors import RunError
from ferdash.files import trouble_of
from ferdash.runs.store import create_run
from ferdash.training import checkpoints


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be made durable any more."""

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)


def test_a_run_is_there_whole_or_not_at_all(tmp_path: Path, full: None) -> None:
    with pytest.raises(RunError, match=r"A run cannot be written to .* \(the disk is full\)"):
        create_run(tmp_path / "runs", "20250101-000000-a-0001", {})
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_older_checkpoint_stays(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    state = {"network": {"weights": torch.zeros(10)}}
    path = checkpoints.save_checkpoint(tmp_path, "epoch-001.pt", state)
    before = path.read_bytes()
    request.getfixturevalue("full")
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save_checkpoint(tmp_path, "epoch-001.pt", {"network": {"weights": torch.ones(10)}})
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["epoch-001.pt"]


def test_the_file_that_pytorch_could_not_write_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(packed: object, file: object) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        finally:
            raise RuntimeError("unexpected pos 362560 vs 362456")

    monkeypatch.setattr(checkpoints.torch, "save", save)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save_checkpoint(tmp_path, "epoch-001.pt", {})


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "The disk is full (at x.csv)"), (errno.EROFS, "can only be read"), (errno.EACCES, "Permission")],
)
def test_the_command_line_ends_in_a_sentence(
    number: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError(number, "strerror", "x.csv")

    module = importlib.import_module("ferdash.cli.main")
    monkeypatch.setattr(module, "app", fail)
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 1
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_name_that_no_disk_takes_is_said_in_short(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too long") as raised:
        (tmp_path / ("a" * 5000)).is_dir()
    sentence = trouble_of(raised.value)
    assert sentence is not None
    assert sentence.startswith("A name is longer than the disk allows (at ")
    assert len(sentence) < 400


def test_a_mistake_of_ours_is_no_trouble_of_the_disk() -> None:
    assert trouble_of(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
