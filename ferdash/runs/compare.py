"""Runs side by side: what was set differently, how they learned, and which images they were measured on.

Whether a difference between two runs could be chance is decided in ferdash.evaluation.paired; here are the arrays for
it (`paired_answers`), and the refusal to compare scores of different images.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ferdash import comparable
from ferdash.comparable import Images
from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.records import flatten
from ferdash.runs.history import full_history
from ferdash.runs.index import RunSummary
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
    def measured_on(self) -> Images:
        """The images themselves, of which a run's record tells only how many there are and how they were drawn."""
        drawn = self.rows.tobytes()
        return Images(self.dataset_hash, self.split, drawn, f"{len(self.rows):,} images", self.dataset)

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
    summaries: Iterable[RunSummary],
    baseline: str | None = None,
    published: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Long-form table: columns run (id), emotion, f1, support, difference (F1 minus that of the baseline run).

    summaries: of all runs, whose best epoch is taken. baseline: id of one of the runs; the first when left out.
    published: rows of results that have no run folder, with the columns run, emotion, f1, support. f1 and difference
    are NaN for an emotion without support; difference also for a run that was not measured on the baseline's images. A
    run without a finished epoch is left out.
    """
    by_id = {summary.id: summary for summary in summaries}
    epochs = {run_id: summary.best.epoch for run_id, summary in by_id.items() if summary.best}
    rows = {
        run.id: next((row for row in full_history(run) if row["epoch"] == epochs.get(run.id)), None) for run in runs
    }
    tables = [_f1_of(run_id, row["validation"]) for run_id, row in rows.items() if row]
    if published is not None and len(published):
        tables.append(published)
    if not tables:
        return pd.DataFrame(columns=["run", "emotion", "f1", "support", "difference"])
    table = pd.concat(tables, ignore_index=True)
    first = baseline or runs[0].id
    reference = table[table["run"] == first].set_index("emotion")["f1"]
    alike = table["run"].isin([run_id for run_id in by_id if comparable_runs(by_id[first], by_id[run_id])])
    table["difference"] = (table["f1"] - table["emotion"].map(reference).astype(float)).where(alike)
    return table


def comparable_runs(a: RunSummary, b: RunSummary) -> bool:
    """Whether the scores of two runs are of the same images, as far as their records tell."""
    return comparable.why_not_comparable(a.measured_on, b.measured_on) is None


def read_answers(run: Run, split: str = "validation") -> Answers:
    """The predictions that are kept of a run. Raises RunError when there are none."""
    table = read_predictions(run.folder, split).sort_values("row", kind="stable")
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
    reason = comparable.why_not_comparable(a.measured_on, b.measured_on)
    if reason and (a.dataset_hash, a.split) == (b.dataset_hash, b.split):
        shared = len(np.intersect1d(a.rows, b.rows))
        return f"{reason.removesuffix('.')}, and only {shared:,} of them are the same."
    return reason


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
