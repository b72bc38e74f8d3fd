"""`ferdash runs ...`: the group of commands, and those that show, label, archive and delete a run."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.table import Table

from ferdash.cli import runs_compare, runs_exchange, runs_group, runs_list
from ferdash.cli.output import JsonFlag, console, escape, print_json, tell
from ferdash.cli.runs_list import marks, measured_on
from ferdash.emotions import EMOTIONS
from ferdash.paths import checkpoints_root
from ferdash.wording import count, counted, duration, percent

if TYPE_CHECKING:
    from ferdash.runs.index import RunSummary, Score

RunName = Annotated[str, typer.Argument(help="Id of a run, the start or the end of it, or its name.")]
RunOrGroup = Annotated[str, typer.Argument(help="Id of a run, the start or the end of it, its name, or a group's.")]


def register(app: typer.Typer) -> None:
    """Add `ferdash runs`."""
    group = typer.Typer(help="List, compare, export and tidy up runs.", no_args_is_help=True)
    runs_list.register(group)
    group.command("show")(show)
    runs_compare.register(group)
    runs_exchange.register(group)
    for name, command in (("rename", rename), ("tag", tag), ("note", note), ("archive", archive), ("delete", delete)):
        group.command(name)(command)
    app.add_typer(group, name="runs")


def show(run: RunOrGroup, json_output: JsonFlag = False) -> None:
    """Show a run: its scores, what they were measured on, and how to make it again. Of a group its runs, with mean and
    spread."""
    if members := runs_group.members_of(run):
        runs_group.show(run, members, json_output)
        return
    _show_run(run, json_output)


def _show_run(run: str, json_output: bool) -> None:
    from ferdash.runs.baseline import read_baseline
    from ferdash.runs.history import full_history
    from ferdash.runs.index import summary_of
    from ferdash.runs.lineage import trace
    from ferdash.runs.store import open_run, read_status

    root, run_id = _find(run)
    opened = open_run(root, run_id)
    summary, origin = summary_of(root, opened.id), trace(opened)
    history, baseline = full_history(opened), read_baseline(opened.folder)
    if json_output:
        found = {"summary": asdict(summary), "trace": asdict(origin), "baseline": baseline and asdict(baseline)}
        print_json(found | {"record": opened.record, "metrics": history})
        return
    console.print(f"[bold]{escape(summary.title)}[/bold]{marks(summary)}", highlight=False)
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _facts(summary).items():
        facts.add_row(name, escape(value))
    if baseline is not None:
        facts.add_row("baseline", baseline.sentence)
    if extra := opened.record.get("extra"):
        facts.add_row("mixed in", escape(f"{counted(extra['images'], 'image')} of {extra['name']}"))
    facts.add_row("data", escape(f"{origin.dataset}, content {origin.dataset_hash or 'unknown'}"))
    versions = ", ".join(f"{name} {version}" for name, version in origin.versions.items())
    facts.add_row("code", escape(f"{origin.code} ({versions})" if versions else origin.code))
    console.print(facts, highlight=False)
    if error := read_status(opened.folder).get("error"):
        console.print(f"[red]{escape(str(error))}[/red]", highlight=False)
    if summary.best is not None and summary.last is not None:
        console.print(_emotion_table(history, summary.best, summary.last))
    console.print("To make it again:", highlight=False)
    for command in origin.commands:
        console.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
    if origin.missing:
        console.print(f"It continues {', '.join(origin.missing)}, which was deleted.", highlight=False)


def rename(
    run: RunName, name: Annotated[str, typer.Argument(help="The new name.")], json_output: JsonFlag = False
) -> None:
    """Give a run a name."""
    from ferdash.runs import meta

    root, run_id = _find(run)
    meta.rename(root, run_id, name)
    words = f"{run_id} is now called {escape(name)}." if name.strip() else f"{run_id} has no name any more."
    tell(json_output, words, {"run": run_id, "name": name})


def tag(
    run: RunName,
    tags: Annotated[list[str], typer.Argument(help="Tags to give it.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take these tags away instead.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Give a run tags, or take them away."""
    from ferdash.runs import meta

    root, run_id = _find(run)
    now = meta.tag(root, run_id, add=[] if remove else tags, remove=tags if remove else [])
    tell(json_output, f"Tags of {run_id}: {escape(', '.join(now)) or 'none'}.", {"run": run_id, "tags": now})


