"""`ferdash dataset ...`: import, list, describe, audit and delete datasets. None of it needs PyTorch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, escape, print_json, print_table, say, stderr, tell
from ferdash.emotions import EMOTIONS, SPLITS
from ferdash.errors import DatasetError
from ferdash.paths import data_root
from ferdash.wording import count, counted, percent

if TYPE_CHECKING:
    from ferdash.data.dataset import FaceDataset
    from ferdash.data.sources.options import ImportOptions

DatasetName = Annotated[str, typer.Argument(help="Name of an imported dataset.")]


def register(app: typer.Typer) -> None:
    """Add `ferdash dataset`."""
    group = typer.Typer(help="Import, describe and audit datasets of faces.", no_args_is_help=True)
    group.command("import")(import_)
    group.command("list")(list_)
    group.command("stats")(stats)
    group.command("audit")(audit)
    group.command("delete")(delete)
    app.add_typer(group, name="dataset")


def import_(
    source: Annotated[
        str,
        typer.Argument(
            help="A zip, a folder of pictures or a CSV file like fer2013.csv; or “demo” for drawn faces, "
            "or “fer2013” to download it."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the new dataset; made from the source when left out.")
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="A class that is none of the seven emotions and is to be left out, such as contempt."),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="Which split a folder is: NAME=train, NAME=validation or NAME=test.")
    ] = None,
    draw_splits: Annotated[
        bool, typer.Option("--draw-splits", help="Draw the splits, whatever the folders are called.")
    ] = False,
    json_output: JsonFlag = False,
) -> None:
    """Import a dataset."""
    from ferdash.data.sources.options import ImportOptions, parse_splits

    options = ImportOptions(tuple(leave_out or ()), parse_splits(split or []), draw_splits)
    with _progress_bar() as progress:
        dataset = _import(source, name, progress, options)
    for note in dataset.meta["notes"]:
        say(escape(note))
    if json_output:
        print_json(_description(dataset))
    else:
        say(f"Imported {counted(len(dataset), 'image')} as [bold]{dataset.name}[/bold].")
        print_table(_counts_table(dataset))


def _import(
    source: str, name: str | None, progress: Callable[[int, int], None], options: "ImportOptions"
) -> "FaceDataset":
    root = data_root()
    if source == "demo":
        from ferdash.data.demo import make_demo

        return make_demo(root, name or "demo", progress=progress)
    if source == "fer2013":
        from ferdash.data.download import download_fer2013

        return download_fer2013(root, name or "fer2013", progress=progress)
    from ferdash.data.sources import import_dataset

    return import_dataset(Path(source).expanduser(), root, name, progress, options)


def list_(json_output: JsonFlag = False) -> None:
    """List the imported datasets."""
    from ferdash.data.dataset import list_datasets

    descriptions = [_description_or_error(name) for name in list_datasets(data_root())]
    if json_output:
        print_json(descriptions)
        return
    if not descriptions:
        say("No dataset yet. Start with: ferdash dataset import demo")
        return
    table = Table("name", *SPLITS, "imported", "from")
    for entry in descriptions:
        if "error" in entry:
            table.add_row(entry["name"], *["?"] * len(SPLITS), "", "damaged; delete it and import it again")
        else:
            numbers = [count(entry["splits"][split]) for split in SPLITS]
            table.add_row(entry["name"], *numbers, entry["imported_at"][:10], escape(entry["origin"]))
    for column in table.columns[1 : 1 + len(SPLITS)]:
        column.justify = "right"
    print_table(table)


def stats(name: DatasetName, json_output: JsonFlag = False) -> None:
    """Count a dataset's images per emotion and split, and describe their light, contrast and sharpness."""
    from ferdash.data.dataset import open_dataset
    from ferdash.data.statistics import compare_with_report, image_quality, shares, summarise

    dataset = open_dataset(data_root(), name)
    summary, report = summarise(dataset), compare_with_report(dataset)
    quality = image_quality(dataset.images).describe().loc[["mean", "std", "min", "max"]]
    if json_output:
        print_json(
            _description(dataset)
            | asdict(summary)
            | {
                "counts": dataset.counts().to_dict("index"),
                "shares": shares(dataset).to_dict("index"),
                "report": report.to_dict("index"),
                "quality": quality.to_dict("dict"),
            }
        )
        return
    print_table(_counts_table(dataset))
    console.print(
        f"Imbalance {summary.imbalance_ratio:.1f}:1 ({summary.most_frequent} to {summary.rarest}). "
        f"{count(summary.distinct_images)} of {counted(summary.images, 'image')} are distinct; "
        f"{count(summary.leaks)} outside train are identical to a training image."
        + (f" {count(summary.mirrored_leaks)} more mirror one." if summary.mirrored_leaks else "")
    )
    print_table(_report_table(report))
    for measure, row in quality.T.iterrows():
        console.print(f"{measure}: mean {row['mean']:,.1f}, from {row['min']:,.1f} to {row['max']:,.1f}")


