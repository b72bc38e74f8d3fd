"""Figures about what a model gets wrong, and how far its probabilities can be trusted."""

from typing import Literal

import altair as alt
import cv2
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.evaluation.curves import Curve
from ferdash.evaluation.errors import SliceScore, confusions
from ferdash.plots.mosaic import enlarge, picture_url
from ferdash.plots.style import SERIES_COLOURS, finish, wrapped
from ferdash.wording import count, counted, percent

MAIN = SERIES_COLOURS["train"]
REFERENCE = "#8A8F98"
"""For diagonals and averages that something is held against."""

MAP_SHAPES = ("circle", "diamond", "square", "cross", "triangle-up", "triangle-down", "triangle-right")
"""A shape beside the colour of each emotion, so that a map does not speak by colour alone."""

PICKED = "picked"
"""Name of the selection of points on a map of faces."""

OVERLAY = 0.7
"""How far the hottest part of a heat map covers the face under it."""


def confusion_matrix(confusion: np.ndarray, *, normalised: bool = False) -> go.Figure:
    """A row for each true emotion, a column for each predicted one.

    confusion: int (7, 7). normalised: show shares of the true emotion, which makes rare emotions readable; a row
    without images stays empty. Mistakes and right answers are both shaded by the share of the row.
    """
    shares = row_shares(confusion)
    text = [
        [("" if np.isnan(share) else f"{share:.0%}") if normalised else count(int(number)) for share, number in cells]
        for cells in (zip(*rows, strict=True) for rows in zip(shares, confusion, strict=True))
    ]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(EMOTIONS),
            y=list(EMOTIONS),
            zmin=0,
            zmax=1,
            text=text,
            texttemplate="%{text}",
            customdata=confusion,
            colorscale="Cividis",
            colorbar={"title": "share", "tickformat": ".0%", "thickness": 12},
            hovertemplate="%{y} taken for %{x}: %{customdata:,} images, %{z:.1%} of them<extra></extra>",
        )
    )
    worst = confusions(confusion)[:1]
    title = f"Most often, {worst[0].true} is taken for {worst[0].predicted}" if worst else "Nothing is confused"
    return _square(figure, title)


def confusion_difference(first: np.ndarray, second: np.ndarray, *, names: tuple[str, str]) -> go.Figure:
    """How the second matrix differs from the first, in points of the share of each true emotion. names: of the two."""
    points = 100 * (row_shares(second) - row_shares(first))
    span = max(1.0, float(np.nanmax(np.abs(points), initial=0)))
    figure = go.Figure(
        go.Heatmap(
            z=points,
            x=list(EMOTIONS),
            y=list(EMOTIONS),
            zmin=-span,
            zmax=span,
            text=[["" if np.isnan(value) else f"{value:+.1f}" for value in row] for row in points],
            texttemplate="%{text}",
            colorscale="PuOr",
            colorbar={"title": "points", "thickness": 12},
            hovertemplate="%{y} taken for %{x}: %{z:+.1f} points<extra></extra>",
        )
    )
    return _square(figure, wrapped(f"{names[1]} minus {names[0]}: the diagonal should rise, the rest fall", 90))


def row_shares(confusion: np.ndarray) -> np.ndarray:
    """Each row of a confusion matrix as shares of its images, float (7, 7); NaN in a row without images."""
    support = confusion.sum(axis=1, keepdims=True)
    return confusion / np.where(support > 0, support, np.nan)


def class_curves(curves: dict[str, Curve], kind: Literal["roc", "precision-recall"]) -> go.Figure:
    """A curve for each emotion against the rest, as ferdash.evaluation.curves gives them."""
    figure = go.Figure()
    x_title, y_title = "false alarms", "found"
    if kind == "precision-recall":
        x_title, y_title = "found (recall)", "right when named (precision)"
    for emotion, curve in curves.items():
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            name=f"{emotion} {curve.area:.3f}",
            mode="lines",
            line={"color": COLOURS[emotion], "dash": DASHES[emotion]},
            hovertemplate=f"{emotion}: {x_title} %{{x:.1%}}, {y_title} %{{y:.1%}}<extra></extra>",
        )
    if kind == "roc":
        _add_reference(figure, [0, 1], [0, 1], "guessing")
    areas = {emotion: curve.area for emotion, curve in curves.items()}
    title = (
        f"{min(areas, key=areas.__getitem__).capitalize()} is hardest to tell from the rest" if areas else "No curve"
    )
    figure.update_layout(legend_title="area under the curve")
    _in_percent(figure)
    return finish(figure, title=title, x_title=x_title, y_title=y_title, height=420)


