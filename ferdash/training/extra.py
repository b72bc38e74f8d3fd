"""Training also on the images of another dataset, such as corrections, without forgetting the first.

The images of both are mixed in every epoch (rehearsal; Robins, "Catastrophic Forgetting, Rehearsal and
Pseudorehearsal", 1995). Validation and test stay those of the first dataset, row by row, so that scores before and
after are of the same images.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ferdash.data.corrections import CORRECTIONS, export_corrections
from ferdash.data.dataset import FaceDataset, content_hashes, open_dataset
from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import SPLITS
from ferdash.errors import ConfigError, RunError
from ferdash.training.config import TrainConfig
from ferdash.training.settings import SamplingConfig
from ferdash.wording import counted


def pin_extra(config: TrainConfig, data: Path) -> TrainConfig:
    """The configuration with `corrections` in sampling.extra replaced by the dataset of the corrections that stand now.

    Raises DatasetError when nothing has been corrected yet.
    """
    if config.sampling.extra != CORRECTIONS:
        return config
    return replace(config, sampling=replace(config.sampling, extra=export_corrections(data).name))


def describe_extra(config: TrainConfig, data: Path) -> dict[str, Any] | None:
    """Name, hash and size of the extra dataset for a run's record; None without one. Raises DatasetError when it is
    missing."""
    if not config.sampling.extra:
        return None
    extra = open_dataset(data, config.sampling.extra)
    return {"name": extra.name, "hash": extra.hash, "images": len(extra)}


def require_same_extra(record: Mapping[str, Any], data: Path) -> None:
    """Raise RunError when the extra dataset is no longer the one that a run's record describes: its images would make
    other batches, and the run would not end as it would have without the interruption."""
    known = record.get("extra")
    if known and open_dataset(data, known["name"]).hash != known["hash"]:
        raise RunError(
            f"The dataset “{known['name']}” holds other images than when this run was made. Start a new run with it."
        )


def with_extra(dataset: FaceDataset, sampling: SamplingConfig) -> FaceDataset:
    """The dataset with the training images of sampling.extra, a dataset beside it, added to train at its end, each
    sampling.extra_repeat times; the dataset itself where sampling.extra is empty.

    Images that are pixel-identical to one in validation or test, or to its mirror image, are left out. The column
    `extra` of the table marks those added, and `extra` of meta says in a sentence how many.

    Raises DatasetError when the extra dataset is missing, and ConfigError when nothing of it can be trained on.
    """
    if not sampling.extra:
        return dataset
    root = dataset.folder.parent
    corrected = sampling.extra == CORRECTIONS
    extra = export_corrections(root) if corrected else open_dataset(root, sampling.extra)
    train = extra.rows("train")
    is_held_out = (dataset.table["split"] != "train").to_numpy()
    held_out = set(dataset.table.loc[is_held_out, "content_hash"])
    held_out |= set(content_hashes(dataset.images[is_held_out][:, :, ::-1]))
    rows = train[~extra.table["content_hash"].iloc[train].isin(held_out).to_numpy()]
    if not len(rows):
        raise ConfigError(
            f"The dataset “{extra.name}” has no image to train on that is not in validation or test of "
            f"“{dataset.name}”. Correct more faces, or leave sampling.extra empty."
        )
    repeated = np.repeat(rows, sampling.extra_repeat)
    added = extra.table.iloc[repeated].assign(extra=True)
    table = pd.concat([dataset.table.assign(extra=False).astype({"split": str}), added.astype({"split": str})])
    table["split"] = pd.Categorical(table["split"], categories=list(SPLITS), ordered=True)
    left_out = len(train) - len(rows)
    times = "once" if sampling.extra_repeat == 1 else f"{sampling.extra_repeat} times"
    sentence = f"Training also on {counted(len(rows), 'image')} of “{extra.name}”, each {times} an epoch" + (
        f"; {left_out:,} left out as they are in validation or test of “{dataset.name}”." if left_out else "."
    )
    return replace(
        dataset,
        images=np.concatenate([dataset.images, extra.images[repeated]]),
        table=table.reset_index(drop=True),
        votes=_joined_votes(dataset, extra, repeated),
        meta=dataset.meta | {"extra": sentence},
    )


def _joined_votes(dataset: FaceDataset, extra: FaceDataset, rows: np.ndarray) -> np.ndarray | None:
    if dataset.votes is None:
        return None
    unknown = np.zeros((len(rows), len(VOTE_CLASSES)), dtype=np.uint8)
    return np.concatenate([dataset.votes, unknown if extra.votes is None else extra.votes[rows]])
