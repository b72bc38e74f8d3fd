"""Several runs as one: the same configuration with other seeds, or its cross-validation.

Members are ordinary runs that carry the group's name in their record, so each can be watched, stopped and resumed like
any other.
"""

import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, RunError
from ferdash.runs.compare import Answers
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run, list_run_ids, open_run, read_status, write_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, from_dict
from ferdash.training.settings import FoldsConfig


def plan(config: TrainConfig, *, seeds: int = 0, folds: int = 0) -> list[TrainConfig]:
    """The configurations of a group: `seeds` of them, counted up from config.seed, or one for each of `folds`; the
    configuration alone where neither is asked for. Raises ConfigError when both are, and for a single fold."""
    if seeds > 1 and folds:
        raise ConfigError("A group is over several seeds or over folds, not both; run it again for another seed.")
    if folds:
        return [replace(config, folds=FoldsConfig(folds, index)) for index in range(folds)]
    return [replace(config, seed=config.seed + number) for number in range(max(seeds, 1))]


def new_group_name(configs: list[TrainConfig]) -> str:
    """A name that is readable and unique, `fernet-3-seeds-3fa9`; empty for a single configuration."""
    if len(configs) == 1:
        return ""
    first = configs[0]
    return f"{first.recipe}-{len(configs)}-{'folds' if first.folds.count else 'seeds'}-{secrets.token_hex(2)}"


def create_group(configs: list[TrainConfig], *, data: Path, checkpoints: Path, name: str = "") -> list[Run]:
    """Make the run folders of a group, queued. Raises what `start.create` does."""
    group = new_group_name(configs)
    return [start.create(config, data=data, checkpoints=checkpoints, name=name, group=group) for config in configs]


def members(checkpoints: Path, group: str) -> list[Run]:
    """The runs of a group by fold and seed; empty when there is none of that name. Damaged runs are left out."""
    root, found = checkpoints / "runs", []
    for run_id in list_run_ids(root):
        try:
            run = open_run(root, run_id)
        except RunError:
            continue  # it cannot say which group it belongs to; the list of runs reports it
        if group and run.record.get("group") == group:
            found.append(run)
    return sorted(found, key=lambda run: (run.record["config"]["folds"]["index"], run.record["config"]["seed"]))


def unfinished(runs: list[Run]) -> list[Run]:
    """Those that are not finished."""
    return [run for run in runs if read_status(run.folder)["state"] != "finished"]


def release(runs: list[Run]) -> None:
    """Mark those that still wait as stopped: nobody is about to train them."""
    for run in runs:
        if read_status(run.folder)["state"] == "queued":
            write_status(run.folder, state="stopped")


def out_of_fold(runs: list[Run]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The predictions of a complete cross-validation, each image by the network that was not trained on it.

    Returns dataset rows, int64 (N,), ascending; labels, int64 (N,); probabilities, float32 (N, 7). Each network is that
    of its best epoch, chosen on the very fold it predicts, which makes scores of these a little too good.

    Raises RunError when a fold is missing, unfinished or measured in part, or the runs do not belong together.
    """
    configs = [from_dict(run.record["config"]) for run in runs]
    count = configs[0].folds.count if configs else 0
    kinds = {(run.record["dataset"]["hash"], config.folds.count) for run, config in zip(runs, configs, strict=True)}
    if count == 0 or len(kinds) > 1:
        raise RunError("These runs are not the folds of one dataset, so they have no out-of-fold predictions.")
    missing = set(range(count)) - {config.folds.index for config in configs}
    if missing or len(runs) != count:
        told = f"fold {min(missing) + 1} of {count} is missing" if missing else "a fold is there twice"
        raise RunError(f"The cross-validation is not complete: {told}.")
    if left := unfinished(runs):
        raise RunError(f"The cross-validation is not complete: run {left[0].id} is not finished.")
    if any(config.evaluation.per_class for config in configs):
        raise RunError("These folds were measured on some of their images only (evaluation.per_class), not on each.")
    tables = [read_predictions(run.folder, "validation") for run in runs]
    rows = np.concatenate([table["row"].to_numpy(dtype=np.int64) for table in tables])
    order = np.argsort(rows, kind="stable")
    labels = np.concatenate([table["label"].to_numpy(dtype=np.int64) for table in tables])
    probabilities = np.concatenate([table[list(EMOTIONS)].to_numpy(dtype=np.float32) for table in tables])
    return rows[order], labels[order], probabilities[order]


def out_of_fold_answers(checkpoints: Path, group: str) -> Answers:
    """What `out_of_fold` returns of the group of that name, as answers about its dataset; `run` is the group's name.
    Raises RunError as that does."""
    runs = members(checkpoints, group)
    rows, labels, probabilities = out_of_fold(runs)
    dataset = runs[0].record["dataset"]
    return Answers(group, dataset["name"], dataset["hash"], "train and validation", rows, labels, probabilities)
