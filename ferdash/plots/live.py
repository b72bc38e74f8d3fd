"""The rolling timeline beside a camera."""

import numpy as np
import plotly.graph_objects as go

from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.live.buffer import RecentSeries
from ferdash.plots.style import finish

LABELLED = 0.15
"""An emotion's line is named at its end from this probability on; the bars beside the video name them all."""

LABEL_APART = 0.09


def recent_lines(series: RecentSeries, span_s: float) -> go.Figure:
    """The seven probabilities of one face over the last `span_s` seconds; the lines break where it was away."""
    figure = go.Figure()
    for place, emotion in enumerate(EMOTIONS):
        figure.add_scatter(
            x=np.round(series.ago_s, 2),
            y=np.round(series.probabilities[:, place], 4),
            name=emotion,
            mode="lines",
            line={"color": COLOURS[emotion], "dash": DASHES[emotion], "width": 2},
            hovertemplate=emotion + ", %{x:.1f} s: %{y:.1%}<extra></extra>",
        )
    for emotion, height in _labels(series):
        figure.add_annotation(
            x=1.005,
            xref="paper",
            y=height,
            text=emotion,
            font={"color": COLOURS[emotion], "size": 13},
            xanchor="left",
            showarrow=False,
        )
    figure.update_xaxes(range=[-span_s, 0], ticksuffix=" s")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    title = f"How has face {series.track} looked in the last {span_s:g} s?"
    finish(figure, title=title, x_title="seconds ago", y_title="probability", height=300)
    # The same from one drawing to the next, so that the chart moves on instead of starting anew.
    figure.update_layout(showlegend=False, uirevision="live", margin={"r": 80, "t": 45})
    return figure


def _labels(series: RecentSeries) -> list[tuple[str, float]]:
    """Emotions to name at the right end, and where: the likeliest first, none on top of another."""
    placed: list[tuple[str, float]] = []
    if len(series.ago_s) == 0:
        return placed
    last = series.probabilities[-1]
    for place in np.argsort(-last):
        height = float(last[place])
        if height >= LABELLED and all(abs(height - other) >= LABEL_APART for _, other in placed):
            placed.append((EMOTIONS[place], height))
    return placed
