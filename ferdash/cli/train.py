"""`ferdash train`: a run, or a group of them, from a recipe or from where an earlier one stands."""

import signal
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, escape, print_json, say, stderr
from ferdash.errors import ConfigError, FerdashError
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import counted, percent

if TYPE_CHECKING:
    from ferdash.runs.groups import GroupSummary, Spread
    from ferdash.runs.store import Run
    from ferdash.training.config import TrainConfig
    from ferdash.training.control import Control
    from ferdash.training.processes import Processes

INTERRUPTED = 130
"""Exit status of a training that Ctrl-C or somebody else stopped, as shells have it."""

GROUP_SCORES = {"accuracy": "Accuracy", "macro_f1": "Macro F1", "worst_f1": "Worst emotion's F1"}


def register(app: typer.Typer) -> None:
    """Add `ferdash train`."""
    app.command("train")(train)


def train(
    recipe: Annotated[str, typer.Option(help="Name of a recipe.")] = "fernet",
    dataset: Annotated[str, typer.Option(help="Name of an imported dataset.")] = "",
    model: Annotated[str, typer.Option(help="Model reference to start from; empty trains from scratch.")] = "",
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Train so many runs with seeds counted up, as a group.")] = 1,
    folds: Annotated[int, typer.Option(min=0, help="Cross-validate in so many folds, as a group of runs.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Replace one setting, as in optimizer.lr=1e-4; may be repeated.")
    ] = None,
    resume: Annotated[
        str, typer.Option(help="Continue RUN, or RUN@checkpoint, with --set as a child run; or what is left of GROUP.")
    ] = "",
    name: Annotated[str, typer.Option(help="A name for the run, shown in lists.")] = "",
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Time a few batches, say what one run would take, and train nothing.")
    ] = False,
    json_output: JsonFlag = False,
) -> None:
    """Train a model, or a group of them. Ctrl-C saves a checkpoint and says how to resume."""
    from ferdash.training.processes import join_processes

    own = [f"dataset={dataset}"] if dataset else []
    own += ([] if seed is None else [f"seed={seed}"]) + (settings or [])
    if estimate:
        _estimate(recipe, own, resume, model=model, json_output=json_output)
        return
    processes = join_processes()
    if not processes.main:
        console.quiet = stderr.quiet = True
    asked = None
    if processes.main and resume:
        asked = _taken_up(resume, settings or [], name)
    elif processes.main:
        asked = _made(recipe, own, model=model, seeds=seeds, folds=folds, name=name)
    group, runs = processes.broadcast(asked)
    if group:
        _train_group(group, runs, json_output, processes)
    else:
        _train_run(runs[0], json_output, processes)


def _taken_up(reference: str, settings: list[str], name: str) -> "tuple[str, list[Run]]":
    """The group's name and its unfinished runs, or an empty name and the run, that --resume asks for."""
    from ferdash.runs import meta
    from ferdash.training import continuation, out_of_fold

    data, checkpoints = data_root(), checkpoints_root()
    if not (group := out_of_fold.members(checkpoints, reference)):
        run = continuation.resume(reference, settings, data=data, checkpoints=checkpoints)
        if name:
            meta.rename(checkpoints / "runs", run.id, name)
        return "", [run]
    if settings or name:
        raise ConfigError("A group resumes as it was begun; leave --set and --name out, or name one of its runs.")
    return reference, out_of_fold.unfinished(group)


def _made(
    recipe: str, settings: list[str], *, model: str, seeds: int, folds: int, name: str
) -> "tuple[str, list[Run]]":
    """The name of a new group and its runs; the name is empty for a run by itself."""
    from ferdash.training import groups

    configs = groups.plan(_configured(recipe, settings, model), seeds=seeds, folds=folds)
    runs = groups.create_group(configs, data=data_root(), checkpoints=checkpoints_root(), name=name)
    return runs[0].record["group"], runs


def _configured(recipe: str, settings: list[str], model: str) -> "TrainConfig":
    """A recipe's configuration with settings, and the model that it starts from."""
    from ferdash.training.config import override
    from ferdash.training.continuation import predecessor
    from ferdash.training.recipes import get_recipe

    chosen = get_recipe(recipe)
    config = override(chosen.config(), settings)
    before = model or predecessor(chosen, config.dataset, checkpoints=checkpoints_root())
    return override(config, [f"start_from={before}"]) if before else config


def _estimate(recipe: str, settings: list[str], resume: str, *, model: str, json_output: bool) -> None:
    from ferdash.data.dataset import open_dataset
    from ferdash.training.estimate import estimate, in_words
    from ferdash.training.start import build_network

    if resume:
        raise ConfigError("An estimate is of a run from its beginning; leave --resume out.")
    config = _configured(recipe, settings, model)
    network, preprocess = build_network(config, checkpoints_root())
    found = estimate(config, open_dataset(data_root(), config.dataset), network, preprocess)
    if json_output:
        print_json(asdict(found))
    else:
        console.print(in_words(found, config.epochs), highlight=False)


