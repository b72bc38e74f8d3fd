"""Several runs as one: the same configuration with other seeds, or its cross-validation.

Members are ordinary runs that carry the group's name in their record, so each can be watched, stopped and resumed like
any other.
"""

import secrets
from dataclasses import replace
from pathlib import Path

from ferdash.errors import ConfigError
from ferdash.runs.store import Run, read_status, write_status
from ferdash.training import start
from ferdash.training.config import TrainConfig
from ferdash.training.recipes import require_used


def plan(config: TrainConfig, *, seeds: int = 0, folds: int = 0) -> list[TrainConfig]:
    """The configurations of a group: `seeds` of them, counted up from config.seed, or one for each of `folds`; the
    configuration alone where neither is asked for. Raises ConfigError when both are, for a single fold, and for
    sampling weights without `static` sampling."""
    require_used(config)
    if seeds > 1 and folds:
        raise ConfigError("A group is over several seeds or over folds, not both; run it again for another seed.")
    if folds:
        return [replace(config, folds=replace(config.folds, count=folds, index=index)) for index in range(folds)]
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


def release(runs: list[Run]) -> None:
    """Mark those that still wait as stopped: nobody is about to train them."""
    for run in runs:
        if read_status(run.folder)["state"] == "queued":
            write_status(run.folder, state="stopped")
