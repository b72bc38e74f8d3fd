"""What every figure has in common."""

import textwrap

import plotly.graph_objects as go

from ferdash.emotions import COLOURS, EMOTIONS

EMOTION_COLOURS: list[str] = [COLOURS[name] for name in EMOTIONS]

SPLIT_PATTERNS: dict[str, str] = {"train": "", "validation": "/", "test": "."}
"""Splits are told apart by a hatching, since colour already says the emotion."""

SPLIT_OPACITY: dict[str, float] = {"train": 1.0, "validation": 0.75, "test": 0.75}

SERIES_COLOURS: dict[str, str] = {"train": "#5B61B8", "validation": "#C2853A", "test": "#4F8F86"}
"""For charts about splits in which no emotion appears."""

SERIES_DASHES: dict[str, str] = {"train": "solid", "validation": "dash", "test": "dot"}


def finish(figure: go.Figure, *, title: str, x_title: str, y_title: str, height: int = 380) -> go.Figure:
    """Title, axis titles and margins of a figure; the page's theme sets fonts and background."""
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left", "font": {"size": 16}},
        height=height,
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
        hoverlabel={"namelength": -1},
    )
    figure.update_xaxes(title=x_title, automargin=True)
    figure.update_yaxes(title=y_title, automargin=True)
    return figure


def wrapped(title: str, width: int = 60) -> str:
    """A title in lines of at most so many letters, where a name in it may be long; Plotly would cut it off.

    >>> wrapped("Difference to a baseline: largest for fear", 30)
    'Difference to a baseline:<br>largest for fear'
    """
    return "<br>".join(textwrap.wrap(title, width, break_long_words=False)) or title


def legend_below(figure: go.Figure) -> None:
    """Titles of runs can be long; beside the figure they would squeeze it."""
    figure.update_layout(legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0, "xanchor": "left"})
