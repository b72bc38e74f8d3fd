"""Figures over many runs at once: what a better score costs, and which settings go with it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ferdash.plots.experiments import RUN_COLOURS
from ferdash.plots.style import finish
from ferdash.wording import counted

AXES = {
    "Accuracy": ("accuracy", False),
    "Macro F1": ("macro_f1", False),
    "Worst emotion's F1": ("worst_f1", False),
    "Parameters": ("parameters", True),
    "Minutes of training": ("minutes", True),
    "Epochs": ("epochs_done", True),
}
"""Title of an axis -> column, and whether less is better."""

MOST_AXES = 12
"""Parallel axes beyond this cannot be told apart."""


def pareto_front(x: np.ndarray, y: np.ndarray, *, less_x: bool = False, less_y: bool = False) -> np.ndarray:
    """Positions of the points that no other beats in one score without being worse in the other, int (K,), ordered
    along x. x, y: float (N,); NaN is never on the front. less_x, less_y: less is better.

    >>> pareto_front(np.array([1.0, 2.0, 3.0, 2.0]), np.array([3.0, 2.0, 1.0, 1.0])).tolist()
    [0, 1, 2]
    """
    x, y = np.asarray(x, dtype=float) * (-1 if less_x else 1), np.asarray(y, dtype=float) * (-1 if less_y else 1)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    order = known[np.lexsort((-y[known], -x[known]))]  # the best x first, of equal ones the best y
    highest = np.maximum.accumulate(np.r_[-np.inf, y[order]])[:-1]
    return order[y[order] > highest][:: 1 if less_x else -1]


def scatter(table: pd.DataFrame, x: str, y: str, chosen: Sequence[str] = ()) -> go.Figure:
    """Runs by two of AXES, with the Pareto front: those that no other run beats in one without losing in the other.

    table: columns `run`, `title` and those of AXES. chosen: ids to emphasise.
    """
    (x_name, less_x), (y_name, less_y) = AXES[x], AXES[y]
    shown = table.dropna(subset=[x_name, y_name])
    front = shown.iloc[pareto_front(shown[x_name], shown[y_name], less_x=less_x, less_y=less_y)]
    is_chosen = shown["run"].isin(list(chosen))
    figure = go.Figure()
    figure.add_scatter(
        x=front[x_name],
        y=front[y_name],
        mode="lines",
        line={"color": RUN_COLOURS[1], "dash": "dot", "shape": "linear"},
        name="not beaten by another run",
        hoverinfo="skip",
    )
    for name, rows, size in (("runs", shown[~is_chosen], 9), ("chosen", shown[is_chosen], 15)):
        figure.add_scatter(
            x=rows[x_name],
            y=rows[y_name],
            mode="markers",
            name=name,
            marker={
                "color": RUN_COLOURS[0],
                "size": size,
                "opacity": 0.75,
                "symbol": np.where(rows["run"].isin(front["run"]), "diamond", "circle"),
            },
            text=rows["title"],
            hovertemplate=f"%{{text}}<br>{x}: %{{x:,.4~g}}<br>{y}: %{{y:,.4~g}}<extra></extra>",
        )
    for axis, name in ((figure.update_xaxes, x_name), (figure.update_yaxes, y_name)):
        if name == "accuracy":
            axis(tickformat=".2~%")
    figure.update_layout(legend={"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0})
    title = (
        f"{counted(len(front), 'run')} of {len(shown)} on the Pareto front" if len(shown) else "No run has both figures"
    )
    return finish(figure, title=title, x_title=x, y_title=y, height=460)


def parallel_coordinates(table: pd.DataFrame, colour: str) -> go.Figure:
    """Settings and scores of the runs as parallel axes, a line for each run.

    table: columns are titles of axes, numbers, words or lists; columns of one single value are left out. colour: the
    column (of numbers) by which lines are coloured.
    """
    table = table.map(lambda value: str(value) if isinstance(value, list) else value)
    varied = [name for name in table.columns if table[name].nunique(dropna=False) > 1][-MOST_AXES:]
    dimensions = [_axis(name, table[name]) for name in varied]
    scores = pd.to_numeric(table[colour])
    # Of one single score Plotly would draw a scale around it, below zero too.
    line = {"color": scores, "colorscale": "Cividis", "showscale": scores.nunique() > 1}
    percents = {"tickformat": ".0%"} if colour == "Accuracy" else {}
    figure = go.Figure(
        go.Parcoords(
            line=line | {"colorbar": {"title": colour, "thickness": 12, **percents}},
            dimensions=dimensions,
            labelfont={"size": 13},
            tickfont={"size": 12},
            rangefont={"size": 1, "color": "rgba(0,0,0,0)"},  # the ends have ticks of their own
        )
    )
    figure = finish(figure, title="Which settings go with which scores", x_title="", y_title="", height=440)
    figure.update_layout(margin={"l": 90, "r": 40, "t": 110, "b": 30})
    return figure


FEW = 6
"""Different numbers on an axis up to which each has its own tick."""


def _axis(name: str, values: pd.Series) -> dict[str, object]:
    """An axis with a tick for each value where those are few, so that nothing between them seems to have been tried."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        percents = {"tickformat": ".1%"} if name == "Accuracy" else {}
        known = sorted(values.dropna().unique())
        if len(known) > FEW:
            return {"label": _short(name), "values": values, **percents}
        words = [f"{value:.1%}" for value in known] if percents else _told_apart(known)
        return {"label": _short(name), "values": values, "tickvals": known, "ticktext": words}
    words = values.astype(str)
    known = sorted(words.unique())
    places = {word: place for place, word in enumerate(known)}
    return {"label": _short(name), "values": words.map(places), "tickvals": list(places.values()), "ticktext": known}


def _told_apart(numbers: Sequence[float]) -> list[str]:
    """Different numbers that rise, whole or each with as few digits as keep even the nearest two clearly apart."""
    if all(float(number).is_integer() for number in numbers):
        return [f"{number:,.0f}" for number in numbers]
    nearest = min(np.diff(numbers), default=np.inf)
    words: list[str] = []
    for digits in range(2, 17):
        words = [np.format_float_positional(one, digits, fractional=False, trim="-") for one in numbers]
        if all(abs(float(word) - one) <= nearest / 10 for word, one in zip(words, numbers, strict=True)):
            break
    return words


def _short(name: str) -> str:
    """A setting without its group, which the axis has no room for: `lr` of `optimizer.lr`."""
    return name.rpartition(".")[2].replace("_", " ")
