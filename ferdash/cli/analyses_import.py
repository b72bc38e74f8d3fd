"""`ferdash analyses import`: what other programs made, into the library."""

from pathlib import Path
from typing import Annotated

import typer

from ferdash.cli.output import JsonFlag, console, escape, print_json, say
from ferdash.paths import analyses_root


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="A table of OpenFace, py-feat or LibreFace (CSV), or a coding of ELAN (.eaf) or BORIS (.boris, CSV, "
            "TSV).",
            show_default=False,
        ),
    ],
    video: Annotated[
        Path | None, typer.Option(help="The video that it is about, to see the frames.", show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="The analysis's name; without it, the file's.")] = "",
    fps: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Frames a second, for tables without times; without it, the video's.", show_default=False
        ),
    ] = None,
    coder: Annotated[str, typer.Option(help="Whose coding it is, where the file does not say.")] = "",
    into: Annotated[
        str, typer.Option(help="Add a coding to this analysis (id or name) in place of making one of its own.")
    ] = "",
    json_output: JsonFlag = False,
) -> None:
    """Make an analysis of another program's file. It is shown and compared like any other, and says what it is."""
    from ferdash.analyses.importing import import_coding, import_file
    from ferdash.analyses.store import find_analysis

    if into:
        found = find_analysis(analyses_root(), into)
        read = import_coding(found, file, coder=coder)
        if json_output:
            coders = [coding.coder for coding in read.codings]
            print_json({"analysis": found.id, "coders": coders, "people": read.people, "notes": read.notes})
            return
        for note in read.notes:
            say(escape(note))
        say(f"{escape(found.name)} has the coding of {escape(', '.join(one.coder for one in read.codings))} now.")
        return
    analysis = import_file(analyses_root(), file, video=video, name=name, fps=fps, coder=coder)
    if json_output:
        print_json(analysis.info)
        return
    for note in analysis.record["origin"]["notes"]:
        console.print(escape(note), highlight=False)
    say(f"Imported from {analysis.record['origin']['tool']} as analysis {analysis.id}.")
