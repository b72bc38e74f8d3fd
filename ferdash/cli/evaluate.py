"""`ferdash evaluate`: how good a model is on a dataset, and on which images exactly."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, print_json, stderr
from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import count, counted, percent

if TYPE_CHECKING:
    from ferdash.inference.scoring import Scored

IN_PERCENT = {"accuracy", "balanced_accuracy", "top2", "ece"}


def register(app: typer.Typer) -> None:
    """Add `ferdash evaluate`."""
    app.command("evaluate")(evaluate)


def evaluate(
    model: Annotated[str, typer.Argument(help="fernet, a folder, a Hugging Face id, or run:RUN@best.")],
    dataset: Annotated[str, typer.Option(help="Name of an imported dataset.")] = "fer2013",
    split: Annotated[
        Literal["train", "validation", "test"],
        typer.Option(help="Use test only to report a model that is already chosen; choose on validation."),
    ] = "validation",
    per_class: Annotated[int, typer.Option(min=0, help="At most so many images of each emotion; 0 for all.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Which images --per-class draws.")] = 0,
    tta: Annotated[bool, typer.Option("--tta", help="Average over each image and its mirror image.")] = False,
    without_duplicates: Annotated[
        bool, typer.Option("--without-duplicates", help="Leave out images that are identical to a training image.")
    ] = False,
    save_predictions: Annotated[
        Path | None, typer.Option(help="Also write each image's probabilities to this .parquet file.")
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Score a model on a split of a dataset, with 95 % intervals.

    Scoring on the test split is fine; choosing a model, an epoch or a threshold by that score is not, because the
    score then no longer says how the model does on new faces. Choose on validation.
    """
    _check_target(save_predictions)
    _refuse_a_fold(model, split)
    from ferdash.data.dataset import open_dataset
    from ferdash.inference import scoring
    from ferdash.models.loading import load_model

    faces = open_dataset(data_root(), dataset)
    loaded = load_model(model, checkpoints_root())
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=stderr
    ) as bars:
        task = bars.add_task("images", total=None)
        scored = scoring.score(
            loaded,
            faces,
            split,
            per_class=per_class,
            exclude_duplicates=without_duplicates,
            seed=seed,
            tta=tta,
            on_progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    # Where every image is also a training image, there is nothing to set beside the score.
    beside = 0 < scored.protocol.duplicates < scored.protocol.images
    cleaned = scoring.without_duplicates(scored) if beside else None
    if save_predictions is not None:
        scoring.write_predictions(scored, save_predictions)
    if json_output:
        print_json({"model": model} | scored.to_dict() | {"without_duplicates": cleaned and cleaned.to_dict()})
        return
    _show(loaded.title, scored, cleaned)


def _refuse_a_fold(model: str, split: str) -> None:
    """Raise EvaluationError for a fold of a cross-validation, which has learned from most validation images."""
    from ferdash.runs.store import open_run

    if not model.startswith("run:") or split == "test":
        return
    run_id = model.removeprefix("run:").partition("@")[0]
    if (checkpoints_root() / "runs" / run_id).is_dir():  # else loading the model says what is wrong
        record = open_run(checkpoints_root() / "runs", run_id).record
        if record.get("config", {}).get("folds", {}).get("count"):
            raise EvaluationError(
                f"Run {run_id} is one fold of a cross-validation and was trained on images of the {split} split, so a "
                f"score there would be too good. `ferdash runs show {run_id}` has the score of the fold it left out."
            )


def _check_target(path: Path | None) -> None:
    """Before hours of work, not after."""
    if path is None:
        return
    if path.suffix != ".parquet":
        raise EvaluationError(f"Predictions are written as Parquet, so {path.name} must be called something.parquet.")
    if not path.absolute().parent.is_dir():
        raise EvaluationError(f"There is no folder {path.parent} to write {path.name} to; make it first.")


def _show(title: str, scored: "Scored", cleaned: "Scored | None") -> None:
    console.print(f"[bold]{escape(title)}[/bold]. {scored.protocol.describe()}", highlight=False)
    console.print(_headline_table(scored, cleaned))
    console.print(_emotion_table(scored))
    console.print(_confusion_table(scored))
    absent = [name for name, support in zip(EMOTIONS, scored.metrics.support, strict=True) if support == 0]
    if absent:
        console.print(f"No image shows {', '.join(absent)}: left out of balanced and macro scores.", highlight=False)


def _headline_table(scored: "Scored", cleaned: "Scored | None") -> Table:
    from ferdash.evaluation.metrics import TITLES

    table = Table("", counted(scored.metrics.images, "image"), title="Scores, with 95 % intervals")
    if cleaned is not None:
        table.add_column(f"{count(cleaned.metrics.images)} without duplicates")
    columns = [scored] if cleaned is None else [scored, cleaned]
    for name, label in TITLES.items():
        table.add_row(label, *(_with_interval(column, name) for column in columns))
    return _laid_out(table)


def _emotion_table(scored: "Scored") -> Table:
    table = Table("", "precision", "recall", "F1", "support", title="Per emotion")
    metrics = scored.metrics
    for index, name in enumerate(EMOTIONS):
        scores = [metrics.precision[index], metrics.recall[index], metrics.f1[index]]
        cells = ["-" if math.isnan(value) else f"{value:.3f}" for value in scores]
        table.add_row(name, *cells, count(int(metrics.support[index])))
    table.add_section()
    for kind in ("macro", "weighted"):
        averages = [getattr(metrics, f"{kind}_{score}") for score in ("precision", "recall", "f1")]
        table.add_row(f"{kind} avg", *(f"{value:.3f}" for value in averages), count(metrics.images))
    return _laid_out(table)


def _confusion_table(scored: "Scored") -> Table:
    table = Table("", *EMOTIONS, title="Confusion matrix: a row for each true emotion, a column for each predicted one")
    for row, name in enumerate(EMOTIONS):
        cells = [count(int(number)) for number in scored.metrics.confusion[row]]
        cells[row] = f"[bold]{cells[row]}[/bold]"
        table.add_row(name, *cells)
    return _laid_out(table)


def _laid_out(table: Table) -> Table:
    table.title_justify = "left"
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _with_interval(scored: "Scored", name: str) -> str:
    interval = scored.intervals[name]
    value, low, high = getattr(scored.metrics, name), interval.low, interval.high
    if name in IN_PERCENT:
        return f"{percent(value)} ({100 * low:.1f} to {100 * high:.1f})"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
