"""`ferdash evaluate` with several models or datasets: every model on every dataset, in one table."""

from dataclasses import replace

from rich.table import Table

from ferdash.cli.evaluate_task import Task, bar, keep_quietly, progress
from ferdash.cli.output import console, escape, print_json, print_table
from ferdash.evaluation.cross import Cell, absent_sentences, cell_of
from ferdash.evaluation.intervals import Interval
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import count, percent


def report_several(references: list[str], names: list[str], task: Task, *, json_output: bool) -> None:
    """Score each model on each dataset, print one table and keep every evaluation.

    A model is loaded once and every dataset is opened before any work, so that a name that is wrong costs no time.
    """
    from ferdash.data.dataset import open_dataset
    from ferdash.inference.scoring import score
    from ferdash.models.loading import load_model

    datasets = [open_dataset(data_root(), name) for name in dict.fromkeys(names)]
    loaded = [load_model(name, checkpoints_root(), engine=task.engine) for name in dict.fromkeys(references)]
    models = [replace(model, tta=task.tta) for model in loaded]
    records = []
    with progress() as bars:
        for model in models:
            for dataset in datasets:
                report = bar(bars, f"{model.title} on {dataset.name}")
                scored = score(model, dataset, task.split, **task.chosen(), on_progress=report)
                records.append(keep_quietly(model, "scores", scored.to_dict()))
    cells = [cell_of(record) for record in records]
    if json_output:
        rows = [record | {"absent": list(cell.absent)} for record, cell in zip(records, cells, strict=True)]
        altered = {dataset.name: dataset.altered for dataset in datasets if dataset.altered}
        print_json({"split": task.split, "tta": task.tta, "cells": rows, "altered": altered})
        return
    _show(cells)
    for dataset in datasets:
        if dataset.altered:
            console.print(f"{dataset.name}: {dataset.altered}", highlight=False)


def _show(cells: list[Cell]) -> None:
    protocols = {cell.column: cell.protocol for cell in cells}
    for protocol in protocols.values():
        console.print(protocol.describe(), highlight=False)
    table = Table("model", "dataset", "accuracy", "macro F1", "images", "", title="Scores, with 95% CI")
    table.title_justify = "left"
    for column in table.columns[2:5]:
        column.justify = "right"
    for number, cell in enumerate(cells):
        if number and cell.model != cells[number - 1].model:
            table.add_section()
        table.add_row(
            escape(cell.model),
            cell.protocol.dataset,
            f"{percent(cell.accuracy)} {_ends(cell.accuracy_interval, 100, 1)}",
            f"{cell.macro_f1:.3f} {_ends(cell.macro_f1_interval, 1, 3)}",
            count(cell.protocol.images),
            cell.notes(),
        )
    print_table(table)
    sources = {cell.source for cell in cells}
    if "training images" in sources:
        console.print("Training images: the model has learned these very images; the score says nothing of others.")
    if "same source" in sources:
        console.print(
            "Same source: the model learned from the train split of that dataset, so its score there says less about "
            "other people's pictures.",
            highlight=False,
        )
    for sentence in absent_sentences(cells):
        console.print(sentence, highlight=False)


def _ends(interval: Interval, factor: int, digits: int) -> str:
    return f"({factor * interval.low:.{digits}f} to {factor * interval.high:.{digits}f})"