def slice_bars(scores: list[SliceScore], *, by: str) -> go.Figure:
    """Accuracy of each slice with its 95% CI, beside that of all of them. by: what divides the images.

    A slice without images has no bar.
    """
    filled = [one for one in scores if one.images]
    figure = go.Figure()
    figure.add_bar(
        x=[one.name for one in filled],
        y=[one.accuracy for one in filled],
        marker_color=MAIN,
        error_y={
            "type": "data",
            "array": [one.interval.high - one.accuracy for one in filled],
            "arrayminus": [one.accuracy - one.interval.low for one in filled],
            "color": REFERENCE,
        },
        customdata=[[one.images, one.interval.low, one.interval.high] for one in filled],
        hovertemplate="%{x}: %{y:.1%} of %{customdata[0]:,} images, 95% CI %{customdata[1]:.1%} to "
        "%{customdata[2]:.1%}<extra></extra>",
        showlegend=False,
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1])
    title = f"Accuracy by {by}"
    if filled:
        images = sum(one.images for one in filled)
        overall = sum(one.correct for one in filled) / images
        figure.add_hline(y=overall, line={"color": REFERENCE, "dash": "dash"})
        worst = min(filled, key=lambda one: one.accuracy)
        if worst.interval.high < overall:
            title = f"Weakest by {by}: {worst.name}, {percent(worst.accuracy)} ({percent(overall)} on all)"
    return finish(figure, title=title, x_title=by, y_title="accuracy")


def embedding_map(
    points: np.ndarray, labels: np.ndarray, predicted: np.ndarray, rows: np.ndarray, faces: np.ndarray
) -> alt.LayerChart | alt.FacetChart:
    """Faces as the model arranges them: each at points (N, 2), in the colour and shape of its label, and as a picture
    under the pointer, which Vega's tooltips can show and plotly's cannot.

    labels, predicted: int (N,); mistakes are outlined. rows: int (N,), dataset rows, which the selection called
    PICKED gives back as `row`. faces: uint8 (N, H, W).
    """
    named = np.array(EMOTIONS)
    table = pd.DataFrame(
        {
            "x": points[:, 0],
            "y": points[:, 1],
            "label": named[labels],
            "taken for": named[predicted],
            "row": rows,
            # The name by which Vega knows a picture.
            "image": [picture_url(enlarge(face, 2)) for face in faces],
        }
    )
    mistakes = int((labels != predicted).sum())
    title = f"{counted(len(labels), 'face')} as the model arranges them; {counted(mistakes, 'mistake')} outlined"
    domain = list(EMOTIONS)
    # Neither axis has a unit or a zero; only nearness counts.
    free = alt.Scale(zero=False)
    legend = alt.Legend(title="label", symbolOpacity=1)
    base = alt.Chart(table, height=560).encode(
        x=alt.X("x", axis=None, scale=free),
        y=alt.Y("y", axis=None, scale=free),
        color=alt.Color(
            "label", scale=alt.Scale(domain=domain, range=[COLOURS[name] for name in domain]), legend=legend
        ),
        shape=alt.Shape("label", scale=alt.Scale(domain=domain, range=list(MAP_SHAPES)), legend=legend),
        tooltip=["image", "label", "taken for", "row"],
    )
    picked = alt.selection_point(name=PICKED, fields=["row"])
    wrong = alt.datum["label"] != alt.datum["taken for"]
    dots = base.mark_point(filled=True, size=46, opacity=0.75)
    outlined = base.transform_filter(wrong).mark_point(
        filled=False, size=90, strokeWidth=1.3, opacity=0.9, color=REFERENCE
    )
    outlined = outlined.encode(color=alt.value(REFERENCE), shape=alt.value("circle"))
    return alt.layer(outlined, dots.add_params(picked)).properties(title=title).interactive()


def explanation_overlay(face: np.ndarray, heat: np.ndarray, *, factor: int = 4) -> np.ndarray:
    """A face with a heat map over it, uint8 RGB (H * factor, W * factor, 3): the hotter, the brighter and the less
    transparent.

    face: uint8 grey (H, W). heat: float (H, W), not negative; its own highest value is the hottest colour, and a map
    of zeros leaves the face as it is.
    """
    height, width = face.shape
    size = (width * factor, height * factor)
    scaled = heat / heat.max() if heat.max() > 0 else np.zeros_like(heat)
    scaled = cv2.resize(scaled.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)[:, :, None]
    colour = cv2.applyColorMap(np.round(255 * scaled).astype(np.uint8), cv2.COLORMAP_INFERNO)[:, :, ::-1]
    grey = cv2.resize(face, size, interpolation=cv2.INTER_NEAREST)[:, :, None]
    share = OVERLAY * scaled
    return np.round(grey * (1 - share) + colour * share).astype(np.uint8)


def _square(figure: go.Figure, title: str) -> go.Figure:
    figure = finish(figure, title=title, x_title="taken for", y_title="true emotion", height=460)
    figure.update_yaxes(autorange="reversed")
    return figure


def _add_reference(figure: go.Figure, x: list[float], y: list[float], name: str) -> None:
    figure.add_scatter(x=x, y=y, name=name, mode="lines", line={"color": REFERENCE, "dash": "dash"}, hoverinfo="skip")


def _in_percent(figure: go.Figure) -> None:
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