def _train_run(run: "Run", json_output: bool, processes: "Processes") -> None:
    state = _execute(run, stop_on_interrupt(), processes)
    if state == "stopped":
        say(f"Stopped and saved. Resume with: ferdash train --resume {run.id}")
    if json_output and processes.main:
        print_json(_as_json(run, state))
    if state not in ("finished", "stopped"):
        raise FerdashError(f"The run ended as {state}.")
    if state == "stopped":
        raise typer.Exit(INTERRUPTED)


def _train_group(group: str, runs: "list[Run]", json_output: bool, processes: "Processes") -> None:
    """Train the runs one after the other; whatever ends that early, the rest can be resumed by the group's name."""
    from ferdash.training import groups, out_of_fold

    control, states = stop_on_interrupt(), {}
    try:
        for place, run in enumerate(runs, start=1):
            say(f"Group [bold]{group}[/bold], run {place} of {len(runs)}")
            states[run.id] = _execute(run, control, processes)
            if processes.sum([float(control.stop.is_set())]) != [0.0]:
                break
    finally:
        left = out_of_fold.unfinished([run for run in runs if run.folder.is_dir()]) if processes.main else []
        groups.release(left)
        if left:
            say(f"{counted(len(left), 'run')} of the group left. Resume with: ferdash train --resume {group}")
    if processes.main:
        trained = [_as_json(run, states[run.id]) for run in runs if run.id in states]
        _report_group(group, trained, json_output, complete=not left)
    if "stopped" in states.values():
        raise typer.Exit(INTERRUPTED)


def _report_group(group: str, trained: list[dict[str, Any]], json_output: bool, *, complete: bool) -> None:
    from ferdash.runs.groups import group_summary
    from ferdash.runs.index import summary_of
    from ferdash.training import out_of_fold

    members = out_of_fold.members(checkpoints_root(), group)
    summary = next(iter(group_summary(summary_of(run.folder.parent, run.id) for run in members)), None)
    if json_output:
        print_json({"group": group, "runs": trained, "summary": summary and asdict(summary)})
    elif summary and complete:
        show_summary(summary)


def _execute(run: "Run", control: "Control", processes: "Processes") -> str:
    from ferdash.runs.store import read_status
    from ferdash.training import start

    say(f"Run [bold]{run.id}[/bold]")
    try:
        with Bars() as bars:
            state = start.execute(
                run,
                data=data_root(),
                checkpoints=checkpoints_root(),
                control=control,
                on_progress=bars.update,
                processes=processes,
            )
            status = read_status(run.folder)
            if processes.main and state == "finished":
                bars.fill(status["progress"]["epoch"])
    except FerdashError:
        if processes.main:
            _forget_unbegun(run)
        raise
    if processes.main and status.get("note"):
        say(escape(status["note"]))
    if processes.main and state == "finished" and (best := status.get("best")):
        say(f"Finished. Best epoch {best['epoch'] + 1}: {best['select']} {best['score']:.4f} on validation.")
    return state


def _forget_unbegun(run: "Run") -> None:
    """Remove a run that failed before it trained anything: there is nothing in it, and it would only stand in lists."""
    from ferdash.runs import meta
    from ferdash.runs.store import read_metrics

    if not read_metrics(run.folder) and not any(run.checkpoints.glob("*.pt")):
        meta.delete(run.folder.parent, run.id)


def stop_on_interrupt() -> "Control":
    """A control that Ctrl-C stops, so that a checkpoint is written first."""
    from ferdash.training.control import Control

    control = Control()
    signal.signal(signal.SIGINT, lambda *_: control.stop.set())
    return control


def _as_json(run: "Run", state: str) -> dict[str, Any]:
    from ferdash.runs.store import read_metrics

    return {"run": run.id, "state": state, "metrics": read_metrics(run.folder)}


def show_summary(summary: "GroupSummary") -> None:
    """Print the mean and spread of a group's scores."""
    table = Table("", "best epoch", "last epoch", title=f"Mean and standard deviation over {summary.over}")
    for score, title in GROUP_SCORES.items():
        table.add_row(title, *(_spread_text(score, part.get(score)) for part in (summary.best, summary.last)))
    table.title_justify = "left"
    console.print(table)


def _spread_text(score: str, spread: "Spread | None") -> str:
    if spread is None:
        return "-"
    if score == "accuracy":
        return percent(spread.mean) + ("" if spread.std is None else f" ± {100 * spread.std:.1f} points")
    return f"{spread.mean:.3f}" + ("" if spread.std is None else f" ± {spread.std:.3f}")


class Bars:
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

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bars.stop()

    @property
    def tasks(self) -> list[Task]:
        """What the bars show: the epochs, then the batches."""
        return self._bars.tasks

    def fill(self, epochs: int) -> None:
        """Show that so many epochs were trained and nothing is left to do."""
        self._bars.update(self._epochs, completed=epochs, total=epochs)
        for task in self.tasks:
            self._bars.update(task.id, completed=task.total)

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
