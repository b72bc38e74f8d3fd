"""`ferdash runs export` and `ferdash runs import`: runs for other programs, and figures from them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ferdash.cli.output import JsonFlag, escape, print_json, say, tell
from ferdash.errors import RunError
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import counted

if TYPE_CHECKING:
    from ferdash.runs.index import RunSummary
    from ferdash.runs.store import Run

Format = Literal["csv", "json", "markdown", "latex", "html", "mlflow", "tensorboard"]


def register(group: typer.Typer) -> None:
    """Add `ferdash runs export` and `ferdash runs import`."""
    group.command("export")(export)
    group.command("import")(import_)


def export(
    runs: Annotated[list[str] | None, typer.Argument(help="Runs; with --all none need be named.")] = None,
    all_runs: Annotated[bool, typer.Option("--all", help="Every run that is not in the archive.")] = False,
    to: Annotated[Format, typer.Option(help="What to write; html is a report with its own charts.")] = "csv",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to: a file, for mlflow a .db file, for tensorboard a folder; tables also go to stdout."
        ),
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Export runs: every figure (csv, json, mlflow, tensorboard), a table of runs (markdown, latex), or a report."""
    if bool(runs) == all_runs:
        raise typer.BadParameter("Name the runs, or ask for --all.")
    if json_output and out is None:
        raise typer.BadParameter("--json says what was written; say where to with --out, or take --to json.")
    opened, summaries = _selection(runs or [])
    exported = f"Exported {counted(len(opened), 'run')}"
    document = {"runs": [run.id for run in opened], "out": str(out)}
    if to in ("mlflow", "tensorboard"):
        if out is None:
            raise typer.BadParameter(f"Say where to write with --out; {to} is not a single text.")
        from ferdash.runs import tracking

        (tracking.export_mlflow if to == "mlflow" else tracking.export_tensorboard)(opened, out)
        store = f"sqlite:///{out if out.suffix else out / 'mlflow.db'}"
        look = f"mlflow ui --backend-store-uri {store}" if to == "mlflow" else f"tensorboard --logdir {out}"
        tell(json_output, f"{exported}. Look at them with: {escape(look)}", document)
        return
    text = _text(to, opened, summaries)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error}.") from error
    tell(json_output, f"{exported} to {escape(str(out))}.", document)


def import_(
    path: Annotated[Path, typer.Argument(help="A CSV file (run, epoch, accuracy, ...) or an MLflow store.")],
    json_output: JsonFlag = False,
) -> None:
    """Import the figures of older runs, so that they stand in the same list. They are marked as imported."""
    from ferdash.runs.importing import import_runs

    ids, known = import_runs(path.expanduser(), checkpoints_root() / "runs")
    if json_output:
        print_json({"imported": ids, "known": known})
        return
    before = f"; {counted(known, 'run was', 'runs were')} here already" if known else ""
    say(f"Imported {counted(len(ids), 'run')}{before}.")


def _selection(texts: list[str]) -> "tuple[list[Run], list[RunSummary]]":
    from ferdash.runs.index import list_runs, sound, summary_of
    from ferdash.runs.store import find_run_id, open_run

    root = checkpoints_root() / "runs"
    if texts:
        summaries = [summary_of(root, run_id) for run_id in dict.fromkeys(find_run_id(root, text) for text in texts)]
    else:
        summaries = [summary for summary in sound(list_runs(root)) if not summary.archived]
    if not summaries:
        raise RunError("There is no run to export.")
    return [open_run(root, summary.id) for summary in summaries], summaries


def _text(to: Format, runs: "list[Run]", summaries: "list[RunSummary]") -> str:
    from ferdash.runs import export

    if to == "csv":
        return export.to_csv(runs)
    if to == "json":
        return export.to_json(runs)
    if to == "markdown":
        return export.to_markdown(summaries)
    if to == "latex":
        return export.to_latex(summaries)
    from ferdash.exports.runs_report import html_report

    return html_report(runs, summaries, data_root())
