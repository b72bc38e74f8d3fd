"""Changes from frame to frame as a heat map, and one frame as bars."""

import numpy as np
import plotly.graph_objects as go

from ferdash.dynamics.series import TrackSeries
from ferdash.emotions import EMOTIONS
from ferdash.plots.style import finish
from ferdash.plots.time_axis import MOST_POINTS, add_cursor, over_time, span_of
from ferdash.wording import counted


def delta_heatmap(
    series: TrackSeries, deltas: np.ndarray, *, cursor_s: float | None = None, height: int = 270
) -> go.Figure:
    """What changed from each frame to the next, in points; a row for each emotion. deltas: float (T, 7).

    Of a long series several frames share a column, which shows the largest change among them.
    """
    times, frames, values = with_gaps(series, *strongest(series, deltas))
    span = delta_span(values)
    figure = go.Figure(
        go.Heatmap(
            x=np.round(times, 4),
            y=list(EMOTIONS),
            z=np.round(100 * values.T, 2),
            zmin=-span,
            zmax=span,
            colorscale="PuOr_r",
            customdata=np.tile(frames, (len(EMOTIONS), 1)),
            colorbar={"title": "points", "thickness": 12},
            hoverongaps=False,
            hovertemplate="%{y} %{z:+.1f} points at %{x:.2f} s<extra></extra>",
        )
    )
    if cursor_s is not None:
        add_cursor(figure, cursor_s)
    figure.update_yaxes(autorange="reversed")
    finish(figure, title=delta_title(deltas), x_title="time", y_title="", height=height)
    return over_time(figure, span_of(series))


def strongest(series: TrackSeries, deltas: np.ndarray, columns: int = MOST_POINTS // 2) -> tuple[np.ndarray, ...]:
    """At most so many columns of deltas, each emotion's largest of the frames that share one: times (D,), frames (D,),
    deltas (D, 7)."""
    every = max(1, -(-len(series) // columns))
    rows = np.arange(0, len(series), every)
    padded = np.full((len(rows) * every, deltas.shape[1]), np.nan)
    padded[: len(deltas)] = deltas
    shared = padded.reshape(len(rows), every, deltas.shape[1])
    size = np.where(np.isnan(shared), -1, np.abs(shared))
    largest = (
        np.take_along_axis(shared, size.argmax(axis=1, keepdims=True), axis=1)[:, 0] if len(rows) else shared[:, 0]
    )
    return series.timestamps_s[rows], series.frames[rows], largest


def with_gaps(
    series: TrackSeries, times: np.ndarray, frames: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns of `strongest` with empty ones (NaN) at both ends of each gap, as a heat map would else stretch the
    last column before it all the way across."""
    segment = np.cumsum(series.starts)[np.searchsorted(series.frames, frames)]
    gaps = np.flatnonzero(np.diff(segment)) + 1
    reach = np.minimum(series.step_s or np.inf, (times[gaps] - times[gaps - 1]) / 3)
    edges = np.ravel([times[gaps - 1] + reach, times[gaps] - reach], order="F")
    places = np.repeat(gaps, 2)
    sides = np.ravel([frames[gaps - 1], frames[gaps]], order="F")
    return np.insert(times, places, edges), np.insert(frames, places, sides), np.insert(values, places, np.nan, axis=0)


def delta_span(deltas: np.ndarray) -> float:
    """Points at which the colours of deltas end. Nearly all lie within, so that one leap does not pale the rest; but
    noise is pale beside a leap."""
    known = 100 * np.abs(deltas[np.isfinite(deltas)])
    return max(2.0, float(np.quantile(known, 0.995)), float(known.max()) / 4) if len(known) else 2.0


def delta_title(deltas: np.ndarray) -> str:
    """The largest change from one frame to the next, as a finding."""
    if not np.isfinite(deltas).any():
        return "No two frames follow each other"
    size = np.where(np.isfinite(deltas), np.abs(deltas), -1)
    row, place = np.unravel_index(size.argmax(), size.shape)
    points = counted(round(100 * size[row, place]), "point")
    return f"From frame to frame, {EMOTIONS[place]} changes most: by up to {points}"
