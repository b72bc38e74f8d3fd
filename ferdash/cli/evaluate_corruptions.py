"""`ferdash evaluate --corruptions`: what is left of a model's accuracy when faces are made worse."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ferdash.cli.evaluate_task import Task, bar, keep_quietly, progress
from ferdash.cli.output import console, escape, print_json
from ferdash.errors import EvaluationError
from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from ferdash.evaluation.robustness import Robustness, corruption_errors, mean_corruption_error
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import percent

if TYPE_CHECKING:
    from ferdash.inference.robustness import Truth
    from ferdash.models.emotion_model import EmotionModel


@dataclass(frozen=True)
class Measured:
    """A model and its report."""

    model: "EmotionModel"
    report: Robustness


def report_corruptions(
    references: list[str], dataset: str, task: Task, *, truth: "Truth", to_card: bool, json_output: bool
) -> None:
    """Measure the first model and, where there is a second, that one too, to hold the first against; print and keep
    both.

    to_card: also write the first one's report into its folder and card. Raises EvaluationError, before any work, when
    it has none.
    """
    folder = _card_folder(references[0]) if to_card else None
    from ferdash.data.dataset import open_dataset
    from ferdash.inference.robustness import measure_robustness
    from ferdash.models.loading import load_model

    faces = open_dataset(data_root(), dataset)
    models = [load_model(name, checkpoints_root(), engine=task.engine, tta=task.tta) for name in references]
    measured: list[Measured] = []
    with progress() as bars:
        for model in models:
            report = bar(bars, f"images, {model.title}")
            result = measure_robustness(model, faces, task.split, truth=truth, **task.chosen(), on_progress=report)
            keep_quietly(model, "robustness", result.to_dict())
            measured.append(Measured(model, result))
    if folder is not None:
        from ferdash.inference.robustness_card import add_to_card

        add_to_card(folder, measured[0].report)
    if json_output:
        print_json(_document(measured))
        return
    _show(measured)


def _card_folder(reference: str) -> Path:
    folder = checkpoints_root() / "models" / reference
    if Path(reference).name != reference or not (folder / "README.md").is_file():
        raise EvaluationError(
            f"{reference} has no card to write the report to: --to-card is for a model of {folder.parent} with a "
            "README.md. Leave the option out; the report is kept all the same."
        )
    return folder


def _document(measured: list[Measured]) -> dict[str, Any]:
    first, *others = measured
    document = {"model": first.model.reference, "engine": first.model.engine, **first.report.to_dict()}
    return document | {"against": _against(first, others[0]) if others else None}


def _against(first: Measured, other: Measured) -> dict[str, Any]:
    """NaN, of kinds in which the reference makes no mistake, becomes None."""
    errors = corruption_errors(first.report, other.report) | {"": mean_corruption_error(first.report, other.report)}
    plain = {kind: None if math.isnan(value) else value for kind, value in errors.items()}
    mean = plain.pop("")
    reference = {"model": other.model.reference, "engine": other.model.engine, **other.report.to_dict()}
    return reference | {
        "difference": first.report.mean - other.report.mean,
        "mean_corruption_error": mean,
        "corruption_errors": plain,
    }


def _show(measured: list[Measured]) -> None:
    first, *others = measured
    title, report = first.model.title, first.report
    console.print(f"[bold]{escape(title)}[/bold]. {report.describe()}", highlight=False)
    console.print(f"{report.finding()}.", highlight=False)
    table = Table("", *map(str, STRENGTHS), "mean", title="Accuracy in %, by kind and strength")
    if others:
        table.add_column("against")
        table.add_column("errors")
        ratios = corruption_errors(report, others[0].report)
        reference = others[0].report.of_kinds()
    means = report.of_kinds()
    for (kind, corruption), row in zip(CORRUPTIONS.items(), report.accuracy, strict=True):
        cells = [*(f"{100 * value:.1f}" for value in row), f"{100 * means[kind]:.1f}"]
        if others:
            cells += [f"{100 * reference[kind]:.1f}", _ratio(ratios[kind])]
        table.add_row(corruption.title, *cells)
    table.add_section()
    columns = [f"{100 * value:.1f}" for value in report.accuracy.mean(axis=0)]
    last = [(f"{100 * other.report.mean:.1f}", _ratio(mean_corruption_error(report, other.report))) for other in others]
    table.add_row("mean", *columns, f"{100 * report.mean:.1f}", *(cell for pair in last for cell in pair))
    table.title_justify = "left"
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)
    low, high = (100 * end for end in (report.interval.low, report.interval.high))
    console.print(f"Mean over all: {percent(report.mean)}, 95% CI {low:.1f} to {high:.1f}.", highlight=False)
    if others:
        _show_comparison(first, others[0])


def _ratio(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _show_comparison(first: Measured, other: Measured) -> None:
    points = 100 * (first.report.mean - other.report.mean)
    console.print(
        f"Against {escape(other.model.title)} ({escape(other.model.reference)}): {points:+.1f} points in the mean "
        f"({percent(other.report.mean)} there), {100 * (first.report.clean - other.report.clean):+.1f} on the faces as "
        f"they are. Mean corruption error {_ratio(mean_corruption_error(first.report, other.report))}: its errors over "
        "the other's, below 1 is more robust.",
        highlight=False,
    )
