import errno
from pathlib import Path

import pytest
import torch

from ferdash.errors import DatasetError, RunError
from ferdash.runs.store import RUNS, create_run
from ferdash.training.config import override
from ferdash.training.recipes import get_recipe
from ferdash.training.start import command_of, execute, failure_sentence


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RunError("The loss became nan."), "The loss became nan."),
        (MemoryError(), "Memory ran out. Continue with a smaller batch_size"),
        (torch.OutOfMemoryError("CUDA out of memory"), "Memory ran out."),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."), "Memory ran out."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (FileNotFoundError(errno.ENOENT, "No such file", "images.npy"), "images.npy"),
        (ZeroDivisionError("division by zero"), "An error in ferdash itself (ZeroDivisionError: division by zero)"),
    ],
)
def test_whatever_ends_a_run_is_said_in_a_sentence(error: Exception, sentence: str) -> None:
    assert sentence in failure_sentence(error)


def test_the_command_on_record_makes_the_same_configuration_again() -> None:
    config = override(get_recipe("fernet_distilled").config(), ["start_from=fernet", "seed=4", "optimizer.lr=1e-3"])
    words = command_of(config).split()
    assert words[:4] == ["ferdash", "train", "--recipe", "fernet_distilled"]
    options = dict(zip(words[2::2], words[3::2], strict=True))
    settings = [options["--set"], f"seed={options['--seed']}", f"start_from={options['--model']}"]
    assert override(get_recipe(options["--recipe"]).config(), settings) == config


def test_a_run_that_another_process_trains_is_left_alone(tmp_path: Path) -> None:
    run = create_run(
        tmp_path / "runs",
        "20250101-000000-a-0001",
        {"config": {}, "dataset": {"name": "demo", "hash": "9079d33afbb7c79f"}},
    )
    held = RUNS.lock(run.folder)
    before = (run.folder / "status.json").read_bytes()
    with pytest.raises(RunError, match="Run 20250101-000000-a-0001 is at work already"):
        execute(run, data=tmp_path, checkpoints=tmp_path)
    assert (run.folder / "status.json").read_bytes() == before
    held.release()
    with pytest.raises(DatasetError):  # now it is looked at
        execute(run, data=tmp_path, checkpoints=tmp_path)
    RUNS.lock(run.folder).release()
