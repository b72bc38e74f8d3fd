"""`ferdash sequence`: the pictures of a folder, one after another, as if they were the frames of a film."""

from pathlib import Path
from typing import Annotated

import typer

from ferdash.cli.options import EngineOption
from ferdash.cli.output import JsonFlag, print_json
from ferdash.cli.video import analyse_and_export, files_of
from ferdash.errors import VideoError
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.paths import analyses_root, checkpoints_root


def register(app: typer.Typer) -> None:
    """Add `ferdash sequence`."""
    app.command("sequence")(sequence)


def sequence(
    pictures: Annotated[
        list[Path],
        typer.Argument(
            help="A folder, whose pictures are taken by name; or pictures in their order.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the exports.", show_default=False)],
    interval: Annotated[float, typer.Option(help="Seconds from one picture to the next.")] = 1.0,
    model: Annotated[str, typer.Option(help="Model reference.")] = DEFAULT_MODEL,
    detector: Annotated[str, typer.Option(help="How faces are found: centerface, haar or yunet.")] = "centerface",
    engine: EngineOption = "auto",
    only: Annotated[
        list[str] | None, typer.Option(help="Write only this export, such as report.html or lab; repeat it.")
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Follow the faces through pictures taken one after another, and write the tables and charts of a video."""
    from ferdash.analyses.jobs import create_sequence_analysis
    from ferdash.exports.files import EXPORTS, check_names
    from ferdash.inference.detector import load_detector
    from ferdash.models.loading import load_model
    from ferdash.video.analysis import AnalysisSettings

    wanted = check_names(only or EXPORTS)
    paths = find_pictures(pictures)
    classifier = load_model(model, checkpoints_root(), engine=engine)
    finder = load_detector(detector, checkpoints_root())
    analysis = create_sequence_analysis(
        analyses_root(),
        ((path.name, _content(path)) for path in paths),
        AnalysisSettings(),
        model=classifier.reference,
        model_title=classifier.title,
        detector=finder.name,
        interval_s=interval,
    )
    found = analyse_and_export(analysis, analysis.name, out, wanted, classifier, finder)
    if json_output:
        print_json({"pictures": [str(path) for path in paths], "analysis": analysis.id, **found})


def find_pictures(given: list[Path]) -> list[Path]:
    """The pictures that are meant; as `files_of`, numbers in names in the order of numbers: 2 before 10."""
    from ferdash.pictures import by_number, is_picture_name

    return files_of(given, is_picture_name, "There is no picture in {}.", by_number)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VideoError(f"{path} cannot be read: {error.strerror or error}.") from error