def audit(
    name: DatasetName,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave a finding out of scores; may be repeated.", show_default=False)
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Take it into scores again; may be repeated.", show_default=False)
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Look for duplicates, contradicting labels, empty images, and a copy of FER2013 that somebody has altered; say how
    far each finding can move a score, and leave findings out of scores."""
    from ferdash.data import exclusions
    from ferdash.data.audit import audit_dataset
    from ferdash.data.dataset import open_dataset

    dataset = open_dataset(data_root(), name)
    with _progress_bar() as progress:
        report = audit_dataset(dataset, progress)
    left_out = exclusions.excluded_kinds(dataset)
    if exclude or include:
        left_out = exclusions.exclude(dataset, ({*left_out} | {*(exclude or ())}) - {*(include or ())})
    if json_output:
        findings = [finding.as_dict() for finding in report.findings]
        document = {"name": name, "hash": dataset.hash, "altered": report.altered, "findings": findings}
        print_json(document | {"excluded": list(left_out)})
        return
    if report.altered:
        console.print(report.altered, highlight=False)
    table = Table("finding", "images", "in scores", "what it means")
    table.columns[1].justify = "right"
    for finding in report.findings:
        weight = exclusions.weight_of(finding, dataset).words if finding.count else ""
        scored = "left out" if finding.kind in left_out else weight
        table.add_row(f"{finding.title} ({finding.kind})", count(finding.count), scored, finding.explanation)
    print_table(table)


def delete(
    name: DatasetName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Delete a dataset for good. Runs trained on it keep their scores."""
    from ferdash.data.dataset import delete_dataset, require_deletable

    require_deletable(data_root(), name)
    if not yes:
        typer.confirm(f"Delete the dataset {name} for good?", abort=True, err=True)
    delete_dataset(data_root(), name)
    tell(json_output, f"Deleted {name}.", {"deleted": name})


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, and the function that moves it to (images done, images in all)."""
    columns = TextColumn("images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=stderr, transient=True) as bars:
        task = bars.add_task("images", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _description(dataset: "FaceDataset") -> dict[str, Any]:
    return {
        "name": dataset.name,
        "hash": dataset.hash,
        "images": len(dataset),
        "splits": {split: len(dataset.rows(split)) for split in SPLITS},
        "origin": dataset.meta["origin"],
        "imported_at": dataset.meta["imported_at"],
        "notes": dataset.meta["notes"],
    }


def _description_or_error(name: str) -> dict[str, Any]:
    from ferdash.data.dataset import open_dataset

    try:
        return _description(open_dataset(data_root(), name))
    except DatasetError as error:
        return {"name": name, "error": str(error)}


def _counts_table(dataset: "FaceDataset") -> Table:
    counts = dataset.counts()
    table = Table("emotion")
    for split in SPLITS:
        table.add_column(split, justify="right")
    totals = counts.sum()
    for emotion in EMOTIONS:
        cells = [
            f"{count(counts.loc[emotion, s])}  {percent(counts.loc[emotion, s] / max(totals[s], 1))}" for s in SPLITS
        ]
        table.add_row(emotion, *cells)
    table.add_section()
    table.add_row("total", *[count(totals[split]) for split in SPLITS])
    return table


def _report_table(report: Any) -> Table:
    table = Table("emotion", title="Beside the report's table 3.2", title_justify="left")
    for title in ("train", "report", "difference", "held out", "report", "difference"):
        table.add_column(title, justify="right")
    for emotion, row in report.iterrows():
        table.add_row(
            str(emotion), *[f"{value:+,}" if "difference" in key else count(value) for key, value in row.items()]
        )
    return table
