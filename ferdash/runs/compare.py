"""Runs side by side: what was set differently, how they learned, and which images they were measured on.

Whether a difference between two runs could be chance is decided in ferdash.evaluation.paired; here are the arrays for
it (`paired_answers`), and the refusal to compare scores of different images.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.records import flatten
from ferdash.runs.history import full_history
from ferdash.runs.index import RunSummary, Score
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run

CURVES = ("train_loss", "train_accuracy", "lr", "images_per_s")
"""Measures of a row itself; every other measure of `learning_curves` is one of its scores on validation."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a run's best network says of a split: int64 (N,) dataset rows, ascending, int64 (N,) labels, float32 (N, 7)
    probabilities in the order of EMOTIONS."""

    run: str
    dataset: str
    dataset_hash: str
    split: str
    rows: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """int64 (N,), positions in EMOTIONS."""
        found: np.ndarray = self.probabilities.argmax(axis=1)
        return found


@dataclass(frozen=True, eq=False)
class Disagreement:
    """int64 dataset rows of the images that only one of two runs gets right; those on which the two differ most in the
    probability of the true emotion come first."""

    only_a: np.ndarray
    only_b: np.ndarray


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1 in the denominator) of a score over runs; std is None for a single one."""

    mean: float
    std: float | None
    runs: int


@dataclass(frozen=True)
class GroupSummary:
    """Runs that belong together. best, last: score name (`accuracy`, `macro_f1`, `worst_f1`) -> Spread, over the best
    and over the last epoch of each run. over: `3 seeds`, `5 folds`, or `3 runs` when neither tells them apart."""

    name: str
    runs: tuple[str, ...]
    over: str
    best: dict[str, Spread]
    last: dict[str, Spread]


