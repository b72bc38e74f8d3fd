"""`ferdash analyses ...`: list, show, rename, delete, compare, continue and export analyses over time."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.table import Table

from ferdash.cli.analyses_agreement import agreement
from ferdash.cli.analyses_import import import_
from ferdash.cli.output import JsonFlag, console, escape, is_narrow, print_json, print_table, say, tell
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.paths import analyses_root, checkpoints_root
from ferdash.wording import counted, percent

AnalysisText = Annotated[
    str, typer.Argument(help="Id of an analysis, the start of it, or its name.", show_default=False)
]

TIME = "20250101-000000-"
"""What an id begins with."""


def register(app: typer.Typer) -> None:
    """Add `ferdash analyses`."""
    group = typer.Typer(help="List, show, compare and export analyses of videos.", no_args_is_help=True)
    commands: dict[str, Callable[..., None]] = {
        "list": list_,
        "show": show,
        "rename": rename,
        "delete": delete,
        "compare": compare,
        "continue": continue_,
        "export": export,
        "import": import_,
        "agreement": agreement,
    }
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="analyses")


def list_(json_output: JsonFlag = False) -> None:
    """List all analyses, newest first."""
    from ferdash.analyses.store import list_analyses
    from ferdash.exports.facts import KINDS, STATES, length_of

    analyses = list_analyses(analyses_root())
    infos = [analysis.info for analysis in analyses]
    if json_output:
        print_json({"analyses": infos})
        return
    if not analyses:
        say("Nothing has been analysed yet. Start with: ferdash video FILE --out DIR")
        return
    table = Table("id", "name", "kind", "length", "frames", "state", box=SIMPLE, pad_edge=False)
    # In few columns an id continues below its time, which is mostly enough to name an analysis by.
    table.columns[0].no_wrap, table.columns[0].width = (False, len(TIME)) if is_narrow() else (True, None)
    for column in table.columns[3:]:
        column.no_wrap = True
    for analysis, info in zip(analyses, infos, strict=True):
        frames = f"{info.get('frames', 0):,}"
        kind = KINDS.get(analysis.kind, "")
        table.add_row(*map(escape, (analysis.id, analysis.name, kind, length_of(info), frames, STATES[info["state"]])))
    print_table(table)


def show(analysis: AnalysisText, json_output: JsonFlag = False) -> None:
    """Say what an analysis is and what was found, person by person."""
    from ferdash.analyses.store import find_analysis
    from ferdash.exports.facts import STATES, facts_of
    from ferdash.exports.files import document, read_results
    from ferdash.video.frame_table import REASONS

    results = read_results(find_analysis(analyses_root(), analysis))
    if json_output:
        print_json(document(results))
        return
    info = results.analysis.info
    console.print(f"[bold]{escape(results.analysis.name)}[/bold] ({results.analysis.id}, {STATES[info['state']]})")
    for name, value in facts_of(results.analysis).items():
        console.print(f"{name}: {escape(value)}", highlight=False)
    for sentence in filter(None, (info.get("error"), info.get("note"), results.summary.sentence)):
        console.print(escape(str(sentence)), highlight=False)
    for reason, number in results.summary.reasons.items():
        console.print(f"{counted(number, 'frame')}: {REASONS[reason]}.", highlight=False)
    table = Table("person", *EMOTIONS, "changes", box=SIMPLE, pad_edge=False, caption="Share of time dominant.")
    for track in results.summary.tracks.values():
        shares = [percent(float(track.dwell.loc[emotion, "share"])) for emotion in EMOTIONS]
        table.add_row(str(track.track), *shares, str(len(track.moments)))
    if results.summary.tracks:
        print_table(table)
    for mark in results.analysis.marks():
        console.print(f"Marker at {mark['timestamp_s']:.2f} s: {escape(mark['name'])}", highlight=False)


def rename(
    analysis: AnalysisText, name: Annotated[str, typer.Argument(help="The new name.")], json_output: JsonFlag = False
) -> None:
    """Give an analysis another name."""
    from ferdash.analyses import store as analyses

    found = analyses.find_analysis(analyses_root(), analysis)
    renamed = analyses.rename(analyses_root(), found.id, name)
    sentence = f"{found.id} is called {escape(renamed.name)} now."
    tell(json_output, sentence, {"id": renamed.id, "name": renamed.name})


def delete(
    analysis: AnalysisText,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Delete an analysis for good; a video that was not copied into it stays where it is."""
    from ferdash.analyses import store as analyses

    root = analyses_root()
    # A damaged one cannot be opened, and may well be what is to go.
    damaged = next((one for one in analyses.list_analyses(root) if one.id == analysis and not one.record), None)
    found = damaged or analyses.find_analysis(root, analysis)
    if not yes:
        typer.confirm(f"Delete {found.name} ({found.id}) for good?", abort=True, err=True)
    analyses.delete(root, found.id)
    tell(json_output, f"Deleted {found.id}.", {"deleted": found.id})


