"""What networks see in images that they have not learned: the folds of a cross-validation taken together.

As teachers (`loss.teachers=oof:GROUP`) they know no label of an image by heart, a wrong one least of all.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from ferdash.data.dataset import FaceDataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, RunError
from ferdash.models.loading import load_model
from ferdash.models.tta import average_probabilities, ten_crops
from ferdash.references import run_reference
from ferdash.runs.compare import Answers
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run, list_run_ids, open_run, read_status
from ferdash.training.config import from_dict
from ferdash.training.distillation import BATCH, OOF
from ferdash.training.folds import assign_folds


def members(checkpoints: Path, group: str) -> list[Run]:
    """The runs of a group by fold and seed; empty when there is none of that name. Damaged runs are left out."""
    found = [run for run in _grouped(checkpoints) if run.record["group"] == group]
    return sorted(found, key=lambda run: (run.record["config"]["folds"]["index"], run.record["config"]["seed"]))


def _named(checkpoints: Path, group: str) -> list[Run]:
    """As `members`. Raises RunError when there is none."""
    runs = members(checkpoints, group)
    if not runs:
        known = ", ".join(dict.fromkeys(run.record["group"] for run in _grouped(checkpoints))) or "none yet"
        raise RunError(f"There is no group of runs called “{group}” (there are: {known}).")
    return runs


def _grouped(checkpoints: Path) -> Iterator[Run]:
    """All runs that belong to a group, by id."""
    root = checkpoints / "runs"
    for run_id in list_run_ids(root):
        with suppress(RunError):  # a damaged run cannot say which group it belongs to; the list of runs reports it
            run = open_run(root, run_id)
            if run.record.get("group"):
                yield run


def unfinished(runs: list[Run]) -> list[Run]:
    """Those that are not finished."""
    return [run for run in runs if read_status(run.folder)["state"] != "finished"]


def out_of_fold(runs: list[Run]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The predictions of a complete cross-validation, each image by the network that was not trained on it.

    Returns dataset rows, int64 (N,), ascending; labels, int64 (N,); probabilities, float32 (N, 7). Each network is that
    of its best epoch, chosen on the very fold it predicts, which makes scores of these a little too good.

    Raises RunError when a fold is missing, unfinished or measured in part, or the runs do not belong together.
    """
    _require_complete(runs)
    tables = [read_predictions(run.folder, "validation") for run in runs]
    rows = np.concatenate([table["row"].to_numpy(dtype=np.int64) for table in tables])
    order = np.argsort(rows, kind="stable")
    labels = np.concatenate([table["label"].to_numpy(dtype=np.int64) for table in tables])
    probabilities = np.concatenate([table[list(EMOTIONS)].to_numpy(dtype=np.float32) for table in tables])
    return rows[order], labels[order], probabilities[order]


def complete_groups(checkpoints: Path, dataset_hash: str) -> list[str]:
    """Names of the groups whose runs are a complete cross-validation on a dataset of that content, newest first."""
    groups: dict[str, list[Run]] = {}
    for run in _grouped(checkpoints):
        if run.record["dataset"]["hash"] == dataset_hash:
            groups.setdefault(run.record["group"], []).append(run)
    found = []
    for name, runs in groups.items():
        with suppress(RunError, ConfigError):
            _require_complete(runs)
            found.append((max(run.id for run in runs), name))
    return [name for _, name in sorted(found, reverse=True)]


def _require_complete(runs: list[Run]) -> None:
    """Raises RunError unless they are all folds of one dataset, each once, finished and measured on all images."""
    configs = [from_dict(run.record["config"]) for run in runs]
    count = configs[0].folds.count if configs else 0
    kinds = {
        (run.record["dataset"]["hash"], config.folds.count, config.folds.within)
        for run, config in zip(runs, configs, strict=True)
    }
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


def out_of_fold_answers(checkpoints: Path, group: str) -> Answers:
    """What `out_of_fold` returns of the group of that name, as answers about its dataset; `run` is the group's name.
    Raises RunError as that does."""
    runs = _named(checkpoints, group)
    rows, labels, probabilities = out_of_fold(runs)
    dataset = runs[0].record["dataset"]
    return Answers(group, dataset["name"], dataset["hash"], "train and validation", rows, labels, probabilities)


def require_teachers(group: str, dataset: FaceDataset, checkpoints: Path) -> list[Run]:
    """The runs of a group, if they can teach on that dataset: a complete cross-validation of its training images alone.

    Raises ConfigError when they cannot. Networks that were trained on validation images would tell the pupil about
    those, and its score there would be too good.
    """
    try:
        runs = _named(checkpoints, group)
        out_of_fold(runs)
    except RunError as error:
        raise ConfigError(f"loss.teachers names {OOF}:{group}, which cannot teach. {error}") from error
    if runs[0].record["dataset"]["hash"] != dataset.hash:
        other = runs[0].record["dataset"]["name"]
        raise ConfigError(
            f"{OOF}:{group} was trained on another dataset (“{other}”, as it was then) than “{dataset.name}”; train "
            "the folds on this one."
        )
    if from_dict(runs[0].record["config"]).folds.within != "train":
        raise ConfigError(
            f"The networks of {OOF}:{group} were trained on validation images too, so a pupil's score there would be "
            "too good. Train the folds with folds.within=train."
        )
    return runs


def out_of_fold_table(
    group: str,
    dataset: FaceDataset,
    rows: np.ndarray,
    *,
    checkpoints: Path,
    on_batch: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """What the folds of a group see in training images, each looked at by the one network that learned neither it nor
    a version of it, float32 (N, 7).

    rows: int64 (N,) of the dataset, all in train. Each network is that of its best epoch and looks at ten crops.
    on_batch is called after each batch.

    Raises ConfigError as `require_teachers` does, and ModelError when a network is gone.
    """
    table = np.full((len(rows), len(EMOTIONS)), np.nan, dtype=np.float32)
    runs = require_teachers(group, dataset, checkpoints)
    fold = assign_folds(dataset, len(runs), "train")[rows]
    for index, run in enumerate(runs):  # by fold
        here = np.flatnonzero(fold == index)
        # Temperatures were fitted on validation, of which training must not know anything.
        model = load_model(run_reference(run.id, "best"), checkpoints, engine="torch", calibrated=False)
        for start in range(0, len(here), BATCH):
            part = here[start : start + BATCH]
            table[part] = average_probabilities([model], ten_crops(np.asarray(dataset.images[rows[part]])))
            on_batch()
    return table
