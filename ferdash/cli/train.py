"""`ferdash train`: one run, from a recipe or from where an earlier run stands."""

import signal
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ferdash.cli.output import JsonFlag, print_json, say, stderr
from ferdash.errors import FerdashError
from ferdash.paths import checkpoints_root, data_root


def register(app: typer.Typer) -> None:
    """Add `ferdash train`."""
    app.command("train")(train)


def train(
    recipe: Annotated[str, typer.Option(help="Name of a recipe.")] = "fernet",
    dataset: Annotated[str, typer.Option(help="Name of an imported dataset.")] = "",
    model: Annotated[str, typer.Option(help="Model reference to start from; empty trains from scratch.")] = "",
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Replace one setting, as in optimizer.lr=1e-4; may be repeated.")
    ] = None,
    resume: Annotated[str, typer.Option(help="Continue RUN, or RUN@checkpoint; with --set as a child run.")] = "",
    name: Annotated[str, typer.Option(help="A name for the run, shown in lists.")] = "",
    json_output: JsonFlag = False,
) -> None:
    """Train a model. Ctrl-C saves a checkpoint and says how to go on."""
    from ferdash.runs.store import read_metrics, read_status
    from ferdash.training import continuation, start
    from ferdash.training.config import override
    from ferdash.training.loop import Control
    from ferdash.training.recipes import get_recipe

    data, checkpoints = data_root(), checkpoints_root()
    if resume:
        run = continuation.resume(resume, settings or [], data=data, checkpoints=checkpoints)
    else:
        chosen = get_recipe(recipe)
        extra = [f"dataset={dataset}"] if dataset else []
        extra += [] if seed is None else [f"seed={seed}"]
        config = override(chosen.config(), extra + (settings or []))
        before = model or continuation.predecessor(chosen, config.dataset, checkpoints=checkpoints)
        config = override(config, [f"start_from={before}"]) if before else config
        run = start.create(config, data=data, checkpoints=checkpoints, name=name)
    control = Control()
    signal.signal(signal.SIGINT, lambda *_: control.stop.set())
    say(f"Run [bold]{run.id}[/bold]")
    with _Bars() as bars:
        state = start.execute(run, data=data, checkpoints=checkpoints, control=control, on_progress=bars.update)
    if state == "stopped":
        say(f"Stopped and saved. Go on with: ferdash train --resume {run.id}")
    elif best := read_status(run.folder).get("best"):
        say(f"Finished. Best epoch {best['epoch'] + 1}: {best['select']} {best['score']:.4f} on validation.")
    if json_output:
        print_json({"run": run.id, "state": state, "metrics": read_metrics(run.folder)})
    if state not in ("finished", "stopped"):
        raise FerdashError(f"The run ended as {state}.")


class _Bars:
    """An epoch bar and a batch bar on stderr."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=stderr,
        )
        self._epochs = self._bars.add_task("epochs", total=None, note="")
        self._batches = self._bars.add_task("batches", total=None, note="")

    def __enter__(self) -> "_Bars":
        self._bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bars.stop()

    def update(self, progress: Any) -> None:
        """Show a ferdash.training.loop.Progress."""
        speed = f"{progress.images_per_s:,.0f} images/s" if progress.images_per_s else ""
        loss = f"loss {progress.loss:.3f}" if progress.loss is not None else ""
        self._bars.update(self._epochs, completed=progress.epoch, total=progress.epochs, note=loss)
        self._bars.update(
            self._batches,
            description=progress.phase,
            completed=progress.batch,
            total=progress.batches,
            note=speed,
        )
