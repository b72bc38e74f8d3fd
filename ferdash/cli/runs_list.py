"""`ferdash runs list`: every run in a few columns, drawn at once, and without NumPy or pandas."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ferdash.cli.output import JsonFlag, console, escape, is_narrow, print_json, say
from ferdash.paths import checkpoints_root
from ferdash.wording import count, counted, duration, percent

if TYPE_CHECKING:
    from ferdash.runs.index import DamagedRun, RunSummary

Order = Literal["created", "accuracy", "macro_f1", "worst_f1", "seconds", "name"]


def register(group: typer.Typer) -> None:
    """Add `ferdash runs list`."""
    group.command("list")(list_)


def list_(
    all_runs: Annotated[bool, typer.Option("--all", help="The archived ones too.")] = False,
    tag: Annotated[str, typer.Option(help="Only runs with this tag.")] = "",
    sort: Annotated[
        Order, typer.Option(help="What comes first: the newest, or the highest of those measured on the same images.")
    ] = "created",
    json_output: JsonFlag = False,
) -> None:
    """List the runs: the best epoch by validation, and the last."""
    from ferdash.runs.index import DamagedRun, RunSummary, list_runs

    entries = list_runs(checkpoints_root() / "runs")
    damaged = [entry for entry in entries if isinstance(entry, DamagedRun)]
    runs = [
        entry
        for entry in entries
        if isinstance(entry, RunSummary) and (all_runs or not entry.archived) and (not tag or tag in entry.tags)
    ]
    runs = _sorted(runs, sort)
    if json_output:
        print_json({"runs": [asdict(run) for run in runs], "damaged": [asdict(entry) for entry in damaged]})
        return
    if not entries:
        say("No run yet. Start with: ferdash train --recipe fernet")
        return
    _print_runs(runs, damaged)


def _sorted(runs: "list[RunSummary]", order: Order) -> "list[RunSummary]":
    if order == "created":
        return runs
    if order == "name":
        return sorted(runs, key=lambda run: run.title.lower())
    if order == "seconds":
        return sorted(runs, key=lambda run: -run.seconds)
    # Scores of different images are not ranked, so each set has a ranking of its own, and larger sets come first.
    # Stable, so that equals stay newest first; what has no score comes last.
    sets = Counter(run.measured_on for run in runs)
    place = {key: number for number, (key, _) in enumerate(sets.most_common())}
    return sorted(
        runs,
        key=lambda run: (
            not run.measured_on.known,
            place[run.measured_on],
            -(getattr(run.best, order, None) or -1.0),
        ),
    )


def _print_runs(runs: "list[RunSummary]", damaged: "list[DamagedRun]") -> None:
    wide = not is_narrow()
    sets = {
        key: str(number) for number, key in enumerate(dict.fromkeys(run.measured_on for run in runs if run.images), 1)
    }
    heads = ["run", "state", "best", "epoch", "F1", "worst", "last", *(["trained", "recipe"] if wide else [])]
    rows = []
    for run in runs:
        cells = [run.id, run.state, *_score_cells(run, wide)]
        cells += [duration(run.seconds), run.recipe] if wide else []
        rows.append(cells + ([sets.get(run.measured_on, "")] if len(sets) > 1 else []))
    heads += ["set"] if len(sets) > 1 else []
    # A rich table of a thousand rows takes longer to draw than the runs to read, so these lines are set by hand.
    lines = _columns([heads, *rows], left={"run", "state", "worst", "recipe"})
    notes = ["[dim]" + "─" * len(lines[0]) + "[/dim]", *(_notes(run) for run in runs)]
    text = "\n".join(
        f"{escape(line)}\n{note}" if note else escape(line) for line, note in zip(lines, notes, strict=True)
    )
    console.print(text, highlight=False, soft_wrap=True)
    meaning = "The best epoch's accuracy, macro F1 and worst emotion's F1 on validation; the last's accuracy."
    console.print(f"[dim]{meaning}[/dim]", highlight=False)
    if len(sets) > 1:
        _print_sets(runs, sets)
    if damaged:
        say(f"{counted(len(damaged), 'folder')} among the runs cannot be read:")
        for entry in damaged:
            say(f"  {escape(entry.id)}: {escape(entry.reason)}")


def _print_sets(runs: "list[RunSummary]", sets: dict[Any, str]) -> None:
    console.print("Measured on different images; only runs of the same set are comparable:", highlight=False)
    first = {run.measured_on: run for run in reversed(runs)}
    for key, number in sets.items():
        console.print(f"  {number}: {escape(measured_on(first[key]))}", highlight=False)


def measured_on(run: "RunSummary") -> str:
    """Which images a run's scores are of, in words."""
    images = run.measured_on
    if not images.words:
        return "not measured yet"
    if not images.known:
        return "imported; of which images is not known"
    text = counted(run.images or 0, "validation image") + f" of {run.dataset} ({run.dataset_hash[:8]})"
    text += f", at most {count(run.per_class)} of each emotion" if run.per_class else ""
    return text + (f", fold {run.fold[1] + 1} of {run.fold[0]}" if run.fold[0] else "")


def _columns(table: list[list[str]], left: set[str]) -> list[str]:
    """The rows of a table, its heads first, as aligned lines no longer than the terminal; columns whose head is not in
    `left` stand to the right. What is too long of the first column has a line of its own above the rest."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    first = min(widths[0], max(console.width - sum(widths[1:]) - len(widths) + 1, len("20250101-000000")))
    gap = "  " if first + sum(widths[1:]) + 2 * len(widths) <= console.width else " "
    aligned = [str.ljust if head in left else str.rjust for head in table[0]]
    lines = []
    for row in table:
        cells = (align(cell, width) for align, cell, width in zip(aligned[1:], row[1:], widths[1:], strict=True))
        above, head = ("", row[0]) if len(row[0]) <= first else (f"{row[0]}\n", "")
        lines.append(above + gap.join([head.ljust(first), *cells]).rstrip())
    return lines


def _notes(run: "RunSummary") -> str:
    """What a person said of the run, and what must be said, as the lines below it."""
    name = f"[italic]{escape(run.name)}[/italic]" if run.name else ""
    tags = f"[dim]{escape(', '.join(run.tags))}[/dim]" if run.tags else ""
    return "\n".join(part for part in (name, tags, marks(run).strip()) if part)


def marks(run: "RunSummary") -> str:
    """What must be said of a run wherever it appears, a line each."""
    from ferdash.runs.index import TUNED_ON_TEST

    applying = {TUNED_ON_TEST: run.tuned_on_test, "imported": run.kind == "imported", "archived": run.archived}
    return "".join(f"\n[yellow]{mark}[/yellow]" for mark, applies in applying.items() if applies)


def _score_cells(run: "RunSummary", wide: bool) -> list[str]:
    best, last = run.best, run.last
    if best is None:
        return ["-"] * 5
    worst = "-"
    if best.worst_f1 is not None:
        worst = f"{best.worst_f1:.3f}" + (f" {best.worst_emotion}" if wide else "")
    return [
        "-" if best.accuracy is None else percent(best.accuracy),
        f"{best.epoch + 1}/{run.epochs_planned}",
        "-" if best.macro_f1 is None else f"{best.macro_f1:.3f}",
        worst,
        "-" if last is None or last.accuracy is None else percent(last.accuracy),
    ]
