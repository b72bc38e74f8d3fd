"""`ferdash published`: the report's results beside what a recalculation of them finds."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, print_json, print_table
from ferdash.wording import count

if TYPE_CHECKING:
    from ferdash.published.findings import Finding
    from ferdash.published.reader import Report

HEADINGS = {
    "itself": "Tables that do not agree with themselves",
    "another": "Places that do not agree with another",
    "observation": "What the figures show",
}


def register(app: typer.Typer) -> None:
    """Add `ferdash published`."""
    app.command("published")(published)


def published(json_output: JsonFlag = False) -> None:
    """Show the project report's results, which were not run here, and check their arithmetic."""
    from ferdash.published.check import check
    from ferdash.published.reader import read_report

    report, findings = read_report(), check()
    if json_output:
        print_json(_document(report, findings))
        return
    print_table(_table(report))
    for kind, heading in HEADINGS.items():
        console.print(f"\n[bold]{heading}[/bold]")
        for finding in findings:
            if finding.kind == kind:
                console.print(f"- {finding.sentence}", highlight=False, markup=False)


def _table(report: "Report") -> Table:
    table = Table("date", "section", "experiment", title="Published, not run here", title_justify="left")
    for name in ("test images", "accuracy", "macro F1"):
        table.add_column(name, justify="right")
    for one in report.experiments:
        epoch = f" (epoch {one.best_epoch})" if one.best_epoch else ""
        scores = (f"{100 * one.accuracy:.2f}%{epoch}", f"{100 * one.table.macro()[2]:.2f}%")
        table.add_row(str(one.date), one.section, one.title, count(one.images), *scores)
    return table


def _document(report: "Report", findings: "list[Finding]") -> dict[str, object]:
    experiments = [asdict(one) | {"date": str(one.date)} for one in report.experiments]
    return {"title": report.title, "experiments": experiments, "findings": [asdict(one) for one in findings]}