def note(
    run: RunName,
    text: Annotated[str, typer.Argument(help="The notes; they replace those there are.")],
    json_output: JsonFlag = False,
) -> None:
    """Write notes on a run."""
    from ferdash.runs import meta

    root, run_id = _find(run)
    meta.note(root, run_id, text)
    tell(json_output, f"Noted on {run_id}.", {"run": run_id, "notes": text})


def archive(
    run: RunName,
    undo: Annotated[bool, typer.Option("--undo", help="Take it out of the archive again.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Put a run into the archive, where lists leave it out unless asked."""
    from ferdash.runs import meta

    root, run_id = _find(run)
    meta.archive(root, run_id, archived=not undo)
    words = f"{run_id} is {'back in the list' if undo else 'in the archive'}."
    tell(json_output, words, {"run": run_id, "archived": not undo})


def delete(
    run: RunName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Delete a run with its checkpoints and predictions, for good. Models made from it stay."""
    from ferdash.runs import meta
    from ferdash.runs.index import list_runs, sound

    root, run_id = _find(run)
    children = sum(entry.parent == run_id for entry in sound(list_runs(root)))
    if not yes:
        note = f" {counted(children, 'run continues it and loses', 'runs continue it and lose')} that part of its past."
        question = f"Delete the run {run_id} with its checkpoints for good?"
        typer.confirm(question + (note if children else ""), abort=True, err=True)
    meta.delete(root, run_id)
    tell(json_output, f"Deleted {run_id}.", {"deleted": run_id})


def _find(text: str) -> tuple[Path, str]:
    """The folder of the runs, and the id of the one that a person means."""
    from ferdash.runs.store import find_run_id

    root = checkpoints_root() / "runs"
    return root, find_run_id(root, text)


def _facts(run: "RunSummary") -> dict[str, str]:
    facts = {
        "id": run.id,
        "state": f"{run.state}, {run.epochs_words}, {duration(run.seconds)} of training",
        "recipe": f"{run.recipe}, seed {run.seed}, starting from {run.started_from}",
        "measured on": measured_on(run),
        "test": _test_words(run),
        "group": run.group,
        "parameters": count(run.parameters) if run.parameters else "",
        "speed": f"{count(round(run.images_per_s))} images/s" if run.images_per_s else "",
        "tags": ", ".join(run.tags),
        "notes": run.notes,
    }
    return {name: value for name, value in facts.items() if value}


def _test_words(run: "RunSummary") -> str:
    if run.test is None or run.test.accuracy is None:
        return ""
    return (
        f"{percent(run.test.accuracy)}, macro F1 {run.test.macro_f1:.3f}, by the network of epoch {run.test.epoch + 1}"
    )


def _emotion_table(history: list[dict[str, Any]], best: "Score", last: "Score") -> Table:
    rows = {row["epoch"]: row["validation"] for row in history}
    scores = {f"best, epoch {best.epoch + 1}": best.epoch, f"last, epoch {last.epoch + 1}": last.epoch}
    table = Table("", box=SIMPLE, padding=(0, 2, 0, 0), pad_edge=False)
    for title in scores:
        table.add_column(title, justify="right")
    names = {"accuracy": "accuracy", "macro_f1": "macro F1", "log_loss": "log loss"}
    for name, title in names.items():
        values = [rows.get(epoch, {}).get(name) for epoch in scores.values()]
        text = percent if name == "accuracy" else "{:.3f}".format
        table.add_row(title, *("-" if value is None else text(value) for value in values))
    table.add_section()
    for index, emotion in enumerate(EMOTIONS):
        f1s = [rows.get(epoch, {}).get("f1") or [None] * len(EMOTIONS) for epoch in scores.values()]
        table.add_row(f"F1 {emotion}", *("-" if f1[index] is None else f"{f1[index]:.3f}" for f1 in f1s))
    return table
