"""What charts over the time of a video share: their axis, the cursor, and how many points they draw.

Every chart over time has the time of the video on its x axis and the frame number as customdata, so that a page can put
them under each other and go to the frame that was clicked.
"""

from collections.abc import Sequence

import plotly.graph_objects as go

from ferdash.dynamics.series import TrackSeries

NEUTRAL_INK = "#7A7F88"
"""For cursor, marks and zero lines; readable on light and dark pages."""

MOST_POINTS = 3000
"""Frames drawn of one series; of longer ones every second, third ... so that a browser stays quick."""

TIME_MARGINS = {"l": 84, "r": 84}
"""The same for each chart over time, so that a moment is at the same place in all of them."""


def over_time(figure: go.Figure, span_s: Sequence[float] | None) -> go.Figure:
    """Lay the time axis of a finished figure where that of every other lies."""
    figure.update_layout(margin=TIME_MARGINS)
    figure.update_xaxes(
        ticksuffix=" s", range=None if span_s is None else list(span_s), ticks="outside", tickcolor="rgba(0, 0, 0, 0)"
    )
    figure.update_yaxes(automargin=False)
    return figure


def span_of(series: TrackSeries) -> list[float] | None:
    """From the first moment of a series to its last, in seconds; None for less than two."""
    if len(series) < 2:
        return None
    return [float(series.timestamps_s[0]), float(series.timestamps_s[-1])]


def add_cursor(figure: go.Figure, cursor_s: float) -> None:
    """A line where the shown frame is."""
    figure.add_vline(x=cursor_s, line={"color": "#D6336C", "width": 2})
