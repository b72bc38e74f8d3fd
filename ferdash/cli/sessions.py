"""`ferdash sessions ...`: list, show, rename, delete, compare, continue and export analyses over time."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, print_json, say
from ferdash.emotions import EMOTIONS
from ferdash.errors import SessionError
from ferdash.paths import checkpoints_root, sessions_root
from ferdash.wording import counted, percent

SessionText = Annotated[str, typer.Argument(help="Id of a session, the start of it, or its name.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add `ferdash sessions`."""
    group = typer.Typer(help="List, show, compare and export analyses of videos.", no_args_is_help=True)
    commands: dict[str, Callable[..., None]] = {
        "list": list_,
        "show": show,
        "rename": rename,
        "delete": delete,
        "compare": compare,
        "continue": continue_,
        "export": export,
    }
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="sessions")


def list_(json_output: JsonFlag = False) -> None:
    """List all sessions, newest first."""
    from ferdash.analyses.store import list_sessions
    from ferdash.exports.facts import KINDS, STATES, length_of

    sessions = list_sessions(sessions_root())
    infos = [session.info for session in sessions]
    if json_output:
        print_json({"sessions": infos})
        return
    if not sessions:
        say("Nothing has been analysed yet. Start with: ferdash video FILE --out DIR")
        return
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("id", no_wrap=True)
    for heading in ("name", "kind", "length", "frames", "state"):
        table.add_column(heading)
    for session, info in zip(sessions, infos, strict=True):
        frames = f"{info.get('frames', 0):,}"
        kind = KINDS.get(session.kind, "")
        table.add_row(*map(escape, (session.id, session.name, kind, length_of(info), frames, STATES[info["state"]])))
    console.print(table)


def show(session: SessionText, json_output: JsonFlag = False) -> None:
    """Say what a session is and what was found, person by person."""
    from ferdash.analyses.store import find_session
    from ferdash.exports.facts import STATES, facts_of
    from ferdash.exports.files import document, read_analysis
    from ferdash.video.frame_table import REASONS

    analysis = read_analysis(find_session(sessions_root(), session))
    if json_output:
        print_json(document(analysis))
        return
    info = analysis.session.info
    console.print(f"[bold]{escape(analysis.session.name)}[/bold] ({analysis.session.id}, {STATES[info['state']]})")
    for name, value in facts_of(analysis.session).items():
        console.print(f"{name}: {escape(value)}", highlight=False)
    for sentence in filter(None, (info.get("error"), info.get("note"), analysis.summary.sentence)):
        console.print(escape(str(sentence)), highlight=False)
    for reason, number in analysis.summary.reasons.items():
        console.print(f"{counted(number, 'frame')}: {REASONS[reason]}.", highlight=False)
    table = Table("person", *EMOTIONS, "changes", box=SIMPLE, pad_edge=False, caption="Share of the time it leads.")
    for track in analysis.summary.tracks.values():
        shares = [percent(float(track.dwell.loc[emotion, "share"])) for emotion in EMOTIONS]
        table.add_row(str(track.track), *shares, str(len(track.events)))
    if analysis.summary.tracks:
        console.print(table)
    for mark in analysis.session.marks():
        console.print(f"Marker at {mark['timestamp_s']:.2f} s: {escape(mark['name'])}", highlight=False)


def rename(
    session: SessionText, name: Annotated[str, typer.Argument(help="The new name.")], json_output: JsonFlag = False
) -> None:
    """Give a session another name."""
    from ferdash.analyses import store as sessions

    found = sessions.find_session(sessions_root(), session)
    renamed = sessions.rename(sessions_root(), found.id, name)
    if json_output:
        print_json({"id": renamed.id, "name": renamed.name})
    else:
        say(f"{found.id} is called {escape(renamed.name)} now.")


def delete(
    session: SessionText,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_output: JsonFlag = False,
) -> None:
    """Delete a session for good; a video that was not copied into it stays where it is."""
    from ferdash.analyses import store as sessions

    root = sessions_root()
    # A damaged one cannot be opened, and may well be what is to go.
    damaged = next((one for one in sessions.list_sessions(root) if one.id == session and not one.record), None)
    found = damaged or sessions.find_session(root, session)
    if not yes:
        typer.confirm(f"Delete {found.name} ({found.id}) for good?", abort=True, err=True)
    sessions.delete(root, found.id)
    if json_output:
        print_json({"deleted": found.id})
    else:
        say(f"Deleted {found.id}.")


def compare(
    first: SessionText,
    second: SessionText,
    people: Annotated[
        tuple[int, int], typer.Option(help="The person in each; without it, the one seen longest.", show_default=False)
    ] = (0, 0),
    marker: Annotated[
        str, typer.Option(help="Align both at the marker of this name; without it, at the first result.")
    ] = "",
    json_output: JsonFlag = False,
) -> None:
    """Lay two sessions over each other in time: how the second differs from the first, and whether beyond chance."""
    from ferdash.analyses.store import find_session
    from ferdash.exports.comparing import compare_sessions, comparison_document
    from ferdash.exports.files import read_analysis

    analyses = [read_analysis(find_session(sessions_root(), text)) for text in (first, second)]
    chosen = (people[0] or None, people[1] or None)
    compared = compare_sessions(analyses[0], analyses[1], people=chosen, marker=marker)
    if json_output:
        print_json(comparison_document(compared))
        return
    console.print(escape(compared.sentence), highlight=False)
    table = Table("emotion", *(f"{escape(name)}, mean" for name in compared.names), box=SIMPLE, pad_edge=False)
    for heading in ("difference", "95% CI", *(f"{escape(name)}, leads" for name in compared.names)):
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
    console.print(table)
    say(f"Over {counted(compared.common, 'moment')} that both have; differences in percentage points.")


def continue_(session: SessionText, json_output: JsonFlag = False) -> None:
    """Resume an analysis that was stopped, failed or interrupted."""
    from ferdash.analyses.jobs import unfinished
    from ferdash.analyses.store import find_session
    from ferdash.cli.video import analyse
    from ferdash.exports.facts import STATES
    from ferdash.inference.detector import load_detector
    from ferdash.models.loading import load_model

    found = find_session(sessions_root(), session)
    if found.id not in {one.id for one in unfinished(sessions_root())}:
        raise SessionError(f"{found.name} is {STATES[found.state]}; only what was interrupted can be resumed.")
    model = load_model(found.record["model"], checkpoints_root())
    analyse(found, model, load_detector(found.record["detector"], checkpoints_root()))
    info = found.info
    if json_output:
        print_json(info)
    else:
        say(f"{escape(found.name)}: {counted(info['frames'], 'frame')} analysed.")


def export(
    session: SessionText,
    out: Annotated[Path, typer.Option(help="Folder for the exports.", show_default=False)],
    only: Annotated[
        list[str] | None, typer.Option(help="Write only this export, such as events.csv; may be repeated.")
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Write tables, subtitles, charts, the annotated video and the report of a session."""
    from ferdash.analyses.store import find_session
    from ferdash.exports.files import EXPORTS, check_names, read_analysis, words_of, write_exports

    wanted = check_names(only or EXPORTS)
    analysis = read_analysis(find_session(sessions_root(), session))
    files = write_exports(analysis, out, wanted)
    if json_output:
        print_json({"session": analysis.session.id, "out": str(out), "files": [str(f.relative_to(out)) for f in files]})
    else:
        say(f"Wrote {escape(words_of(files))} to {escape(str(out))}.")
