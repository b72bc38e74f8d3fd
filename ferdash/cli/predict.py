"""`ferdash predict`: the faces of photos, and what they show."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from ferdash.cli.options import EngineOption, TtaOption
from ferdash.cli.output import JsonFlag, console, escape, print_json, say, stderr
from ferdash.emotions import EMOTIONS
from ferdash.errors import ImageError
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.paths import checkpoints_root
from ferdash.wording import cells, counted

if TYPE_CHECKING:
    from ferdash.inference.photos import Photo


def register(app: typer.Typer) -> None:
    """Add `ferdash predict`."""
    app.command("predict")(predict)


def predict(
    paths: Annotated[
        list[Path], typer.Argument(help="Photos, folders of photos, or zip archives.", show_default=False)
    ],
    model: Annotated[str, typer.Option(help="Model reference; several joined by + decide together.")] = DEFAULT_MODEL,
    tta: TtaOption = "plain",
    engine: EngineOption = "auto",
    detector: Annotated[str, typer.Option(help="How faces are found: centerface, haar or yunet.")] = "centerface",
    whole: Annotated[bool, typer.Option("--whole", help="Each picture is a face already; look for none.")] = False,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="A top probability below this counts as uncertain.")
    ] = 0.4,
    json_output: JsonFlag = False,
    csv_output: Annotated[bool, typer.Option("--csv", help="Print a CSV table on stdout.")] = False,
) -> None:
    """Find the faces in photos and give each the probabilities of the seven emotions."""
    if json_output and csv_output:
        raise typer.BadParameter("Choose one of --json and --csv.")
    from ferdash.inference.detector import load_detector
    from ferdash.inference.images import read_images
    from ferdash.inference.photos import NO_FACE, classify_photos, to_document, to_table
    from ferdash.models.loading import load_model

    checkpoints = checkpoints_root()
    classifier = load_model(model, checkpoints, engine=engine, tta=tta)
    finder = load_detector(detector, checkpoints)
    skipped: list[str] = []
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), console=stderr
    ) as bars:
        task = bars.add_task("photos", total=None)
        photos = classify_photos(
            read_images(paths, skipped.append),
            classifier,
            finder,
            whole=True if whole else None,
            on_photo=lambda name: bars.advance(task),
        )
    unreadable = [photo for photo in photos if photo.problem not in (None, NO_FACE)]
    if skipped:
        say(escape(f"{counted(len(skipped), 'file')} passed over that {_are_no_pictures(skipped)}."))
    for photo in unreadable:
        say(f"[red]error:[/red] {escape(str(photo.problem))}")
    if unreadable and len(unreadable) == len(photos):
        raise ImageError("Nothing could be read." if len(photos) > 1 else "No photo could be read.")
    if json_output:
        used = {"model": model, "tta": tta, "engine": classifier.engine}
        settings = used | {"detector": detector, "whole": whole, "threshold": threshold}
        print_json({**settings, "photos": to_document(photos, threshold)})
    elif csv_output:
        cells(to_table(photos, model, threshold)).to_csv(sys.stdout, index=False)
    else:
        console.print(_table(photos, threshold))
        for line in _hard_to_read(photos):
            console.print(escape(line), highlight=False)
        say(_summary(photos, len(unreadable)))


def _are_no_pictures(names: list[str]) -> str:
    return f"is no picture: {names[0]}" if len(names) == 1 else f"are no pictures, such as {names[0]}"


def _table(photos: "list[Photo]", threshold: float) -> Table:
    """A line a face, probabilities in percent with the highest in bold; narrow enough for 80 columns."""
    table = Table(
        box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, caption="Probabilities in percent."
    )
    table.add_column("file", overflow="fold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("emotion", no_wrap=True)
    for name in EMOTIONS:
        table.add_column(name, justify="right", no_wrap=True)
    for photo in photos:
        for face in photo.faces:
            shares = [f"{100 * value:.1f}" for value in face.probabilities]
            shares[int(face.probabilities.argmax())] = f"[bold]{100 * face.probability:.1f}[/bold]"
            emotion = "uncertain" if face.uncertain(threshold) else face.emotion
            table.add_row(escape(photo.name), str(face.number), emotion, *shares)
        if photo.problem:
            table.add_row(escape(photo.name), "", "no face" if photo.size[0] else "unreadable")
    return table


def _hard_to_read(photos: "list[Photo]") -> list[str]:
    """A line for each face whose picture says little, with the reasons."""
    return [
        f"{photo.name}, face {face.number}: {', '.join(face.reasons)}."
        for photo in photos
        for face in photo.faces
        if face.reasons
    ]


def _summary(photos: "list[Photo]", unreadable: int) -> str:
    faces = sum(len(photo.faces) for photo in photos)
    left_out = f"; {counted(unreadable, 'file')} could not be read" if unreadable else ""
    return f"{counted(faces, 'face')} in {counted(len(photos) - unreadable, 'photo')}{left_out}."
