"""Cross-validation: the training and validation images together, divided into folds that take turns as validation.

Which fold an image is in depends on the dataset's content alone, so the runs of one group, a run that is resumed, and
whoever scores a run later all see the same folds. The test split is never touched.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ferdash.data.audit import audit_dataset
from ferdash.data.dataset import FaceDataset
from ferdash.data.sources.splits import draw_splits
from ferdash.emotions import SPLITS
from ferdash.errors import ConfigError
from ferdash.paths import named_model
from ferdash.references import parse
from ferdash.runs.store import open_run
from ferdash.training.config import TrainConfig, from_dict
from ferdash.training.distillation import is_table, model_behind
from ferdash.training.settings import FoldsConfig

NEARLY_IDENTICAL = ("near_leaks", "near_conflicts", "near_duplicates")
"""The audit's findings whose groups are versions of one photograph."""


def assign_folds(dataset: FaceDataset, count: int) -> np.ndarray:
    """The fold of each image, int64 (N,), from 0 to count - 1; -1 for the images of test.

    Every emotion is divided as evenly as its photographs allow. Identical images, and those that the audit finds to be
    versions of one photograph, are in the same fold; the audit is made where the dataset has none yet. (scikit-learn's
    StratifiedGroupKFold promises the same, but takes most of a minute over FER2013 where this takes seconds.)

    Raises ConfigError when there are too few images for so many folds.
    """
    pool = np.flatnonzero((dataset.table["split"] != "test").to_numpy())
    shares = {str(fold): 1 / count for fold in range(count)}
    folds = np.full(len(dataset), -1, dtype=np.int64)
    folds[pool] = np.array(
        draw_splits(_photographs(dataset)[pool].tolist(), dataset.labels[pool], shares), dtype=np.int64
    )
    if len(np.unique(folds[pool])) < count:
        raise ConfigError(
            f"The dataset “{dataset.name}” has too few images for {count} folds; choose a smaller number."
        )
    return folds


def in_fold(dataset: FaceDataset, folds: FoldsConfig) -> FaceDataset:
    """The dataset as one run of a cross-validation sees it: fold `folds.index` is validation, the others are train. The
    dataset itself where folds.count is 0. Raises ConfigError as `assign_folds` does."""
    if folds.count == 0:
        return dataset
    fold = assign_folds(dataset, folds.count)
    split = np.select([fold < 0, fold == folds.index], ["test", "validation"], "train")
    table = dataset.table.assign(split=pd.Categorical(split, categories=list(SPLITS), ordered=True))
    return replace(dataset, table=table)


def require_unseen(config: TrainConfig, dataset: FaceDataset, checkpoints: Path) -> None:
    """Raise ConfigError when a fold would be validated by a network that was trained on its images before, or learned
    from a teacher that was."""
    if config.folds.count == 0:
        return
    distilled_from = [name if is_table(name) else model_behind(name) for name in config.teachers()]
    for reference in dict.fromkeys([config.start_from, *distilled_from]):
        if reference and _has_seen(reference, config, dataset, checkpoints):
            raise ConfigError(
                f"{reference} has seen images of “{dataset.name}” that these folds validate on, so their scores "
                "would be too good. Start from, and learn from, models that have not seen them."
            )


def _has_seen(reference: str, config: TrainConfig, dataset: FaceDataset, checkpoints: Path) -> bool:
    if is_table(reference):
        return True  # it was made from all training images, as far as anybody knows
    asked = parse(reference)
    if not asked.of_run:
        return dataset.hash in _trained_on(named_model(reference, checkpoints) / "evaluation.json")
    record = open_run(checkpoints / "runs", asked.run).record
    return record["dataset"]["hash"] == dataset.hash and from_dict(record["config"]).folds != config.folds


def _trained_on(file: Path) -> set[str]:
    """Hashes of the datasets that a model promoted from a run was made with; empty for any other model."""
    if not file.is_file():
        return set()
    evaluations = json.loads(file.read_text(encoding="utf-8"))["evaluations"]
    return {evaluation["protocol"]["dataset_hash"] for evaluation in evaluations}


def _photographs(dataset: FaceDataset) -> np.ndarray:
    """str (N,): equal for images that are identical or versions of one photograph."""
    keys = dataset.table["content_hash"].to_numpy(dtype=str)
    report = audit_dataset(dataset)
    for kind in NEARLY_IDENTICAL:
        for group in report.finding(kind).groups:
            keys[group] = keys[group[0]]
    return keys
