"""`ferdash runs show` of a group: its runs, and the mean and spread of their scores."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from ferdash.cli.output import console, escape, print_json
from ferdash.paths import checkpoints_root
from ferdash.wording import counted, percent

if TYPE_CHECKING:
    from ferdash.runs.index import RunSummary


def members_of(text: str) -> "list[RunSummary]":
    """The runs, in the order of folds and seeds, of the group that a person means: by the group's name, or by one that
    several of its runs have and no other run. Empty where it is none; a run's own id is never a group's."""
    from ferdash.runs.index import list_runs, sound

    runs = sound(list_runs(checkpoints_root() / "runs"))
    if any(run.id == text for run in runs):
        return []
    named = [run for run in runs if text and run.group == text]
    called = [run for run in runs if text and run.name == text]
    if not named and len(called) > 1 and len({run.group for run in called}) == 1 and called[0].group:
        named = called
    return sorted(named, key=lambda run: (run.fold, run.seed or 0, run.id))


def show(text: str, members: "list[RunSummary]", json_output: bool) -> None:
    """Print a group: how to call it, its runs, and the mean and spread over those that differ in seed or fold alone."""
    from ferdash.cli.train import show_summary
    from ferdash.runs.groups import group_summary

    group = members[0].group
    scored = {run.id for run in members if run.last is not None}
    # The trials of a search differ in other settings too, so a spread over all of them would say nothing.
    summary = next((found for found in group_summary(members) if set(found.runs) == scored), None)
    if json_output:
        document = {"group": group, "runs": [asdict(run) for run in members], "summary": summary and asdict(summary)}
        print_json(document)
        return
    called = f"“{text}” is the group {group}" if text != group else f"The group {group}"
    console.print(escape(f"{called}, {counted(len(members), 'run')}:"), highlight=False, soft_wrap=True)
    for run in members:
        score = "-" if run.best is None or run.best.accuracy is None else percent(run.best.accuracy)
        fold = f", fold {run.fold[1] + 1} of {run.fold[0]}" if run.fold[0] else ""
        line = f"  {run.id}  {run.state}, seed {run.seed}{fold}, best {score}"
        console.print(escape(line), highlight=False, soft_wrap=True)
    if summary is not None:
        show_summary(summary)
