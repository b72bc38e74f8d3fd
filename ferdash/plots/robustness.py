"""Heat maps of accuracy: kinds of corruption by strength, and models by datasets. Numbers stand in the cells, and the
colours run from dark to light for every kind of colour vision (cividis; Nuñez et al. 2018)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from ferdash.evaluation.cross import SEEN_SOURCES, Cell
from ferdash.evaluation.robustness import Robustness
from ferdash.plots.style import finish
from ferdash.wording import percent

COLOURS = "Cividis"


def robustness_map(report: Robustness) -> go.Figure:
    """A row for each kind, the one that costs most at the bottom; the faces as they are in the first column."""
    means = report.of_kinds()
    order = sorted(CORRUPTIONS, key=means.__getitem__)
    rows = dict(zip(CORRUPTIONS, report.accuracy, strict=True))
    values = np.array([[report.clean, *rows[kind], means[kind]] for kind in order])
    columns = ["none", *map(str, STRENGTHS), "mean"]
    levels = [
        ["as it is", *(f"{level:g} {CORRUPTIONS[kind].unit}" for level in CORRUPTIONS[kind].levels), "all five"]
        for kind in order
    ]
    figure = _heat(values, columns, [CORRUPTIONS[kind].title for kind in order], customdata=levels)
    figure.update_traces(hovertemplate="%{y}, %{customdata}: %{z:.1%}<extra></extra>")
    title = f"{percent(report.mean)} when made worse, {percent(report.clean)} as they are; {_costs_most(report)}"
    return finish(figure, title=title, x_title="strength", y_title="", height=460)


def robustness_difference(report: Robustness, other: Robustness, *, names: tuple[str, str]) -> go.Figure:
    """How many points the first is ahead of the second, by kind and strength. names: of the two."""
    means, others = report.of_kinds(), other.of_kinds()
    order = sorted(CORRUPTIONS, key=lambda kind: means[kind] - others[kind])
    place = {kind: number for number, kind in enumerate(CORRUPTIONS)}
    ahead = 100 * (report.accuracy - other.accuracy)
    rows = [
        [100 * (report.clean - other.clean), *ahead[place[kind]], 100 * (means[kind] - others[kind])] for kind in order
    ]
    points = np.array(rows)
    span = max(1.0, float(np.abs(points).max()))
    figure = _heat(points, ["none", *map(str, STRENGTHS), "mean"], [CORRUPTIONS[kind].title for kind in order])
    figure.update_traces(
        zmin=-span,
        zmax=span,
        colorscale="PuOr",
        text=[[f"{value:+.1f}" for value in row] for row in points],
        colorbar={"title": "points", "tickformat": "", "thickness": 12},
        hovertemplate="%{y}, strength %{x}: %{z:+.1f} points<extra></extra>",
    )
    mean = 100 * (report.mean - other.mean)
    title = f"{names[0]} minus {names[1]}: {mean:+.1f} points on faces made worse"
    return finish(figure, title=title, x_title="strength", y_title="", height=460)


def cross_map(cells: Sequence[Cell]) -> go.Figure:
    """Accuracy of each model (rows) on each set of images (columns); empty where it was not measured, and with a star
    where the model learned from that dataset."""
    models = list(dict.fromkeys(cell.model for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    values = np.full((len(models), len(columns)), np.nan)
    text = [[""] * len(columns) for _ in models]
    for cell in cells:
        row, column = models.index(cell.model), columns.index(cell.column)
        values[row, column] = cell.accuracy
        text[row][column] = percent(cell.accuracy) + (" *" if cell.source in SEEN_SOURCES else "")
    heads = ["<br>".join(column.replace(", ", "<br>").split("<br>")) for column in columns]
    figure = _heat(values, heads, models)
    figure.update_traces(text=text, hovertemplate="%{y} on %{x}: %{z:.1%}<extra></extra>", hoverongaps=False)
    return finish(figure, title=_cross_title(cells), x_title="", y_title="", height=max(240, 150 + 48 * len(models)))


def _cross_title(cells: Sequence[Cell]) -> str:
    """Names the best of one column alone, since scores of different images say nothing of each other: of the one with
    most models that did not learn from its dataset."""
    away = [cell for cell in cells if cell.source not in SEEN_SOURCES] or cells
    columns: dict[str, list[Cell]] = {}
    for cell in away:
        columns.setdefault(cell.column, []).append(cell)
    rivals = max(columns.values(), key=len)
    if len(rivals) < 2:
        return "Only scores in one column are of the same images"
    best = max(rivals, key=lambda cell: cell.accuracy)
    where = f"{best.protocol.dataset} {best.protocol.split}"
    return f"Best of {len(rivals)} on {where}: {best.model}, {percent(best.accuracy)}"


def _costs_most(report: Robustness) -> str:
    means = report.of_kinds()
    worst = min(means, key=means.__getitem__)
    return f"{CORRUPTIONS[worst].title.lower()} costs most"


def _heat(values: np.ndarray, columns: list[str], rows: list[str], **more: object) -> go.Figure:
    """Shares, float (R, C), from 0 to 1 with the numbers in per cent."""
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=columns,
            y=rows,
            zmin=0,
            zmax=1,
            text=[[f"{100 * value:.0f}" for value in row] for row in values],
            texttemplate="%{text}",
            colorscale=COLOURS,
            colorbar={"title": "accuracy", "tickformat": ".0%", "thickness": 12},
            xgap=2,
            ygap=2,
            **more,
        )
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category")
    return figure
