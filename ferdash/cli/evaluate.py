"""`ferdash evaluate`: how good a model is on a dataset, and on which images exactly."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from ferdash.cli.evaluate_task import Task, bar, keep_quietly, progress, refuse_a_fold
from ferdash.cli.options import EngineOption, TtaOption
from ferdash.cli.output import JsonFlag, console, escape, print_json
from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import count, counted, percent

if TYPE_CHECKING:
    from ferdash.inference.scoring import Scored

    Column = tuple[str, Scored, Scored | None]

IN_PERCENT = {"accuracy", "balanced_accuracy", "top2", "ece"}


def register(app: typer.Typer) -> None:
    """Add `ferdash evaluate`."""
    app.command("evaluate")(evaluate)


def evaluate(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="fernet, a folder, a Hugging Face id, or run:RUN@best; joined by +, several are one model.",
        ),
    ],
    dataset: Annotated[
        list[str] | None, typer.Option(help="Name of an imported dataset, fer2013 by default; may be given again.")
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"],
        typer.Option(help="Use test only to report a model that is already chosen; choose on validation."),
    ] = "validation",
    per_class: Annotated[int, typer.Option(min=0, help="At most so many images of each emotion; 0 for all.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Which images --per-class draws.")] = 0,
    tta: TtaOption = "plain",
    engine: EngineOption = "torch",
    without_duplicates: Annotated[
        bool, typer.Option("--without-duplicates", help="Leave out images that are identical to a training image.")
    ] = False,
    save_predictions: Annotated[
        Path | None, typer.Option(help="Also write each image's probabilities to this .parquet file.")
    ] = None,
    corruptions: Annotated[
        bool, typer.Option("--corruptions", help="Measure what is left when faces are made worse, in 50 ways.")
    ] = False,
    against: Annotated[str | None, typer.Option(help="With --corruptions: a model to hold this one against.")] = None,
    truth: Annotated[
        Literal["label", "majority"],
        typer.Option(help="With --corruptions: what is right, the dataset's label or what over half of raters said."),
    ] = "label",
    to_card: Annotated[
        bool, typer.Option("--to-card", help="With --corruptions: also write the report into the model's card.")
    ] = False,
    json_output: JsonFlag = False,
) -> None:
    """Score a model on a split of a dataset, with 95% CI.

    Scoring on the test split is fine; choosing a model, an epoch or a threshold by that score is not, because the
    score then no longer says how the model does on new faces. Choose on validation.

    With --tta, the scores of test-time augmentation stand beside the plain ones, never in their place.

    Several models, or --dataset given again, make one table of every model on every dataset.

    With --corruptions, faces are blurred, darkened, turned, covered and more, each in five strengths, after Hendrycks
    and Dietterich (2019); docs/robustness.md shows them.

    Where the dataset has FER+'s votes, the agreement with the raters' majority stands beside the accuracy against the
    label. Published FER+ scores are of eight classes, contempt among them; these are of seven (docs/raters.md).
    """
    datasets = dataset or ["fer2013"]
    several = len(models) > 1 or len(datasets) > 1
    if not corruptions and (against is not None or truth != "label" or to_card):
        raise typer.BadParameter("--against, --truth and --to-card say more of --corruptions; add it.")
    if corruptions and several:
        raise typer.BadParameter("--corruptions takes one model and one dataset, and a second model after --against.")
    if save_predictions is not None and (corruptions or several):
        raise typer.BadParameter("--save-predictions is for one model on one dataset, on the faces as they are.")
    _check_target(save_predictions)
    references = models if against is None else [*models, against]
    for reference in references:
        refuse_a_fold(reference, split)
    task = Task(split, per_class, seed, without_duplicates, tta, engine)
    if corruptions:
        from ferdash.cli.evaluate_corruptions import report_corruptions

        report_corruptions(references, datasets[0], task, truth=truth, to_card=to_card, json_output=json_output)
    elif several:
        from ferdash.cli.evaluate_several import report_several

        report_several(models, datasets, task, json_output=json_output)
    else:
        _evaluate_one(models[0], datasets[0], task, save_predictions, json_output)


def _evaluate_one(model: str, dataset: str, task: Task, save_predictions: Path | None, json_output: bool) -> None:
    from ferdash.data.dataset import open_dataset
    from ferdash.inference.scoring import score, write_predictions
    from ferdash.models.loading import load_model

    faces = open_dataset(data_root(), dataset)
    loaded = load_model(model, checkpoints_root(), engine=task.engine)
    measured: dict[str, Scored] = {}
    with progress() as bars:
        for tta in dict.fromkeys(("plain", task.tta)):
            report = bar(bars, f"images, {tta}")
            measured[tta] = score(replace(loaded, tta=tta), faces, task.split, **task.chosen(), on_progress=report)
    for scored in measured.values():
        keep_quietly(loaded, "scores", scored.to_dict())
    columns: list[Column] = [(tta, scored, _beside(scored)) for tta, scored in measured.items()]
    if save_predictions is not None:
        write_predictions(measured[task.tta], save_predictions)
    if json_output:
        plain, *others = (_document(scored, cleaned) for _, scored, cleaned in columns)
        used = {"model": model, "engine": loaded.engine, "altered": faces.altered}
        print_json(used | plain | {"with_tta": others[0] if others else None})
        return
    _show(loaded.title, columns)
    if faces.altered:
        console.print(faces.altered, highlight=False)


def _beside(scored: "Scored") -> "Scored | None":
    """The scores without duplicates, None where there are none, or nothing else."""
    from ferdash.inference.scoring import without_duplicates

    return without_duplicates(scored) if 0 < scored.protocol.duplicates < scored.protocol.images else None


def _document(scored: "Scored", cleaned: "Scored | None") -> dict[str, Any]:
    return scored.to_dict() | {"without_duplicates": cleaned and cleaned.to_dict()}


def _check_target(path: Path | None) -> None:
    """Before hours of work, not after."""
    if path is None:
        return
    if path.suffix != ".parquet":
        raise EvaluationError(f"Predictions are written as Parquet, so {path.name} must be called something.parquet.")
    if not path.absolute().parent.is_dir():
        raise EvaluationError(f"There is no folder {path.parent} to write {path.name} to; make it first.")


def _show(title: str, columns: "list[Column]") -> None:
    """columns: the test-time augmentation, the scores, and the same without duplicates; the plain ones first."""
    _, plain, _ = columns[0]
    console.print(f"[bold]{escape(title)}[/bold]. {plain.protocol.describe()}", highlight=False)
    for _, scored, _ in columns[1:]:
        console.print(f"Beside it: {scored.protocol.describe()}", highlight=False)
    if plain.calibration is not None:
        console.print(plain.calibration.describe(), highlight=False)
    console.print(_headline_table(columns))
    _show_raters(columns)
    for tta, scored, _ in columns:
        suffix = "" if tta == "plain" else f", {tta}"
        console.print(_emotion_table(scored, suffix))
        console.print(_confusion_table(scored, suffix))
        if (agreement := _agreement_table(scored, suffix)) is not None:
            console.print(agreement)
    absent = [name for name, support in zip(EMOTIONS, plain.metrics.support, strict=True) if support == 0]
    if absent:
        console.print(f"No image shows {', '.join(absent)}: left out of balanced and macro scores.", highlight=False)


def _headline_table(columns: "list[Column]") -> Table:
    from ferdash.evaluation.metrics import TITLES

    table = Table("", title="Scores, with 95% CI")
    shown = []
    for tta, scored, cleaned in columns:
        suffix = "" if tta == "plain" else f", {tta}"
        table.add_column(f"{counted(scored.metrics.images, 'image')}{suffix}")
        shown.append(scored)
        if cleaned is not None:
            table.add_column(f"{count(cleaned.metrics.images)} without duplicates{suffix}")
            shown.append(cleaned)
    for name, label in TITLES.items():
        table.add_row(label, *(_with_interval(column, name) for column in shown))
    return _laid_out(table)


def _show_raters(columns: "list[Column]") -> None:
    """Beside the scores against the labels, those against the raters' votes, where the dataset has them."""
    from ferdash.evaluation import rater_words

    known = [(tta, scored.raters.to_dict()) for tta, scored, _ in columns if scored.raters is not None]
    if not known:
        return
    table = Table("", title="Against the raters' votes")
    for tta, raters in known:
        table.add_column(f"{counted(raters['images'], 'image')}{'' if tta == 'plain' else f', {tta}'}")
    figures = (rater_words.cells(raters) for _, raters in known)
    for title, *row in zip(rater_words.TITLES, *figures, strict=True):
        table.add_row(title, *row)
    console.print(_laid_out(table))
    console.print(rater_words.describe(known[0][1]), highlight=False)


def _agreement_table(scored: "Scored", suffix: str) -> Table | None:
    """Agreement with the raters for each emotion that is their majority's; None without votes."""
    from ferdash.evaluation import rater_words

    if scored.raters is None:
        return None
    table = Table("", "agreement", "images", title=f"Agreement by the raters' majority{suffix}")
    for emotion in rater_words.by_emotion(scored.raters.to_dict()):
        table.add_row(*emotion)
    return _laid_out(table)


def _emotion_table(scored: "Scored", suffix: str) -> Table:
    table = Table("", "precision", "recall", "F1", "support", title=f"Per emotion{suffix}")
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


def _confusion_table(scored: "Scored", suffix: str) -> Table:
    title = f"Confusion matrix{suffix}: a row for each true emotion, a column for each predicted one"
    table = Table("", *EMOTIONS, title=title)
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