def settings_differences(
    configs: Mapping[str, Mapping[str, Any]], defaults: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Dotted path of every setting that is not the same in all runs -> run id -> value.

    configs: the `config` of each run's record, by run id. defaults: a nested configuration that fills in settings which
    a run does not have, because it was made before they existed; without it they are None.

    >>> settings_differences({"a": {"loss": {"gamma": 0}, "seed": 1}, "b": {"loss": {"gamma": 2}, "seed": 1}})
    {'loss.gamma': {'a': 0, 'b': 2}}
    """
    known = flatten(defaults or {})
    flat = {run: {**known, **flatten(config)} for run, config in configs.items()}
    paths = dict.fromkeys(path for values in flat.values() for path in values)
    table = {path: {run: values.get(path) for run, values in flat.items()} for path in paths}
    return {
        path: row for path, row in table.items() if any(value != next(iter(row.values())) for value in row.values())
    }


def learning_curves(runs: Iterable[Run], measure: str = "accuracy") -> pd.DataFrame:
    """Long-form table of one measure: columns run (id), epoch (from 0), seconds (of training, elapsed at the end of the
    epoch), value. Epochs of the runs that a run continues are part of its curve; rows without the measure are left out.

    measure: one of CURVES, a score on validation such as `macro_f1` or `log_loss`, or `f1.fear`.
    """
    records: list[tuple[str, int, float, float]] = []
    for run in runs:
        elapsed = 0.0
        for row in full_history(run):
            elapsed += row.get("seconds") or 0.0
            if (value := _measure(row, measure)) is not None:
                records.append((run.id, row["epoch"], elapsed, float(value)))
    return pd.DataFrame(records, columns=["run", "epoch", "seconds", "value"])


def f1_table(
    runs: Sequence[Run],
    epochs: Mapping[str, int],
    baseline: str | None = None,
    published: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Long-form table: columns run (id), emotion, f1, support, difference (F1 minus that of the baseline run).

    epochs: for each run, the epoch (from 0) whose F1 is wanted. baseline: id of one of the runs; the first when left
    out. published: rows of results that have no run folder, with the columns run, emotion, f1, support. f1 and
    difference are NaN for an emotion without support. A run without that epoch is left out.
    """
    rows = {
        run.id: next((row for row in full_history(run) if row["epoch"] == epochs.get(run.id)), None) for run in runs
    }
    tables = [_f1_of(run_id, row["validation"]) for run_id, row in rows.items() if row]
    if published is not None and len(published):
        tables.append(published)
    if not tables:
        return pd.DataFrame(columns=["run", "emotion", "f1", "support", "difference"])
    table = pd.concat(tables, ignore_index=True)
    reference = table[table["run"] == (baseline or runs[0].id)].set_index("emotion")["f1"]
    table["difference"] = table["f1"] - table["emotion"].map(reference).astype(float)
    return table


def read_answers(run: Run, split: str = "validation") -> Answers:
    """The predictions that are kept of a run. Raises RunError when there are none."""
    table = read_predictions(run.folder, split).sort_values("row", kind="stable")
    missing = [name for name in ("row", "label", *EMOTIONS) if name not in table]
    if missing:
        raise RunError(f"The predictions of run {run.id} for {split} have no column {missing[0]}.")
    return Answers(
        run=run.id,
        dataset=str(run.record["dataset"]["name"]),
        dataset_hash=str(run.record["dataset"]["hash"]),
        split=split,
        rows=table["row"].to_numpy(np.int64),
        labels=table["label"].to_numpy(np.int64),
        probabilities=table[list(EMOTIONS)].to_numpy(np.float32),
    )


def why_not_comparable(a: Answers, b: Answers) -> str | None:
    """A sentence, or None when both were measured on exactly the same images."""
    if a.dataset_hash != b.dataset_hash:
        names = f"{a.dataset} and {b.dataset}" if a.dataset != b.dataset else f"two versions of {a.dataset}"
        return f"Not comparable: measured on {names} ({a.dataset_hash[:8]} and {b.dataset_hash[:8]})."
    if a.split != b.split:
        return f"Not comparable: one was measured on the {a.split} split, the other on {b.split}."
    if np.array_equal(a.rows, b.rows):
        return None
    shared = len(np.intersect1d(a.rows, b.rows))
    return (
        f"Not comparable: one was measured on {len(a.rows):,} images, the other on {len(b.rows):,}, and only "
        f"{shared:,} of them are the same."
    )


def paired_answers(a: Answers, b: Answers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, what A predicts, and what B predicts for the same images, each int64 (N,).

    Raises RunError, saying why, when they were not measured on the same images.
    """
    if reason := why_not_comparable(a, b):
        raise RunError(reason)
    return a.labels, a.predicted, b.predicted


def disagreements(a: Answers, b: Answers) -> Disagreement:
    """The images that A gets right and B wrong, and the reverse. Raises RunError as `paired_answers`."""
    labels, predicted_a, predicted_b = paired_answers(a, b)
    index = np.arange(len(labels))
    lead = a.probabilities[index, labels] - b.probabilities[index, labels]
    only_a = np.flatnonzero((predicted_a == labels) & (predicted_b != labels))
    only_b = np.flatnonzero((predicted_a != labels) & (predicted_b == labels))
    return Disagreement(
        only_a=a.rows[only_a[np.argsort(-lead[only_a], kind="stable")]],
        only_b=a.rows[only_b[np.argsort(lead[only_b], kind="stable")]],
    )


def group_summary(summaries: Iterable[RunSummary]) -> list[GroupSummary]:
    """Mean and spread of each group with a finished epoch, in the order of the first run of each."""
    groups: dict[str, list[RunSummary]] = {}
    for summary in summaries:
        if summary.group and summary.last is not None:
            groups.setdefault(summary.group, []).append(summary)
    return [_summarise_group(name, runs) for name, runs in groups.items()]


def _summarise_group(name: str, runs: list[RunSummary]) -> GroupSummary:
    folds, seeds = {run.fold for run in runs}, {run.seed for run in runs}
    what = "fold" if len(folds) == len(runs) > 1 else "seed" if len(seeds) == len(runs) else "run"
    return GroupSummary(
        name=name,
        runs=tuple(run.id for run in runs),
        over=f"{len(runs)} {what}{'' if len(runs) == 1 else 's'}",
        best=_spreads([run.best for run in runs]),
        last=_spreads([run.last for run in runs]),
    )


def _spreads(scores: list[Score | None]) -> dict[str, Spread]:
    spreads = {}
    for name in ("accuracy", "macro_f1", "worst_f1"):
        values = [value for score in scores if score is not None and (value := getattr(score, name)) is not None]
        if values:
            std = float(np.std(values, ddof=1)) if len(values) > 1 else None
            spreads[name] = Spread(float(np.mean(values)), std, len(values))
    return spreads


def _measure(row: dict[str, Any], measure: str) -> float | None:
    if measure in CURVES:
        curve: float | None = row.get(measure)
        return curve
    name, _, emotion = measure.partition(".")
    value = row["validation"].get(name)
    found: float | None = value[EMOTIONS.index(emotion)] if emotion and value else value
    return found


def _f1_of(run_id: str, validation: dict[str, Any]) -> pd.DataFrame:
    absent = [None] * len(EMOTIONS)
    return pd.DataFrame(
        {
            "run": run_id,
            "emotion": list(EMOTIONS),
            "f1": np.array(validation.get("f1") or absent, dtype=float),
            "support": pd.array(validation.get("support") or absent, dtype="Int64"),
        }
    )