def compare(
    first: AnalysisText,
    second: AnalysisText,
    people: Annotated[
        tuple[int, int], typer.Option(help="The person in each; without it, the one seen longest.", show_default=False)
    ] = (0, 0),
    marker: Annotated[
        str, typer.Option(help="Align both at the marker of this name; without it, at the first result.")
    ] = "",
    json_output: JsonFlag = False,
) -> None:
    """Lay two analyses over each other in time: how the second differs from the first, and whether significantly."""
    from ferdash.analyses.store import find_analysis
    from ferdash.exports.comparing import compare_analyses, comparison_document
    from ferdash.exports.files import read_results

    results = [read_results(find_analysis(analyses_root(), text)) for text in (first, second)]
    chosen = (people[0] or None, people[1] or None)
    compared = compare_analyses(results[0], results[1], people=chosen, marker=marker)
    if json_output:
        print_json(comparison_document(compared))
        return
    console.print(escape(compared.sentence), highlight=False)
    table = Table("emotion", *(f"{escape(name)}, mean" for name in compared.names), box=SIMPLE, pad_edge=False)
    for heading in ("difference", "95% CI", *(f"{escape(name)}, dominant" for name in compared.names)):
        table.add_column(heading, justify="right")
    by_group = compared.group.set_index(["group", "emotion"])
    for place, emotion in enumerate(EMOTIONS):
        interval = compared.intervals[place] if compared.intervals else None
        between = f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}" if interval else "too little"
        rows: list[Any] = [by_group.loc[(name, emotion)] for name in compared.names]
        table.add_row(
            emotion,
            *(percent(float(row["mean"])) for row in rows),
            f"{100 * compared.mean[place]:+.1f}",
            between,
            *(percent(float(row["dwell"])) for row in rows),
        )
    print_table(table)
    say(f"Over {counted(compared.common, 'moment')} that both have; differences in percentage points.")


def continue_(analysis: AnalysisText, json_output: JsonFlag = False) -> None:
    """Resume an analysis that was stopped, failed or interrupted."""
    from ferdash.analyses.jobs import unfinished
    from ferdash.analyses.store import find_analysis
    from ferdash.cli.video import analyse
    from ferdash.exports.facts import STATES
    from ferdash.inference.detector import load_detector
    from ferdash.models.loading import load_model

    found = find_analysis(analyses_root(), analysis)
    if found.id not in {one.id for one in unfinished(analyses_root())}:
        raise AnalysisError(f"{found.name} is {STATES[found.state]}; only what was interrupted can be resumed.")
    model = load_model(found.record["model"], checkpoints_root())
    analyse(found, model, load_detector(found.record["detector"], checkpoints_root()))
    info = found.info
    tell(json_output, f"{escape(found.name)}: {counted(info['frames'], 'frame')} analysed.", info)


def export(
    analysis: AnalysisText,
    out: Annotated[Path, typer.Option(help="Folder for the exports.", show_default=False)],
    only: Annotated[
        list[str] | None,
        typer.Option(help="Write only this export, such as events.csv or lab; may be repeated."),
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Write tables, subtitles, charts, the annotated video and the report of an analysis."""
    from ferdash.analyses.store import find_analysis
    from ferdash.exports.files import EXPORTS, check_names, read_results, words_of, write_exports

    wanted = check_names(only or EXPORTS)
    results = read_results(find_analysis(analyses_root(), analysis))
    folder, files = write_exports(results, out, wanted)
    names = [str(file.relative_to(folder)) for file in files]
    document = {"analysis": results.analysis.id, "out": str(folder), "files": names}
    tell(json_output, f"Wrote {escape(words_of(files))} to {escape(str(folder))}.", document)
