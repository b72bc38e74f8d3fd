"""Figures about a dataset: how its emotions and its pixels are distributed."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ferdash.emotions import EMOTIONS
from ferdash.plots.style import EMOTION_COLOURS, SERIES_COLOURS, SERIES_DASHES, SPLIT_OPACITY, SPLIT_PATTERNS, finish
from ferdash.wording import count, percent

LEGEND_COLOUR = "#6B7280"

OUTLYING = (0.005, 0.995)
"""Quantiles between which a quality chart is drawn."""


def distribution(counts: pd.DataFrame, *, shares: bool = False) -> go.Figure:
    """Bars per emotion, the splits side by side.

    counts: images per emotion (rows, the seven of EMOTIONS) and split (columns), as `FaceDataset.counts` gives them;
    splits without an image are left out. shares: show each emotion's share of its split instead of its count, which
    makes splits of different size comparable.
    """
    figure = go.Figure()
    for split in (name for name in counts.columns if counts[name].sum()):
        numbers = counts[split].to_numpy()
        share = numbers / numbers.sum()
        figure.add_bar(
            x=list(EMOTIONS),
            y=share if shares else numbers,
            name=split,
            text=[percent(value) for value in share] if shares else [count(int(number)) for number in numbers],
            textposition="outside",
            textangle=0,
            customdata=np.stack([numbers, share], axis=1),
            hovertemplate="%{x}, " + split + ": %{customdata[0]:,} images, %{customdata[1]:.1%}<extra></extra>",
            marker=_hatching(split) | {"color": EMOTION_COLOURS},
            cliponaxis=False,
            offsetgroup=split,
            showlegend=False,
        )
        # The legend is about the hatching alone, so it gets bars of no emotion's colour.
        figure.add_bar(
            x=[EMOTIONS[0]], y=[None], name=split, offsetgroup=split, marker=_hatching(split) | {"color": LEGEND_COLOUR}
        )
    figure.update_layout(
        barmode="group",
        bargap=0.18,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    figure.update_yaxes(tickformat=".0%" if shares else ",d")
    return finish(
        figure,
        title=_distribution_title(counts),
        x_title="",
        y_title="share of the split" if shares else "images",
    )


def _hatching(split: str) -> dict[str, Any]:
    pattern = {"shape": SPLIT_PATTERNS[split], "size": 6, "solidity": 0.35, "fillmode": "overlay"}
    return {"opacity": SPLIT_OPACITY[split], "pattern": pattern}


def _distribution_title(counts: pd.DataFrame) -> str:
    totals = counts.sum(axis=1)
    present = totals[totals > 0]
    if len(present) < 2 or present.max() == present.min():
        return "Images per emotion"
    return f"{present.idxmax().capitalize()} is the most frequent emotion, {present.idxmin()} the rarest"


def quality_histogram(
    values: dict[str, np.ndarray], *, title: str, x_title: str, logarithmic: bool = False
) -> go.Figure:
    """How a measure of image quality is distributed in each split, as shares of the split.

    values: for each split, float (N,), one value an image; empty splits are left out. All splits share 60 bins of equal
    width on the axis as drawn; the outermost ones also hold the few images beyond, so that these do not squeeze the
    rest. logarithmic: for values that span several powers of ten; what is below 1 counts as 1.
    """
    filled = {split: np.maximum(array, 1) if logarithmic else array for split, array in values.items() if len(array)}
    figure = go.Figure()
    if not filled:
        return finish(figure, title=title, x_title=x_title, y_title="share of images")
    low, high = np.quantile(np.concatenate(list(filled.values())), OUTLYING)
    high = max(high, low + 1e-6)
    edges = np.geomspace(low, high, 61) if logarithmic else np.linspace(low, high, 61)
    centres = np.sqrt(edges[:-1] * edges[1:]) if logarithmic else (edges[:-1] + edges[1:]) / 2
    filled = {split: array.clip(edges[0], edges[-1]) for split, array in filled.items()}
    for split, array in filled.items():
        share = np.histogram(array, bins=edges)[0] / len(array)
        figure.add_scatter(
            x=centres,
            y=share,
            name=split,
            mode="lines",
            line={"color": SERIES_COLOURS[split], "dash": SERIES_DASHES[split], "width": 2, "shape": "hvh"},
            hovertemplate=split + ": %{y:.1%} of images at %{x:.3g}<extra></extra>",
        )
    figure.update_xaxes(type="log" if logarithmic else "linear")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"})
    return finish(figure, title=title, x_title=x_title, y_title="share of images", height=300)
