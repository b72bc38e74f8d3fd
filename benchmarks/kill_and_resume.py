"""Kill a training run at random moments and resume it each time: do the weights end equal, bit for bit?

    python benchmarks/kill_and_resume.py --kills 20
    python benchmarks/kill_and_resume.py --kills 5 --set compute.compile=true --set compute.precision=bfloat16

Kills come after a random time of life: within a batch, within the writing of a checkpoint, or between. The run has
everything random switched on: dropout, augmentation, mixup, adaptive focus, averaged weights.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from ferdash.data.demo import make_demo
from ferdash.models.weights import read_checkpoint
from ferdash.runs.store import open_run
from ferdash.training import start
from ferdash.training.checkpoints import list_checkpoints
from ferdash.training.config import TrainConfig, override

SETTINGS = [
    "dataset=demo",
    "epochs=6",
    "batch_size=32",
    "ema=0.99",
    "network.width=16",
    "optimizer.lr=1e-3",
    "schedule.name=cosine",
    "augment.flip=0.5",
    "augment.rotation=10",
    "augment.erasing=0.3",
    "augment.mixup=0.2",
    "sampling.mode=adaptive",
    "checkpoint.every_batches=5",
    "checkpoint.keep_last=3",
    "compute.threads=1",
    "compute.device=cpu",
    "compute.precision=float32",
]

CHILD = """
import sys
from pathlib import Path
from ferdash.runs.store import open_run
from ferdash.training import start
root, run_id = Path(sys.argv[1]), sys.argv[2]
start.execute(open_run(root / "runs", run_id), data=root / "data", checkpoints=root)
"""


def train_with_kills(root: Path, run_id: str, kills: int, rng: np.random.Generator) -> int:
    """Train in child processes until done, killing the first `kills` of them; returns how many were killed at work."""
    folder = open_run(root / "runs", run_id).checkpoints
    killed = 0
    while True:
        process = subprocess.Popen([sys.executable, "-c", CHILD, str(root), run_id])
        if killed < kills:
            before = list_checkpoints(folder)[-1:]
            while process.poll() is None and list_checkpoints(folder)[-1:] == before:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.4))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
        if process.wait() == 0:
            return killed
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"the run itself failed with status {process.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE", help="besides those above")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_demo(root / "data", images=700)
        config = override(TrainConfig(), SETTINGS + options.set)
        runs = [start.create(config, data=root / "data", checkpoints=root) for _ in range(2)]
        start.execute(runs[0], data=root / "data", checkpoints=root)
        killed = train_with_kills(root, runs[1].id, options.kills, np.random.default_rng(options.seed))
        last = f"epoch-{config.epochs:03d}.pt"
        whole, cut = (read_checkpoint(run.checkpoints / last) for run in runs)
    same = all(torch.equal(t, cut["network"]["weights"][n]) for n, t in whole["network"]["weights"].items())
    same_average = all(torch.equal(tensor, cut["averaged"][name]) for name, tensor in whole["averaged"].items())
    print(f"killed {killed} times; weights equal bit for bit: {same}; averaged weights too: {same_average}")
    raise SystemExit(not (same and same_average))


if __name__ == "__main__":
    main()
