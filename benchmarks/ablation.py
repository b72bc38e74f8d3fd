"""Does adaptive focus work? FerNet on the same images with uniform, static and adaptive sampling, several seeds each.

    python benchmarks/ablation.py --dataset fer2013
    python benchmarks/ablation.py --epochs 30 --threads 1 --arm uniform --arm static        (part of it)

FerNet of width 16, 48 px, no test-time augmentation. All arms train the same number of images: a weighted epoch draws
as many as a uniform one. A seed starts all arms at the same weights. Scores are of the last epoch on
validation, so that no arm gains by drawing more often from the seed variance. The runs of an arm are a group; what is
finished is not trained again, so the command resumes where it was cut, and arms may be trained beside each other.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd
from scipy.stats import ttest_rel

from ferdash.emotions import EMOTIONS
from ferdash.paths import checkpoints_root, data_root
from ferdash.runs.store import Run, read_metrics, read_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, override
from ferdash.training.out_of_fold import members
from ferdash.training.recipes import get_recipe

SHORT = ["network.width=16", "augment.small_epochs=0", "checkpoint.every_batches=0", "checkpoint.keep_last=1"]
ARMS = {
    "uniform": [],
    "static": ["sampling.mode=static", "sampling.weights.disgust=3", "sampling.weights.fear=2"],  # the report's weights
    "adaptive": ["sampling.mode=adaptive"],
    "smoothed": ["sampling.mode=adaptive", "sampling.focus.smoothing=0.5", "sampling.focus.memory=0.5"],
}
SCORES = ["accuracy", "macro_f1", "worst_f1", *EMOTIONS]


def train_arm(arm: str, config: TrainConfig, seeds: int, checkpoints: Path) -> list[Run]:
    """The finished runs of an arm, trained where they are not there yet."""
    group = f"ablation-{arm}-{config.epochs}-epochs"
    there = {run.record["config"]["seed"]: run for run in members(checkpoints, group)}
    for seed in range(seeds):
        own = replace(config, seed=seed)
        if seed not in there:
            there[seed] = start.create(
                own, data=data_root(), checkpoints=checkpoints, group=group, name=f"{arm} {seed}"
            )
        if read_status(there[seed].folder)["state"] != "finished":
            start.execute(there[seed], data=data_root(), checkpoints=checkpoints)
        print(f"{arm}, seed {seed}: {scores_of(there[seed])['accuracy']:.4f}", flush=True)
    return [there[seed] for seed in range(seeds)]


def scores_of(run: Run) -> dict[str, float]:
    """The scores of a run's last epoch on validation."""
    scores = read_metrics(run.folder)[-1]["validation"]
    f1 = dict(zip(EMOTIONS, scores["f1"], strict=True))
    return {"accuracy": scores["accuracy"], "macro_f1": scores["macro_f1"], "worst_f1": min(f1.values()), **f1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--arm", action="append", choices=ARMS, help="all of them by default")
    chosen = parser.parse_args()
    settings = [f"dataset={chosen.dataset}", f"epochs={chosen.epochs}", f"compute.threads={chosen.threads}"]
    base = override(get_recipe("fernet_quick").config(), SHORT + settings)
    tables = {}
    for arm in chosen.arm or ARMS:
        runs = train_arm(arm, override(base, ARMS[arm]), chosen.seeds, checkpoints_root())
        tables[arm] = pd.DataFrame([scores_of(run) for run in runs])[SCORES]
    print(
        f"\nLast epoch of {chosen.epochs}, on validation of {chosen.dataset}; {chosen.seeds} seeds, mean ± spread (sd)"
    )
    print(" " * 12 + "".join(f"{arm:>18}" for arm in tables))
    for score in SCORES:
        cells = [f"{table[score].mean():.3f} ± {table[score].std():.3f}" for table in tables.values()]
        print(f"{score:12}" + "".join(f"{cell:>18}" for cell in cells))
    for score in ("accuracy", "macro_f1", "worst_f1"):
        for arm in [arm for arm in tables if arm != "uniform" and "uniform" in tables]:
            test = ttest_rel(tables[arm][score], tables["uniform"][score])
            change = (tables[arm][score] - tables["uniform"][score]).mean()
            print(f"{arm} against uniform, {score}: {change:+.3f}, paired t test over seeds p = {test.pvalue:.3f}")


if __name__ == "__main__":
    main()
