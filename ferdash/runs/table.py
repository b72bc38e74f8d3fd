"""The runs as a table: searched and filtered, in columns to choose from, those measured on the same images together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ferdash.runs.compare import settings_differences
from ferdash.runs.index import PUBLISHED, RunSummary, Score
from ferdash.wording import count, counted


@dataclass(frozen=True)
class MeasuredAlike:
    """Runs whose scores are, as far as their records tell, of the same images. described: of which, in words.
    comparable: False for runs that merely stand together: imported ones, of unknown images, folds of a
    cross-validation, each of its own, and those that have no score yet."""

    described: str
    runs: tuple[RunSummary, ...]
    comparable: bool = True


def search(
    summaries: Sequence[RunSummary], text: str = "", tags: Sequence[str] = (), *, archived: bool = False
) -> list[RunSummary]:
    """Those in whose id, name, notes, recipe, dataset, group or state every word of `text` occurs, whatever its case,
    and that have all the tags; from the archive only where asked."""
    words = text.lower().split()
    return [
        run
        for run in summaries
        if (archived or not run.archived) and set(tags) <= set(run.tags) and all(word in _text(run) for word in words)
    ]


def measured_alike(summaries: Sequence[RunSummary]) -> list[MeasuredAlike]:
    """The runs in groups that may be compared with each other, larger groups first; then those that merely stand
    together, and published ones last."""
    groups: dict[tuple[int, object], list[RunSummary]] = {}
    for run in summaries:
        groups.setdefault(_place(run), []).append(run)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1])))
    return [
        MeasuredAlike(_described(runs[0]), tuple(runs), comparable=place in (MEASURED, REFERENCE))
        for (place, _), runs in ordered
    ]


MEASURED, FOLDS, UNKNOWN, UNMEASURED, REFERENCE = range(5)
"""Kinds of groups, in the order in which they are shown."""


def _place(run: RunSummary) -> tuple[int, object]:
    """The kind of a run's group, and what is equal for all of it."""
    if run.kind == "published":
        return REFERENCE, run.measured_on
    if not run.measured_on.words:
        return UNMEASURED, None
    if not run.measured_on.known:
        return UNKNOWN, None
    if run.fold[0]:
        return FOLDS, (run.dataset_hash, run.per_class, run.fold[0])
    return MEASURED, run.measured_on


def titles(summaries: Sequence[RunSummary]) -> dict[str, str]:
    """By run id, a short name that no other of the runs has: the name a person gave it, else its recipe, with as much
    of the id as it takes."""
    plain = {run.id: run.name or run.recipe or run.id for run in summaries}
    taken = pd.Series(plain, dtype=str).value_counts()
    return {
        run.id: plain[run.id] if run.name and taken[run.name] == 1 else f"{plain[run.id]} {run.id.rpartition('-')[2]}"
        for run in summaries
    }


def runs_table(summaries: Sequence[RunSummary]) -> pd.DataFrame:
    """A row for each run, in the given order; scores are percentages, or F1 from 0 to 1, of the best and of the last
    epoch, epochs are counted from 1, and what is not known is missing."""
    names = titles(summaries)
    return pd.DataFrame([_row(run, names[run.id]) for run in summaries], columns=COLUMNS)


def settings_and_scores(
    summaries: Sequence[RunSummary], configs: Mapping[str, Mapping[str, Any]], defaults: Mapping[str, Any]
) -> pd.DataFrame:
    """A row for each run with a score: the settings in which the runs differ, by dotted path, then its scores in the
    best epoch and what they took. Columns run, title, the settings, accuracy, macro_f1, worst_f1, parameters, minutes,
    epochs_done.

    configs: the configuration of each run's record, by id; defaults: what a setting is that a run does not have.
    """
    scored = [run for run in summaries if run.best is not None]
    names = titles(summaries)
    settings = pd.DataFrame(settings_differences({run.id: configs[run.id] for run in scored}, defaults))
    figures = {
        run.id: {
            "accuracy": run.best.accuracy,
            "macro_f1": run.best.macro_f1,
            "worst_f1": run.best.worst_f1,
            "parameters": run.parameters,
            "minutes": run.seconds / 60 if run.seconds else None,
            "epochs_done": run.epochs_done,
        }
        for run in scored
        if run.best is not None
    }
    table = settings.join(pd.DataFrame.from_dict(figures, orient="index"), how="right")
    table.insert(0, "title", [names[run_id] for run_id in table.index])
    return table.rename_axis("run").reset_index()


def _row(run: RunSummary, title: str) -> tuple[object, ...]:
    best = run.best
    return (
        title,
        run.mark,
        run.state,
        *_accuracy(run.best),
        *_accuracy(run.last),
        best and best.macro_f1,
        best and best.worst_f1,
        best and best.worst_emotion,
        run.recipe,
        run.start_from or "new network",
        run.seed,
        f"{run.fold[1] + 1} of {run.fold[0]}" if run.fold[0] else "",
        run.group,
        list(run.tags),
        run.notes,
        run.epochs_done,
        run.seconds / 60 if run.seconds else None,
        run.images_per_s,
        run.parameters,
        run.dataset,
        run.images,
        run.parent,
        run.created_at.replace("T", " ")[:16],
        run.id,
    )


COLUMNS = [
    "Run",
    "Mark",
    "State",
    "Best accuracy",
    "Best epoch",
    "Last accuracy",
    "Last epoch",
    "Macro F1",
    "Worst F1",
    "Worst emotion",
    "Recipe",
    "Started from",
    "Seed",
    "Fold",
    "Group",
    "Tags",
    "Notes",
    "Epochs",
    "Minutes",
    "Images/s",
    "Parameters",
    "Dataset",
    "Images",
    "Continues",
    "Started",
    "Id",
]


def _accuracy(score: Score | None) -> tuple[float | None, int | None]:
    """In percent, and the epoch counted from 1."""
    if score is None:
        return None, None
    return None if score.accuracy is None else 100 * score.accuracy, score.epoch + 1


def _text(run: RunSummary) -> str:
    parts = (run.id, run.name, run.notes, run.recipe, run.dataset, run.group, run.state, *run.tags)
    return " ".join(parts).lower()


def _described(run: RunSummary) -> str:
    if run.kind == "published":
        return f"{PUBLISHED.capitalize()}, on {counted(run.images or 0, 'image')} of {run.dataset}"
    if not run.measured_on.words:
        return "Not measured yet"
    if not run.measured_on.known:
        return "Imported: of which images the scores are is not known, so compare them with no other"
    where = f"{run.dataset} ({run.dataset_hash[:8]})"
    if run.fold[0]:
        return f"Each on its own one of {run.fold[0]} folds of {where}"
    images = counted(run.images or 0, "validation image")
    if run.per_class:
        return f"{images} of {where}, at most {count(run.per_class)} of each emotion"
    return f"The {images} of {where}"
