"""Two recordings side by side, and groups of them."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ferdash.dynamics.comparison import Comparison
from ferdash.emotions import EMOTIONS
from ferdash.plots.style import EMOTION_COLOURS, finish
from ferdash.plots.time_axis import MOST_POINTS, NEUTRAL_INK
from ferdash.wording import counted

GROUP_COLOURS = ("#5B61B8", "#C2853A", "#4F8F86", "#B4527A")

GROUP_PATTERNS = ("", "/", ".", "x")

GROUP_TITLES = {
    "dwell": ("How long is each emotion dominant?", "share of the time"),
    "mean": ("How probable is each emotion on average?", "mean probability"),
}


def comparison_intervals(comparison: Comparison) -> go.Figure:
    """How much the second recording differs from the first on average, by emotion, with its interval."""
    points = 100 * comparison.mean
    figure = go.Figure()
    error = None
    if comparison.intervals is not None:
        error = {
            "type": "data",
            "symmetric": False,
            "array": [100 * one.high - point for one, point in zip(comparison.intervals, points, strict=True)],
            "arrayminus": [point - 100 * one.low for one, point in zip(comparison.intervals, points, strict=True)],
            "color": NEUTRAL_INK,
        }
    figure.add_scatter(
        x=points,
        y=list(EMOTIONS),
        mode="markers",
        error_x=error,
        marker={
            "color": EMOTION_COLOURS,
            "size": 11,
            "line": {"width": 2},
            "symbol": ["circle" if name in comparison.differing else "circle-open" for name in EMOTIONS],
        },
        hovertemplate="%{y}: %{x:+.1f} points<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": NEUTRAL_INK, "dash": "dash"})
    figure.update_yaxes(autorange="reversed")
    first, second = comparison.names
    return finish(
        figure,
        title=comparison_title(comparison),
        x_title=f"{second} minus {first}, points<br>filled: statistically significant",
        y_title="",
        height=340,
    )


def comparison_title(comparison: Comparison) -> str:
    """What differs, as a finding."""
    if comparison.intervals is None:
        return f"Only {counted(comparison.common, 'moment')} in common: too little to tell"
    if not comparison.differing:
        return "No emotion differs significantly"
    named = comparison.differing[:3]
    verb = "differs" if len(comparison.differing) == 1 else "differ"
    more = f" and {len(comparison.differing) - 3} more" if len(comparison.differing) > 3 else ""
    return f"{', '.join(named).capitalize()}{more} {verb} significantly"


def comparison_lines(comparison: Comparison, emotion: str) -> go.Figure:
    """One emotion in both recordings, laid over each other at the aligned moment."""
    place = EMOTIONS.index(emotion)
    figure = go.Figure()
    every = -(-len(comparison.times_s) // MOST_POINTS)
    for number, (name, values) in enumerate(zip(comparison.names, (comparison.first, comparison.second), strict=True)):
        figure.add_scatter(
            x=np.round(comparison.times_s[::every], 3),
            y=np.round(values[::every, place], 4),
            name=name,
            mode="lines",
            line={"color": GROUP_COLOURS[number], "dash": ("solid", "dash")[number], "width": 2},
            connectgaps=False,
            hovertemplate=f"{name}: {emotion} %{{y:.1%}} at %{{x:.2f}} s<extra></extra>",
        )
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(ticksuffix=" s", ticks="outside", tickcolor="rgba(0, 0, 0, 0)")
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"})
    points = 100 * comparison.mean[place]
    title = f"{emotion.capitalize()}: {points:+.1f} points on average"
    return finish(figure, title=title, x_title="time from the aligned moment", y_title="probability", height=320)


def group_bars(group: pd.DataFrame, column: str = "dwell") -> go.Figure:
    """A `Comparison`'s group beside each other: `dwell` (share of time dominant) or `mean` probability."""
    figure = go.Figure()
    for number, (name, rows) in enumerate(group.groupby("group", sort=False)):
        figure.add_bar(
            x=rows["emotion"],
            y=rows[column],
            name=str(name),
            marker={
                "color": GROUP_COLOURS[number % len(GROUP_COLOURS)],
                "pattern": {"shape": GROUP_PATTERNS[number % len(GROUP_PATTERNS)], "size": 6, "solidity": 0.3},
            },
            text=[f"{value:.0%}" if value >= 0.005 else "" for value in rows[column]],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{name}: %{{x}} %{{y:.1%}}<extra></extra>",
        )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_layout(
        barmode="group", legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}
    )
    title, y_title = GROUP_TITLES[column]
    return finish(figure, title=title, x_title="", y_title=y_title, height=340)
