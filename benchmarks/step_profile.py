"""Where a training step's time goes, by operator: the network of the `fernet` recipe, batch 128, 48 px.

python benchmarks/step_profile.py [--steps 10] [--set compute.precision=float32]
"""

import argparse
import tempfile
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile
from training_overhead import BATCH, random_dataset

from ferdash.models.engines import machine
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.runs.store import create_run
from ferdash.training.config import override
from ferdash.training.loop import Trainer
from ferdash.training.recipes import get_recipe

SHOWN, WARM = 16, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE")
    options = parser.parse_args()
    settings = ["dataset=noise", "augment.small_epochs=0", *options.set]
    config = override(get_recipe("fernet").config(), settings)
    with tempfile.TemporaryDirectory() as folder:
        dataset = random_dataset(Path(folder) / "data", 70 + BATCH * (WARM + options.steps))
        run = create_run(Path(folder) / "runs", "profile", {})
        trainer = Trainer(run, config, dataset, FerNetForImageClassification(FerNetConfig()), Preprocess())
        batches = trainer.epoch_order(0).split(BATCH)
        trainer.start_epoch()
        for batch in batches[:WARM]:
            trainer.train_batch(batch)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            for batch in batches[WARM : WARM + options.steps]:
                trainer.train_batch(batch)
    rows = sorted(seen.key_averages(), key=lambda row: -row.self_cpu_time_total)
    whole = sum(row.self_cpu_time_total for row in rows)
    threads = torch.get_num_threads()
    print(f"{whole / 1000 / options.steps:.1f} ms a step of {BATCH} images, {threads} threads, {machine()}")
    for row in rows[:SHOWN]:
        ms, share = row.self_cpu_time_total / 1000 / options.steps, row.self_cpu_time_total / whole
        print(f"{row.key[:60]:60}{ms:8.2f} ms{share:7.1%}{row.count / options.steps:7.0f} calls")


if __name__ == "__main__":
    main()
