"""Charts as every page draws them: the title as text of the page, and words for who hears the page."""

from typing import Any, NamedTuple

import plotly.graph_objects as go
import streamlit as st

from pages.parts.common.plain import plain
from pages.parts.common.shared import PLOT

LINE_PX = 24
"""Height that a title takes within a figure."""


class Chart(NamedTuple):
    """A figure without its title, and what that says: all that takes time before it can be drawn."""

    figure: go.Figure
    title: str


def ready(figure: go.Figure) -> Chart:
    """A chart that can be kept and drawn often. The figure itself stays as it is.

    Plotly cuts a title off where the page is narrow, and draws the legend over it; text of the page wraps.
    """
    title = said(figure)
    shown = go.Figure(figure)
    if title:
        lines = str(figure.layout.title.text).count("<br>") + 1
        shown.update_layout(title=None, margin_t=max((figure.layout.margin.t or 60) - lines * LINE_PX, 24))
    return Chart(shown, title)


def draw(figure: go.Figure | Chart, *, key: str | None = None, at: Any = st, alt: str = "") -> None:
    """Draw a figure at a place of the page, such as a column, under its title. alt: what a screen reader says of it;
    without it that title, which states what it shows."""
    shown, title = figure if isinstance(figure, Chart) else ready(figure)
    if title:
        at.markdown(f"**{plain(title)}**")
    at.plotly_chart(shown, alt=alt or title or "chart", config=PLOT, key=key)


def said(figure: go.Figure) -> str:
    """What a figure's title says, in one line and without marks.

    >>> said(go.Figure(layout={"title": {"text": "Difference to a baseline:<br>largest for fear"}}))
    'Difference to a baseline: largest for fear'
    """
    return " ".join(str(figure.layout.title.text or "").replace("<br>", " ").split())
