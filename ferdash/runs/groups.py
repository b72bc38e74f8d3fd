"""Groups of runs: those that differ in seed or fold alone, as mean and spread of their scores.

The trials of a search share a name as well, but not their settings, so their spread says nothing of seeds.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ferdash.comparable import why_not_comparable
from ferdash.runs.index import RunSummary, Score


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1 in the denominator) of a score over runs; std is None for a single one."""

    mean: float
    std: float | None
    runs: int


@dataclass(frozen=True)
class GroupSummary:
    """Runs that belong together. best, last: score name (`accuracy`, `macro_f1`, `worst_f1`) -> Spread, over the best
    and over the last epoch of each run. over: `3 seeds` or `5 folds`."""

    name: str
    runs: tuple[str, ...]
    over: str
    best: dict[str, Spread]
    last: dict[str, Spread]


def group_summary(summaries: Iterable[RunSummary]) -> list[GroupSummary]:
    """Mean and spread of each group with a finished epoch, in the order of the first run of each. Runs that were
    trained apart are a group too; one that was repeated counts once, the first of them."""
    groups: dict[tuple[object, ...], dict[tuple[object, ...], RunSummary]] = {}
    for run in summaries:
        if run.setup and run.last is not None:
            members = groups.setdefault((run.setup, run.dataset_hash), {})
            members.setdefault((run.seed, run.fold), run)
    found = [_summarise(list(members.values())) for members in groups.values() if len(members) > 1]
    taken = Counter(group.name for group in found)
    setups = {next(iter(members.values())).id: key[0] for key, members in groups.items()}
    return [
        replace(group, name=f"{group.name} {str(setups[group.runs[0]])[:4]}") if taken[group.name] > 1 else group
        for group in found
    ]


def cross_validations(summaries: Iterable[RunSummary], dataset_hash: str) -> dict[str, str]:
    """The groups of folds on a dataset of that content, and what each still lacks to be complete: empty where each
    image was predicted by a network that had not learned it."""
    groups: dict[str, list[RunSummary]] = {}
    for run in summaries:
        if run.group and run.fold[0] and run.dataset_hash == dataset_hash:
            groups.setdefault(run.group, []).append(run)
    return {name: _what_is_missing(runs) for name, runs in groups.items()}


def _what_is_missing(runs: list[RunSummary]) -> str:
    folds = Counter(run.fold for run in runs)
    counts = sorted({of for of, _ in folds})
    if len(counts) > 1:
        return f"it has folds of {counts[0]} and of {counts[1]}"
    (of,) = counts
    for index in range(of):
        if (found := folds[of, index]) != 1:
            return f"fold {index + 1} of {of} is {'there twice' if found else 'missing'}"
    if waiting := [run.id for run in runs if run.state != "finished"]:
        return f"run {waiting[0]} is not finished"
    return "its folds were measured on some of their images only" if any(run.per_class for run in runs) else ""


def why_groups_not_comparable(a: Sequence[RunSummary], b: Sequence[RunSummary]) -> str | None:
    """A sentence, or None where the scores of both groups are of the same images: of the same for all runs, or fold for
    fold."""
    for group in (a, b):
        if len({run.setup for run in group}) > 1:
            return (
                f"“{group[0].group}” is no group of seeds or folds: its runs differ in other settings too, so their "
                "spread is not that of seeds."
            )
    ours, theirs = ({run.measured_on for run in group} for group in (a, b))
    if ours == theirs:
        return None
    one, other = next(iter(ours - theirs), a[0].measured_on), next(iter(theirs - ours), b[0].measured_on)
    return why_not_comparable(one, other)


def _summarise(runs: list[RunSummary]) -> GroupSummary:
    what = "fold" if len({run.fold for run in runs}) == len(runs) else "seed"
    return GroupSummary(
        name=_name(runs),
        runs=tuple(run.id for run in runs),
        over=f"{len(runs)} {what}s",
        best=_spreads([run.best for run in runs]),
        last=_spreads([run.last for run in runs]),
    )


def _name(runs: list[RunSummary]) -> str:
    """What a person called the runs where it is the same for all, else the group's name, else their recipe."""
    for names in ({run.name for run in runs}, {run.group for run in runs}):
        if len(names) == 1 and (name := names.pop()):
            return name
    return f"{runs[0].recipe} {runs[0].setup[:4]}"


def _spreads(scores: list[Score | None]) -> dict[str, Spread]:
    spreads = {}
    for name in ("accuracy", "macro_f1", "worst_f1"):
        values = [value for score in scores if score is not None and (value := getattr(score, name)) is not None]
        if values:
            std = float(np.std(values, ddof=1)) if len(values) > 1 else None
            spreads[name] = Spread(float(np.mean(values)), std, len(values))
    return spreads
