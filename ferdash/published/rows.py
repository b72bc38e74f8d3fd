"""The report's results as rows beside our runs: published, not run here.

The report has scores and no answers, so nothing can be said of a row image by image; `why_not_paired` says so.
"""

from collections.abc import Iterable
from functools import cache

import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.published.reader import Experiment, read_report
from ferdash.runs.index import RunSummary, Score

DATASET = "the report's test split"

_MEASURES = ("accuracy", "train_accuracy", "train_loss")
"""What a progression of the report has, by the names that `ferdash.runs.compare.learning_curves` knows."""


@cache
def published_runs() -> tuple[RunSummary, ...]:
    """Each experiment as a run of kind `published`, in the report's order. Its id is no run folder's; its recipe is
    that which repeats it; its images are test images. An accuracy that is stated for an epoch before the last has no F1
    beside it, since the report's table is of the last."""
    return tuple(_summary(experiment) for experiment in read_report().experiments)


def f1_rows(run_ids: Iterable[str]) -> pd.DataFrame:
    """F1 of each emotion after the last epoch, as `ferdash.runs.compare.f1_table` takes it: columns run, emotion, f1,
    support. Ids that are none of `published_runs` are passed over."""
    tables = [
        pd.DataFrame({"run": run_id, "emotion": list(EMOTIONS), "f1": one.table.f1, "support": one.table.support})
        for run_id, one in _chosen(run_ids)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["run", "emotion", "f1", "support"])


def curve_rows(run_ids: Iterable[str], measure: str) -> pd.DataFrame:
    """A measure over the epochs that the report lists, in the columns of `ferdash.runs.compare.learning_curves`: run,
    epoch (from 0), seconds (NaN, since it does not tell), value."""
    records = [
        (run_id, row.epoch - 1, float("nan"), getattr(row, measure))
        for run_id, one in _chosen(run_ids)
        if measure in _MEASURES
        for row in one.progress
    ]
    return pd.DataFrame(records, columns=["run", "epoch", "seconds", "value"])


def why_not_paired(run: RunSummary, other: RunSummary, names: tuple[str, str]) -> str:
    """Why two runs of which at least one is published are not held against each other. names: what to call them."""
    if run.kind == other.kind and run.measured_on == other.measured_on:
        return (
            f"{names[0]} and {names[1]} were published for equally many images ({run.images:,}), but not image by "
            "image, so whether their difference could be chance cannot be tested."
        )
    published = names[0] if run.kind == "published" else names[1]
    return (
        f"{names[1]} against {names[0]}: not comparable, {_measured(other)} against {_measured(run)}. {published} is "
        "published, not run here; its figures for each emotion stand beside the others for orientation only."
    )


def _measured(run: RunSummary) -> str:
    return f"measured on {run.images:,} images of {run.dataset}" if run.images else "not measured yet"


def _chosen(run_ids: Iterable[str]) -> list[tuple[str, Experiment]]:
    by_id = {_id(experiment): experiment for experiment in read_report().experiments}
    return [(run_id, by_id[run_id]) for run_id in run_ids if run_id in by_id]


def _id(experiment: Experiment) -> str:
    return f"report-{experiment.name.replace('_', '-')}"


def _summary(experiment: Experiment) -> RunSummary:
    table, worst = experiment.table, min(range(len(EMOTIONS)), key=experiment.table.f1.__getitem__)
    # A model that was measured as it came has trained for 0 epochs, so that its only one is "epoch 0" when counted
    # from 1.
    last_epoch = experiment.epochs - 1
    accuracy = experiment.progress[-1].accuracy if experiment.progress else experiment.accuracy
    last = Score(last_epoch, accuracy, table.macro()[2], table.f1[worst], EMOTIONS[worst])
    best = Score(experiment.best_epoch - 1, experiment.accuracy, None, None, None) if experiment.best_epoch else last
    focused_by_test = experiment.measured_on == "test" and any(row.focus for row in experiment.progress)
    return RunSummary(
        id=_id(experiment),
        kind="published",
        name=f"Report {experiment.section}: {experiment.title}",
        tags=(),
        notes="",
        archived=False,
        state="finished",
        recipe=experiment.name,
        dataset=DATASET,
        dataset_hash="",
        start_from=read_report().base_model,
        seed=None,
        group="",
        parent="",
        parent_checkpoint="",
        created_at=experiment.date.isoformat(),
        epochs_done=experiment.epochs,
        epochs_planned=experiment.epochs,
        seconds=0.0,
        images_per_s=None,
        select="accuracy",
        best=best,
        last=last,
        parameters=None,
        images=experiment.images,
        per_class=0,
        fold=(0, 0),
        tuned_on_test=focused_by_test,
    )
