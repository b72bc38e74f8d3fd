"""`ferdash promote`: make a run's best network a model with a name and a card."""

from collections.abc import Callable
from typing import Annotated

import typer

from ferdash.cli.evaluate_task import bar, progress
from ferdash.cli.output import JsonFlag, print_json, say
from ferdash.paths import checkpoints_root, data_root


def register(app: typer.Typer) -> None:
    """Add `ferdash promote`."""
    app.command("promote")(promote_run)


def promote_run(
    run: Annotated[str, typer.Argument(help="Id of a run, or its last four characters.")],
    name: Annotated[str, typer.Argument(help="Name of the model it becomes.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of a model of that name.")] = False,
    average: Annotated[
        int,
        typer.Option(min=0, help="Take the mean of the weights after so many of the newest epochs; 0: the best epoch."),
    ] = 0,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure-statistics",
            help="Measure the statistics of batch norm anew, on training images as they are; a mean always needs it.",
        ),
    ] = False,
    json_output: JsonFlag = False,
) -> None:
    """Save a run's best network, or a mean of many, as a named model, scored on validation, with a model card."""
    from ferdash.models.card import read_evaluation
    from ferdash.promotion import promote
    from ferdash.runs.store import find_run_id

    run = find_run_id(checkpoints_root() / "runs", run)
    with progress() as bars:
        shown: dict[str, Callable[[int, int], None]] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in shown:
                shown[step] = bar(bars, step)
            shown[step](done, total)

        folder = promote(
            run,
            name,
            data=data_root(),
            checkpoints=checkpoints_root(),
            replace=replace,
            average=average,
            measure=measure,
            on_progress=report,
        )
    evaluations = read_evaluation(folder)
    if json_output:
        print_json({"model": name, "folder": str(folder), "evaluations": evaluations})
        return
    say(f"Run {run} is now the model [bold]{name}[/bold] ({folder}).")
    for evaluation in evaluations:
        say(f"{evaluation['metrics']['accuracy']:.2%} on: {evaluation['described']}")
