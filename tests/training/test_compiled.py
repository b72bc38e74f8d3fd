"""torch.compile as an option of a run: what it must keep, and what it asks for."""

import shutil
from functools import partial
from pathlib import Path

import pytest
import torch

from ferdash.errors import ConfigError
from ferdash.models.weights import read_checkpoint
from ferdash.runs.store import Run
from ferdash.training import start
from ferdash.training.compute import compiled
from ferdash.training.config import TrainConfig, override
from ferdash.training.control import Control, Progress

CONFIG = override(
    TrainConfig(),
    [
        "dataset=squares",
        "epochs=1",
        "batch_size=16",
        "network.width=4",
        "network.depths=1",
        "compute.threads=1",
        "compute.device=cpu",
        "compute.precision=bfloat16",
        "compute.compile=true",
    ],
)


def train(run: Run, root: Path, where: Path, phases: list[str], stop_after: int | None = None) -> str:
    control = Control()

    def watch(progress: Progress) -> None:
        phases.append(progress.phase)
        if phases.count("training") == stop_after:
            control.stop.set()

    return start.execute(run, data=root, checkpoints=where, control=control, on_progress=watch)


def test_a_compiled_run_that_was_stopped_ends_like_one_that_was_not(
    squares_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of torch.compile but its C++, which takes most of a minute; benchmarks/kill_and_resume.py has that too."""
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    ends = []
    for name, stop_after in (("whole", None), ("stopped", 2)):
        phases: list[str] = []
        run = start.create(CONFIG, data=squares_root, checkpoints=tmp_path / name)
        state = train(run, squares_root, tmp_path / name, phases, stop_after)
        if stop_after:
            assert state == "stopped"
            state = train(run, squares_root, tmp_path / name, phases)
        assert state == "finished"
        ends.append(read_checkpoint(run.checkpoints / "epoch-001.pt")["network"]["weights"])
        assert phases[0] == "compiling"
    assert all(torch.equal(tensor, ends[1][name]) for name, tensor in ends[0].items())


def test_a_machine_without_a_compiler_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs a C\+\+ compiler.*compute\.compile=false"):
        compiled(torch.nn.Linear(2, 2), 4)


def test_a_batch_of_another_size_goes_through_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(torch, "compile", lambda forward, dynamic: lambda pixels: "fused")
    forward = compiled(lambda pixels: "plain", 3)
    assert [forward(torch.zeros(images, 1)) for images in (3, 2)] == ["fused", "plain"]
