import errno
from pathlib import Path

import pytest
import torch

from ferdash.errors import ConfigError, DatasetError, ModelError, RunError
from ferdash.runs.store import RUNS, Run, create_run, list_run_ids
from ferdash.training.config import TrainConfig, override
from ferdash.training.recipes import get_recipe
from ferdash.training.start import command_of, create, execute, failure_sentence


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
        (ZeroDivisionError("division by zero"), "where ferdash was started: in its terminal, or in the server's log."),
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


@pytest.mark.parametrize("settings", [[], ["start_from={model}"]])
def test_freezing_all_of_a_network_is_refused_before_a_run_is_made(
    settings: list[str], demo_root: Path, checkpoints: Path
) -> None:
    model = checkpoints / "models" / "small"
    network = [] if settings else ["network.width=8"]
    chosen = ["dataset=demo", *network, *(each.format(model=model) for each in settings)]
    sentence = r"optimizer.freeze is 4, but this network has 3 parts before its last layer; choose at most 3\."
    with pytest.raises(ConfigError, match=sentence):
        create(override(TrainConfig(), [*chosen, "optimizer.freeze=4"]), data=demo_root, checkpoints=checkpoints)
    assert list_run_ids(checkpoints / "runs") == []
    create(override(TrainConfig(), [*chosen, "optimizer.freeze=3"]), data=demo_root, checkpoints=checkpoints)


def test_a_run_named_in_short_is_recorded_by_its_id(demo_root: Path, tmp_path: Path) -> None:
    def make(*settings: str, name: str = "") -> Run:
        config = override(TrainConfig(), ["dataset=demo", *settings])
        return create(config, data=demo_root, checkpoints=tmp_path, name=name)

    first = make(name="tiny1")
    child = make("start_from=run:tiny1@last", f"loss.teachers=start,votes:run:{first.id[-4:]}@size=96")
    assert child.record["config"]["start_from"] == f"run:{first.id}@last"
    teachers = f"run:{first.id}@last,votes:run:{first.id}@size=96"
    assert child.record["config"]["loss"]["teachers"] == teachers
    assert child.record["parent"]["run"] == first.id
    make(name="tiny1")
    with pytest.raises(ModelError, match=r"“tiny1” fits 2 runs: .*; write more of the id"):
        make("start_from=run:tiny1@last")
