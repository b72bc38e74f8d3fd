"""Two real processes under `accelerate launch`, over gloo, beside one."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from ferdash.emotions import EMOTIONS
from ferdash.models.weights import read_checkpoint
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run, list_run_ids, open_run, read_log, read_metrics, read_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, from_dict, override
from ferdash.training.processes import SINGLE_PROCESS

TOLERANCE = 2e-5
"""Two processes add up gradients in another order than one; after 8 steps of SGD the weights differ in the last digits
of float32. They move by about 1e-2 in that time."""

# 112 images in batches of 37 leave one for the last, which only the first process gets.
CONFIG = from_dict(
    {
        "dataset": "squares",
        "epochs": 2,
        "batch_size": 37,
        "ema": 0.9,
        "optimizer": {"name": "sgd", "lr": 0.02, "clip": 1.0},
        "augment": {"flip": 0.5, "rotation": 10, "erasing": 0.3, "mixup": 0.2},
        "compute": {"threads": 1, "device": "cpu", "precision": "float32"},
    }
)


def launch(root: Path, where: Path, settings: list[str], *arguments: str) -> Run:
    """Train on two processes with the command that the documentation gives; returns the only run in `where`."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    command += ["-m", "ferdash", "train", "--recipe", "fernet", *arguments]
    command += [part for setting in settings for part in ("--set", setting)]
    environment = os.environ | {"FERDASH_DATA": str(root), "FERDASH_CHECKPOINTS": str(where), "OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stderr[-4000:]
    return only_run(where)


def launch_from_here(fork: Callable, root: Path, where: Path, settings: list[str]) -> Run:
    """The same with what the command tells its processes, without the seconds that it and they take to start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    told = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    told |= {"FERDASH_DATA": str(root), "FERDASH_CHECKPOINTS": str(where), "OMP_NUM_THREADS": "1"}
    arguments = ["train", "--recipe", "fernet", *(part for setting in settings for part in ("--set", setting))]
    program = "from ferdash.cli import main; main()"
    both = [fork(program, *arguments, **told, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    return only_run(where)


def only_run(where: Path) -> Run:
    (run_id,) = list_run_ids(where / "runs")
    return open_run(where / "runs", run_id)


def settings_of(config: TrainConfig) -> list[str]:
    """The whole configuration as --set texts."""
    from ferdash.records import flatten
    from ferdash.training.config import to_dict

    flat = flatten(to_dict(config))
    return [f"{path}={','.join(map(str, value)) if isinstance(value, list) else value}" for path, value in flat.items()]


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small vision transformer: it has no batch norm, and its dropout is off."""
    folder = tmp_path_factory.mktemp("models") / "vit"
    torch.manual_seed(0)
    network = ViTForImageClassification(
        ViTConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            image_size=48,
            patch_size=16,
            id2label=dict(enumerate(EMOTIONS)),
            label2id={name: index for index, name in enumerate(EMOTIONS)},
        )
    )
    network.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 48, "width": 48}).save_pretrained(folder)
    return str(folder)


def test_two_processes_end_at_the_weights_of_one(squares_root: Path, tmp_path: Path, vit: str) -> None:
    config = override(CONFIG, [f"start_from={vit}"])
    alone = start.create(config, data=squares_root, checkpoints=tmp_path / "one")
    start.execute(alone, data=squares_root, checkpoints=tmp_path / "one")
    together = launch(squares_root, tmp_path / "two", settings_of(config))

    assert read_status(together.folder)["state"] == "finished"
    one, two = (read_checkpoint(run.checkpoints / "epoch-002.pt") for run in (alone, together))
    start_weights = ViTForImageClassification.from_pretrained(vit).state_dict()
    moved = 0.0
    for name, tensor in one["network"]["weights"].items():
        assert torch.allclose(tensor, two["network"]["weights"][name], atol=TOLERANCE, rtol=0), name
        assert torch.allclose(one["averaged"][name], two["averaged"][name], atol=TOLERANCE, rtol=0), name
        moved = max(moved, float((tensor - start_weights[name]).abs().max()))
    assert moved > 100 * TOLERANCE  # else the comparison above says nothing

    # One process wrote: each epoch and each line of the log once, and every image of validation in its place.
    assert [row["epoch"] for row in read_metrics(together.folder)] == [0, 1]
    assert sum("Started" in line for line in read_log(together.folder)) == 1
    tables = [read_predictions(run.folder, "validation") for run in (alone, together)]
    assert np.array_equal(tables[0][["row", "label"]], tables[1][["row", "label"]])
    losses = [[row["train_loss"] for row in read_metrics(run.folder)] for run in (alone, together)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_fernet_trains_on_two_processes(squares_root: Path, tmp_path: Path, fork: Callable) -> None:
    config = override(
        CONFIG,
        ["network.width=4", "network.depths=1,1", "sampling.mode=adaptive", "optimizer.lr=0.05", "batch_size=16"],
    )
    run = launch_from_here(fork, squares_root, tmp_path, settings_of(config))
    rows = read_metrics(run.folder)
    assert rows[1]["train_loss"] < rows[0]["train_loss"]
    assert rows[0]["next_focus"] == rows[1]["focus"] != []
    packed = read_checkpoint(run.checkpoints / "epoch-002.pt")
    assert all(torch.isfinite(tensor.float()).all() for tensor in packed["averaged"].values())


def test_alone_nothing_is_shared() -> None:
    rows = np.arange(5)
    assert SINGLE_PROCESS.main
    assert SINGLE_PROCESS.shard(rows) is rows
    assert SINGLE_PROCESS.gather(rows) is rows
    assert SINGLE_PROCESS.sum([1.5]) == [1.5]
    assert SINGLE_PROCESS.broadcast("value") == "value"
