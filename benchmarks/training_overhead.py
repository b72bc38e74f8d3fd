"""What the training loop costs beside a bare PyTorch loop of the same network on tensors already in memory.

    python benchmarks/training_overhead.py

Both train FerNet in the same number type at the settings of the `fernet` recipe (batch 128, 48 px, AdamW, clipping);
ferdash's side also draws the sample, augments, averages the weights and keeps its books. They take turns, batch by
batch, in one process, whose memory is held for the next batch as in a run.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch

from ferdash.data.dataset import save_dataset
from ferdash.memory import held_for_reuse
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.runs.store import create_run
from ferdash.training.config import override
from ferdash.training.loop import Trainer
from ferdash.training.recipes import get_recipe
from ferdash.training.state import make_optimizer

BATCH = 128


def random_dataset(root: Path, images: int):
    rng = np.random.default_rng(0)
    return save_dataset(
        root,
        "noise",
        images=rng.integers(0, 256, (images, 48, 48), dtype=np.uint8),
        labels=np.arange(images) % 7,
        splits=["train"] * (images - 70) + ["validation"] * 70,
        sources=[f"{index:06d}" for index in range(images)],
        origin="noise",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=120)
    turns = parser.parse_args().batches
    with tempfile.TemporaryDirectory() as folder, held_for_reuse():
        dataset = random_dataset(Path(folder) / "data", 70 + BATCH * (turns + 5))
        config = override(get_recipe("fernet").config(), ["dataset=noise", "augment.small_epochs=0"])
        run = create_run(Path(folder) / "runs", "overhead", {})
        trainer = Trainer(run, config, dataset, FerNetForImageClassification(FerNetConfig()), Preprocess())
        order = trainer.epoch_order(0)
        trainer.start_epoch()

        dtype = trainer.step.dtype
        bare = FerNetForImageClassification(FerNetConfig()).to(memory_format=torch.channels_last).train()
        optimizer = make_optimizer(bare, config.optimizer)
        pixels = torch.randn(BATCH, 1, 48, 48).contiguous(memory_format=torch.channels_last)
        labels = torch.randint(0, 7, (BATCH,))
        ours, theirs = [], []
        for turn in range(turns + 3):
            began = time.perf_counter()
            trainer.train_batch(order[turn * BATCH : (turn + 1) * BATCH])
            trainer.report("training")
            middle = time.perf_counter()
            with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
                logits = bare(pixels).logits.float()
                loss = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(bare.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            end = time.perf_counter()
            if turn >= 3:  # the first ones warm up
                ours.append(middle - began)
                theirs.append(end - middle)
    ratio = median(mine / bare for mine, bare in zip(ours, theirs, strict=True))
    print(f"bare loop   {BATCH / median(theirs):8,.0f} images/s (median of {turns} batches of {BATCH})")
    print(f"ferdash     {BATCH / median(ours):8,.0f} images/s")
    print(f"overhead    {ratio - 1:8.1%} more time per image (median of {turns} turns; the bar is 5%)")


if __name__ == "__main__":
    main()
