"""`ferdash video`: emotions over time in videos, with everything that can be made of them, headless."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ferdash.cli.options import EngineOption, TtaOption
from ferdash.cli.output import JsonFlag, escape, print_json, say, stderr
from ferdash.errors import ConfigError, FerdashError, VideoError
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.paths import analyses_root, checkpoints_root
from ferdash.wording import counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferdash.analyses.store import Analysis
    from ferdash.inference.detector import Detector
    from ferdash.live.lsl import EmotionOutlet
    from ferdash.models.emotion_model import EmotionModel
    from ferdash.video.analysis import AnalysisSettings


def register(app: typer.Typer) -> None:
    """Add `ferdash video`."""
    app.command("video")(video)


def video(
    files: Annotated[
        list[Path],
        typer.Argument(help="Videos, and folders whose videos are all taken.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the exports; several videos get a folder each in it.", show_default=False)
    ],
    stride: Annotated[int, typer.Option(min=1, help="Analyse every n-th frame.")] = 1,
    detect_every: Annotated[
        int, typer.Option(min=1, help="Look for faces in each n-th analysed frame; follow them between.")
    ] = 5,
    start: Annotated[float, typer.Option(min=0, help="Where to start, in seconds.")] = 0.0,
    end: Annotated[float | None, typer.Option(help="Where to end, in seconds; without it, at the end.")] = None,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames a second of a raw stream (.h264, for example), which holds no times of its own."),
    ] = None,
    model: Annotated[str, typer.Option(help="Model reference.")] = DEFAULT_MODEL,
    detector: Annotated[str, typer.Option(help="How faces are found: centerface, haar or yunet.")] = "centerface",
    tta: TtaOption = "plain",
    engine: EngineOption = "auto",
    only: Annotated[
        list[str] | None,
        typer.Option(help="Write only this export, such as report.html, lab or anonymised.mp4; repeat it."),
    ] = None,
    lsl: Annotated[
        str, typer.Option(help="Also send every face as a stream of the Lab Streaming Layer with this name.")
    ] = "",
    scheduler: Annotated[
        str, typer.Option(help="Share the videos among the workers of this Dask scheduler, such as tcp://host:8786.")
    ] = "",
    wait_for_workers: Annotated[
        float, typer.Option(min=0, help="For how many seconds the scheduler may have no worker before this ends.")
    ] = 600.0,
    json_output: JsonFlag = False,
) -> None:
    """Follow the faces of videos, and write tables, subtitles, charts, an annotated video and a report.

    Each analysis is kept as an analysis, which the app's Video page opens. Ctrl-C keeps what is done so far.
    """
    from ferdash.cli.video_cluster import analyse_on
    from ferdash.exports.files import EXPORTS, check_names
    from ferdash.inference.detector import load_detector
    from ferdash.models.loading import load_model
    from ferdash.models.tta import titled
    from ferdash.video.analysis import AnalysisSettings

    wanted = check_names(only or EXPORTS)
    settings = AnalysisSettings(stride=stride, detect_every=detect_every, start_s=start, end_s=end, fps=fps)
    paths = find_videos(files)
    if scheduler:
        if lsl:
            raise ConfigError("Other machines do not stream here; leave out --lsl or --scheduler.")
        facts: Any = {
            "model": model,
            "detector": detector,
            "engine": engine,
            "tta": tta,
            "patience_s": wait_for_workers,
        }
        _tell(analyse_on(scheduler, paths, _folders(paths, out), wanted, settings, **facts), out, json_output)
        return
    classifier = load_model(model, checkpoints_root(), engine=engine, tta=tta)
    classifier = replace(classifier, title=titled(classifier.title, tta))
    finder = load_detector(detector, checkpoints_root())
    outlet = _outlet(lsl, classifier.title) if lsl else None
    folders = _folders(paths, out)
    done = []
    for path, folder in zip(paths, folders, strict=True):
        beside = len(paths) > 1
        done.append(_one(path, folder, wanted, settings, classifier, finder, beside=beside, outlet=outlet))
        if done[-1]["error"] and len(paths) > 1:  # that of a single video is said at the end
            say(f"[red]error:[/red] {escape(done[-1]['error'])}")
    _tell(done, out, json_output)


def _tell(done: list[dict[str, Any]], out: Path, json_output: bool) -> None:
    """What became of all videos. Raises VideoError when nothing did."""
    failed = [one for one in done if one["error"]]
    if len(failed) == len(done):
        raise VideoError(failed[0]["error"] if len(failed) == 1 else "None of the videos could be analysed.")
    if json_output:
        print_json({"out": str(out), "videos": done})
    elif len(done) > 1:
        missing = f"; {counted(len(failed), 'video')} could not be analysed" if failed else ""
        say(f"{counted(len(done) - len(failed), 'video')} analysed into {escape(str(out))}{missing}.")


def find_videos(given: list[Path]) -> list[Path]:
    """The videos that are meant; as `files_of`."""
    from ferdash.video.decoding import VIDEO_SUFFIXES

    nothing = f"There is no video in {{}}; ferdash looks for {', '.join(VIDEO_SUFFIXES)}."
    return files_of(given, lambda name: Path(name).suffix.lower() in VIDEO_SUFFIXES, nothing)


def files_of(
    given: list[Path], belongs: Callable[[str], bool], nothing: str, order: Callable[[str], Any] = str
) -> list[Path]:
    """What is meant by files and folders: files as they are, and of folders every file whose name belongs, in order.

    nothing: the sentence of the VideoError that is raised for a folder without any, {} for the folder.
    """
    found: list[Path] = []
    for path in given:
        if not path.is_dir():
            found.append(path)
            continue
        names = (one.name for one in path.iterdir() if belongs(one.name) and one.is_file())
        inside = [path / name for name in sorted(names, key=order)]
        if not inside:
            raise VideoError(nothing.format(path))
        found += inside
    return found


def _folders(paths: list[Path], out: Path) -> list[Path]:
    """Where the exports of each video go; those of one name are counted, past the names that others have."""
    if len(paths) == 1:
        return [out]
    # Some file systems hold Clip and clip for one name.
    own, taken = {path.stem.casefold() for path in paths}, set[str]()
    folders = []
    for path in paths:
        names = chain([path.stem], (name for n in count(2) if (name := f"{path.stem}-{n}").casefold() not in own))
        name = next(name for name in names if name.casefold() not in taken)
        taken.add(name.casefold())
        folders.append(out / name)
    return folders


def _one(
    path: Path,
    folder: Path,
    wanted: list[str],
    settings: "AnalysisSettings",
    model: "EmotionModel",
    detector: "Detector",
    *,
    beside: bool,
    outlet: "EmotionOutlet | None" = None,
) -> dict[str, Any]:
    """Analyse and export one video; its part of the document, with the sentence of what went wrong. beside: where the
    folder is taken, another one beside it is made, not one in it."""
    from ferdash.analyses.jobs import create_video_analysis

    document: dict[str, Any] = {"file": str(path), "analysis": None, "out": str(folder), "error": None}
    try:
        analysis = create_video_analysis(
            analyses_root(),
            path,
            settings,
            model=model.reference,
            model_title=model.title,
            detector=detector.name,
        )
        document["analysis"] = analysis.id
        found = analyse_and_export(analysis, path.name, folder, wanted, model, detector, beside=beside, outlet=outlet)
        return document | found
    except FerdashError as error:
        return document | {"error": str(error)}


def analyse_and_export(
    analysis: "Analysis",
    name: str,
    folder: Path,
    wanted: list[str],
    model: "EmotionModel",
    detector: "Detector",
    *,
    beside: bool = False,
    outlet: "EmotionOutlet | None" = None,
) -> dict[str, Any]:
    """Analyse an analysis to its end and export it, with bars and sentences; its part of the document. name: of the
    video or folder, as it is shown. beside: as in `_one`."""
    from ferdash.exports.files import read_results, words_of, write_exports

    analyse(analysis, model, detector, outlet=outlet)
    results = read_results(analysis)
    with _bar(f"{name}: exports") as (bars, task):
        folder, files = write_exports(
            results,
            folder,
            wanted,
            beside=beside,
            on_progress=lambda export, done, total: bars.update(
                task, description=f"{escape(name)}: {export}", completed=done, total=total
            ),
        )
    info = analysis.info
    took = float(info["timings"]["total"])
    seconds = results.summary.frames * int(info["settings"]["stride"]) / float(info["video"]["fps"])
    facts = {
        "state": info["state"],
        "note": info.get("note"),
        "frames": results.summary.frames,
        "frames_with_result": results.summary.with_result,
        "reasons": results.summary.reasons,
        "people": len(results.summary.tracks),
        "finding": results.summary.sentence,
        "seconds": round(took, 3),
        "times_real_time": round(seconds / took, 2) if took > 0 else None,
        "files": [str(one.relative_to(folder)) for one in files],
    }
    speed = f"{duration(took)}, {seconds / took:.1f} x real time"
    say(f"[bold]{escape(name)}[/bold]: {results.summary.sentence} {speed}.")
    for track in results.summary.tracks.values():
        say(f"  {track.sentence}")
    if info.get("note"):
        say(f"  [yellow]{escape(str(info['note']))}[/yellow]")
    say(f"  Wrote {escape(words_of(files))} to {escape(str(folder))}; analysis {analysis.id}.")
    return facts | {"out": str(folder)}


def _outlet(name: str, model: str) -> "EmotionOutlet":
    from ferdash.live.lsl import EmotionOutlet

    return EmotionOutlet(name, model=model)


def analyse(
    analysis: "Analysis", model: "EmotionModel", detector: "Detector", *, outlet: "EmotionOutlet | None" = None
) -> None:
    """Analyse an analysis to its end, with a bar, and send its rows where there is an outlet. Ctrl-C keeps what is
    done, and says so."""
    from ferdash.analyses import execution

    with _bar(analysis.name) as (bars, task):

        def show(progress: execution.Progress) -> None:
            bars.update(
                task, completed=progress.frames, total=progress.total, speed=f"{progress.speed:.1f} x real time"
            )

        try:
            send = outlet.push_table if outlet is not None else (lambda table: None)
            execution.execute(analysis, model, detector, on_progress=show, on_table=send)
        except KeyboardInterrupt:
            say(f"Stopped. What is done is kept in analysis {analysis.id}; the Video page can resume it.")
            raise


@contextmanager
def _bar(description: str) -> "Iterator[tuple[Progress, Any]]":
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[speed]}"),
    )
    with Progress(*columns, console=stderr, transient=True) as bars:
        yield bars, bars.add_task(description, total=None, speed="")
