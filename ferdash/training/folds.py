"""Cross-validation: the training and validation images together, or the training images alone, divided into folds that
take turns as validation.

Which fold an image is in depends on the dataset's content alone, so the runs of one group, a run that is resumed, and
whoever scores a run later all see the same folds. The test split is never touched.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ferdash.data.audit import audit_dataset
from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.data.sources.splits import draw_splits
from ferdash.emotions import SPLITS
from ferdash.errors import ConfigError, DatasetError, RunError
from ferdash.paths import named_model
from ferdash.references import parse, run_reference
from ferdash.runs.store import open_run
from ferdash.training.config import TrainConfig, from_dict
from ferdash.training.distillation import is_folds, is_table, model_behind
from ferdash.training.settings import FoldsConfig

NEARLY_IDENTICAL = ("near_leaks", "near_conflicts", "near_duplicates")
"""The audit's findings whose groups are versions of one photograph."""


def assign_folds(dataset: FaceDataset, count: int, within: str = "all") -> np.ndarray:
    """The fold of each image, int64 (N,), from 0 to count - 1; -1 for the images of test, and where `within` is train
    for those of validation.

    Every emotion is divided as evenly as its photographs allow. Identical images, and those that the audit finds to be
    versions of one photograph, are in the same fold; the audit is made where the dataset has none yet. (scikit-learn's
    StratifiedGroupKFold promises the same, but takes most of a minute over FER2013 where this takes seconds.)

    Raises ConfigError when there are too few images for so many folds.
    """
    split = dataset.table["split"]
    pool = np.flatnonzero((split == "train" if within == "train" else split != "test").to_numpy())
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
    """The dataset as one run of a cross-validation sees it: fold `folds.index` is validation, the others are train, and
    whatever is not divided is test. The dataset itself where folds.count is 0. Raises ConfigError as `assign_folds`
    does."""
    if folds.count == 0:
        return dataset
    fold = assign_folds(dataset, folds.count, folds.within)
    split = np.select([fold < 0, fold == folds.index], ["test", "validation"], "train")
    table = dataset.table.assign(split=pd.Categorical(split, categories=list(SPLITS), ordered=True))
    return replace(dataset, table=table)


def require_unseen(config: TrainConfig, dataset: FaceDataset, checkpoints: Path) -> list[str]:
    """Raise ConfigError when a fold would be validated by a network that was trained on its images before, or learned
    from a teacher that was, whatever lies between: runs that it continues or started from, their teachers, promotions
    and corrections. Returns the references whose training nobody knows here, such as models of the Hub."""
    if config.folds.count == 0:
        return []
    past = _Past(config.folds, dataset, checkpoints)
    for reference in dict.fromkeys([config.start_from, *_teachers(config)]):
        if reference and past.has_seen(reference):
            raise ConfigError(
                f"{reference} has seen images of “{dataset.name}” that these folds validate on, so their scores "
                "would be too good. Start from, and learn from, models that have not seen them."
            )
    return past.unknown


def _teachers(config: TrainConfig) -> list[str]:
    return [name if is_table(name) or is_folds(name) else model_behind(name) for name in config.teachers()]


@dataclass
class _Past:
    """What a network has seen, through any number of generations. unknown: those of which it is not recorded."""

    folds: FoldsConfig
    dataset: FaceDataset
    checkpoints: Path
    unknown: list[str] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)

    def has_seen(self, reference: str) -> bool:
        """Whether it was trained on images that the folds validate on."""
        if is_table(reference) or is_folds(reference):
            return True  # it was made from all training images, as far as anybody knows
        if reference in self._asked:
            return False
        self._asked.add(reference)
        asked = parse(reference)
        return self._run_has(asked.run) if asked.of_run else self._folder_has(asked.bare)

    def _folder_has(self, reference: str) -> bool:
        """Of a promoted model, by its card; of any other it is not known."""
        named = named_model(reference, self.checkpoints)
        card = (named if named.is_dir() else Path(reference).expanduser()) / "evaluation.json"
        try:
            content = json.loads(card.read_text(encoding="utf-8"))
            hashes = {evaluation["protocol"]["dataset_hash"] for evaluation in content["evaluations"]}
        except (OSError, ValueError, KeyError, TypeError):
            self.unknown.append(reference)
            return False
        run = str(content.get("run") or "")
        return self.dataset.hash in hashes or bool(run and self.has_seen(run_reference(run)))

    def _run_has(self, run_id: str) -> bool:
        try:
            record = open_run(self.checkpoints / "runs", run_id).record
        except RunError:
            self.unknown.append(run_reference(run_id))
            return False
        config = from_dict(record["config"])
        same = record["dataset"]["hash"] == self.dataset.hash
        if (same and config.folds != self.folds) or (
            not same and self._shares_images(str(record["dataset"].get("name")))
        ):
            return True
        extra = record.get("extra")
        if extra and (extra["hash"] == self.dataset.hash or self._shares_images(extra["name"])):
            return True
        parent = str((record.get("parent") or {}).get("run") or "")
        before = [config.start_from, run_reference(parent) if parent else "", *_teachers(config)]
        return any(self.has_seen(reference) for reference in before if reference)

    def _shares_images(self, name: str) -> bool:
        """Whether a dataset of that name, of which nothing else is known, has training images that the folds may
        validate on: the same pictures imported a second time, or corrected ones."""
        try:
            other = open_dataset(self.dataset.folder.parent, name)
        except DatasetError:
            return False
        pool = self.dataset.table.loc[self.dataset.table["split"] != "test", "content_hash"]
        trained = other.table.loc[other.table["split"] == "train", "content_hash"]
        return bool(pool.isin(set(trained)).any())


def _photographs(dataset: FaceDataset) -> np.ndarray:
    """str (N,): equal for images that are identical or versions of one photograph."""
    keys: np.ndarray = dataset.table["content_hash"].to_numpy(dtype=str)
    report = audit_dataset(dataset)
    for kind in NEARLY_IDENTICAL:
        for group in report.finding(kind).groups:
            keys[group] = keys[group[0]]
    return keys
