"""Figures about a run: its curves, the F1 of each emotion by epoch, and what was sampled how often."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.plots.style import SERIES_COLOURS, SERIES_DASHES, finish
from ferdash.wording import percent

Rows = list[dict[str, Any]]
"""Rows of metrics.jsonl as ferdash.runs.store.read_metrics gives them."""


def loss_curves(rows: Rows) -> go.Figure:
    """Loss on train and validation by epoch, counted from 1. The two are not the same quantity where training smooths
    labels, mixes images or weighs emotions; what matters is which way each goes."""
    series = {
        "train": [row.get("train_loss") for row in rows],
        "validation": [row["validation"]["log_loss"] for row in rows],
    }
    figure = _by_epoch(rows, series)
    return finish(figure, title="Is it still learning?", x_title="epoch", y_title="loss", height=300)


def accuracy_curves(rows: Rows) -> go.Figure:
    """Accuracy on train (as augmented) and validation by epoch, counted from 1."""
    series = {
        "train": [row.get("train_accuracy") for row in rows],
        "validation": [row["validation"]["accuracy"] for row in rows],
    }
    figure = _by_epoch(rows, series)
    figure.update_yaxes(tickformat=".1~%")  # a narrow range has ticks between whole percents
    scores = [row["validation"]["accuracy"] for row in rows]
    best = int(np.argmax(scores))
    title = f"Best: {percent(scores[best])} in epoch {rows[best]['epoch'] + 1}"
    return finish(figure, title=title, x_title="epoch", y_title="accuracy", height=300)


def focus_map(rows: Rows) -> go.Figure:
    """F1 on validation of each emotion (rows) by epoch (columns); the emotions in focus in an epoch are outlined."""
    epochs = [row["epoch"] + 1 for row in rows]
    scores = np.array([[_number(value) for value in row["validation"]["f1"]] for row in rows], dtype=float).T
    figure = go.Figure(
        go.Heatmap(
            x=epochs,
            y=list(EMOTIONS),
            z=scores,
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            colorbar={"title": "F1", "thickness": 12},
            hovertemplate="%{y}, epoch %{x}: F1 %{z:.3f}<extra></extra>",
        )
    )
    for row in rows:
        for emotion in row.get("focus") or []:
            x, y = row["epoch"] + 1, EMOTIONS.index(emotion)
            box = {"x0": x - 0.46, "x1": x + 0.46, "y0": y - 0.46, "y1": y + 0.46}
            figure.add_shape(type="rect", **box, line={"color": "#FFFFFF", "width": 2})
    worst = EMOTIONS[int(np.nanargmin(scores[:, -1]))]
    figure.update_yaxes(autorange="reversed")
    title = f"{worst.capitalize()} is recognised worst" + (" (outlined: in focus)" if figure.layout.shapes else "")
    return finish(figure, title=title, x_title="epoch", y_title="", height=330)


def sampling_weights(rows: Rows) -> go.Figure:
    """How much more often an image of each emotion was drawn, by epoch; 1 is once an epoch before rescaling."""
    figure = go.Figure()
    epochs = [row["epoch"] + 1 for row in rows]
    for index, emotion in enumerate(EMOTIONS):
        figure.add_scatter(
            x=epochs,
            y=[(row.get("weights") or [1.0] * len(EMOTIONS))[index] for row in rows],
            name=emotion,
            mode="lines+markers",
            line={"color": COLOURS[emotion], "dash": DASHES[emotion], "shape": "hv"},
            hovertemplate=emotion + ", epoch %{x}: weight %{y:.2f}<extra></extra>",
        )
    return finish(figure, title="What was drawn more often", x_title="epoch", y_title="sampling weight", height=330)


def _by_epoch(rows: Rows, series: dict[str, list[Any]]) -> go.Figure:
    figure = go.Figure()
    epochs = [row["epoch"] + 1 for row in rows]
    for name, values in series.items():
        figure.add_scatter(
            x=epochs,
            y=values,
            name=name,
            mode="lines+markers" if len(rows) < 30 else "lines",
            line={"color": SERIES_COLOURS[name], "dash": SERIES_DASHES[name]},
            hovertemplate=name + ", epoch %{x}: %{y:.4f}<extra></extra>",
        )
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"})
    return figure


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
