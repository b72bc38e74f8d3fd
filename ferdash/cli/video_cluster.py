"""`ferdash video --scheduler`: the videos of a folder on many machines, with one line of progress."""

from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ferdash.cli.output import escape, say, stderr
from ferdash.exports.batch import Engine, Tta, VideoTask, run_on
from ferdash.paths import analyses_root, checkpoints_root
from ferdash.video.analysis import AnalysisSettings


def analyse_on(
    scheduler: str,
    paths: list[Path],
    folders: list[Path],
    wanted: list[str],
    settings: AnalysisSettings,
    *,
    model: str,
    detector: str,
    engine: Engine,
    tta: Tta,
    patience_s: float,
) -> list[dict[str, Any]]:
    """What became of each video. patience_s: as in `run_on`. Raises ConfigError where nobody answers at the address, or
    no worker comes."""
    tasks = [
        VideoTask(
            path=str(path.absolute()),
            folder=str(folder.absolute()),
            root=str(analyses_root().absolute()),
            checkpoints=str(checkpoints_root().absolute()),
            settings=settings.to_dict(),
            exports=tuple(wanted),
            model=model,
            detector=detector,
            engine=engine,
            tta=tta,
        )
        for path, folder in zip(paths, folders, strict=True)
    ]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bars:
        line = bars.add_task("videos", total=len(tasks))

        def show(one: dict[str, Any], workers: int) -> None:
            bars.update(line, advance=1, description=f"videos on {workers} workers, last {Path(one['file']).name}")
            if one["error"]:
                say(f"[red]error:[/red] {escape(one['error'])}")

        def wait(sentence: str) -> None:
            say(f"[yellow]{escape(sentence)}[/yellow]")

        return run_on(scheduler, tasks, on_done=show, on_wait=wait, patience_s=patience_s)
