"""Figures of one person's emotions over time, of one frame, and of two recordings side by side.

Every chart over time has the time of the video on its x axis and the frame number as customdata, so that a page can put
them under each other and go to the frame that was clicked.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.plots.style import EMOTION_COLOURS, finish
from ferdash.temporal.comparison import Comparison
from ferdash.temporal.dominant import Segment
from ferdash.temporal.events import ChangeEvent
from ferdash.temporal.neutral import Baseline
from ferdash.temporal.series import TrackSeries
from ferdash.temporal.transitions import TransitionMatrix
from ferdash.wording import counted, percent

NEUTRAL_INK = "#7A7F88"
"""For cursor, marks and zero lines; readable on light and dark pages."""

MOST_POINTS = 3000
"""Frames drawn of one series; of longer ones every second, third ... so that a browser stays quick."""

LABEL_APART = 0.075
"""Distance of two names at the end of lines, as a share of the axis."""

PIN_LANE = 0.04
"""Height of the lane of each emotion's pins above the lines, as a share of the axis."""

LABEL_INK, LABEL_PAPER = "#23252B", "rgba(255, 255, 255, 0.75)"
"""Names of marks, which stand on lines and areas of any colour."""

TIME_MARGINS = {"l": 84, "r": 84}
"""The same for each chart over time, so that a moment is at the same place in all of them."""

GROUP_COLOURS = ("#5B61B8", "#C2853A", "#4F8F86", "#B4527A")
GROUP_PATTERNS = ("", "/", ".", "x")


def timeline(
    series: TrackSeries,
    *,
    raw: TrackSeries | None = None,
    rest: Baseline | None = None,
    stacked: bool = False,
    events: Iterable[ChangeEvent] = (),
    marks: Iterable[Mapping[str, Any]] = (),
    cursor_s: float | None = None,
    height: int = 380,
) -> go.Figure:
    """The seven probabilities over time, a line each, or as areas that fill the whole.

    series: what is drawn, usually smoothed. raw: the same as measured, drawn faintly behind lines. rest: draw lines as
    points above and below the face at rest; areas ignore it. events: pins above the lines, up or down as the change
    went. marks: {timestamp_s, name} set by a person. cursor_s: where the shown frame is. Lines break where the face was
    away.
    """
    figure = go.Figure()
    against = rest.level if rest is not None and not stacked else np.zeros(len(EMOTIONS))
    if raw is not None and not stacked:
        _add_lines(figure, raw, against, faint=True)
    if stacked:
        _add_areas(figure, series)
    else:
        _add_lines(figure, series, against)
    listed = list(events)
    low, high = _range(series, against, rest is not None and not stacked)
    pins, top = pin_heights(listed, low, high)
    _add_pins(figure, listed, pins)
    _add_marks(figure, marks, high, _span(series))
    if cursor_s is not None:
        _add_cursor(figure, cursor_s)
    for emotion, at in label_heights(_last_heights(series, against, stacked), low, high).items():
        figure.add_annotation(
            x=1.005,
            xref="paper",
            xanchor="left",
            y=at,
            text=emotion,
            showarrow=False,
            font={"color": COLOURS[emotion], "size": 12},
        )
    relative_now = rest is not None and not stacked
    ticks = np.arange(np.ceil(low * 4) / 4, high + 1e-9, 0.25)
    figure.update_yaxes(
        range=[low, top],
        tickvals=ticks,
        ticktext=[points_tick(tick) if relative_now else f"{tick:.0%}" for tick in ticks],
        zeroline=relative_now,
    )
    finish(
        figure,
        title=timeline_title(series, listed),
        x_title="time",
        y_title="points above the face at rest" if relative_now else "probability",
        height=height,
    )
    figure.update_layout(showlegend=False, hovermode="closest", uirevision="timeline")
    return _over_time(figure, _span(series))


def _over_time(figure: go.Figure, span_s: Sequence[float] | None) -> go.Figure:
    """Lay the time axis of a finished figure where that of every other lies."""
    figure.update_layout(margin=TIME_MARGINS)
    figure.update_xaxes(
        ticksuffix=" s", range=None if span_s is None else list(span_s), ticks="outside", tickcolor="rgba(0, 0, 0, 0)"
    )
    figure.update_yaxes(automargin=False)
    return figure


def points_tick(value: float) -> str:
    """A difference of probabilities in points, as it stands at an axis.

    >>> points_tick(0.25), points_tick(-0.0)
    ('+25', '0')
    """
    points = round(100 * value)
    return f"{points:+d}" if points else "0"


def timeline_title(series: TrackSeries, events: Sequence[ChangeEvent]) -> str:
    """What a timeline shows, as a finding."""
    if not len(series):
        return f"Person {series.track}: no frame with a result"
    if not events:
        return f"Person {series.track}: no change beyond jitter"
    largest = max(events, key=lambda event: event.size)
    others = f", the largest of {counted(len(events), 'change')}" if len(events) > 1 else ""
    return f"Person {series.track}: {largest.sentence}{others}"


def _shown(series: TrackSeries) -> tuple[np.ndarray, np.ndarray]:
    """Rows to draw, int (D,), and at which of them a line starts anew, bool (D,)."""
    every = -(-len(series) // MOST_POINTS) if len(series) else 1
    rows = np.arange(0, len(series), every)
    stretch = np.cumsum(series.starts)[rows]
    return rows, np.diff(stretch, prepend=0) > 0


def _broken(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Values float (D,) with NaN before each start but the first, so that a line breaks there."""
    return np.insert(values.astype(np.float64), np.flatnonzero(starts)[1:], np.nan)


def _add_lines(figure: go.Figure, series: TrackSeries, against: np.ndarray, *, faint: bool = False) -> None:
    rows, starts = _shown(series)
    times = _broken(series.timestamps_s[rows], starts)
    frames = _broken(series.frames[rows], starts)
    for place, emotion in enumerate(EMOTIONS):
        values = _broken(series.probabilities[rows, place], starts)
        line = {"color": COLOURS[emotion], "dash": DASHES[emotion], "width": 2}
        look: dict[str, Any] = {"line": line, "hovertemplate": f"{emotion} %{{text}} at %{{x:.2f}} s<extra></extra>"}
        if faint:
            look = {"line": line | {"width": 1, "dash": "solid"}, "opacity": 0.3, "hoverinfo": "skip"}
        figure.add_scatter(
            x=np.round(times, 4),
            y=np.round(values - against[place], 4),
            name=emotion,
            mode="lines+markers" if len(rows) < 3 else "lines",
            customdata=frames,
            text=None if faint else [_share_or_points(value, against[place]) for value in values],
            connectgaps=False,
            **look,
        )


def _share_or_points(value: float, level: float) -> str:
    if not np.isfinite(value):
        return ""
    return f"{value:.1%} ({100 * (value - level):+.1f} points)" if level else f"{value:.1%}"


def _add_areas(figure: go.Figure, series: TrackSeries) -> None:
    rows, starts = _shown(series)
    times, frames = series.timestamps_s[rows], series.frames[rows]
    # Stacked areas know no gaps: at both ends of a break they fall to nothing, a hair from the frame beside it.
    breaks = np.flatnonzero(starts)[1:]
    places, hair = np.repeat(breaks, 2), 1e-3 * (times[breaks] - times[breaks - 1])
    edges = np.ravel([times[breaks - 1] + hair, times[breaks] - hair], order="F")
    sides = np.ravel([frames[breaks - 1], frames[breaks]], order="F")
    for place, emotion in enumerate(EMOTIONS):
        values = series.probabilities[rows, place]
        figure.add_scatter(
            x=np.round(np.insert(times, places, edges), 6),
            y=np.round(np.insert(values, places, 0.0), 4),
            name=emotion,
            mode="lines",
            stackgroup="whole",
            line={"color": COLOURS[emotion], "width": 0},
            fillcolor=COLOURS[emotion],
            customdata=np.insert(frames, places, sides),
            text=np.insert([f"{value:.1%}" for value in values], places, "away") if len(rows) else [],
            hovertemplate=f"{emotion} %{{text}} at %{{x:.2f}} s<extra></extra>",
        )


def pin_heights(events: Sequence[ChangeEvent], low: float, high: float) -> tuple[list[float], float]:
    """Where the pin of each event stands above an axis from low to high, a lane for each emotion that changes, and
    where the axis has to end to hold them."""
    lanes = [emotion for emotion in EMOTIONS if any(event.emotion == emotion for event in events)][::-1]
    lane = PIN_LANE * (high - low)
    heights = [high + lane * (1 + lanes.index(event.emotion)) for event in events]
    return heights, high + lane * (len(lanes) + 1) if lanes else high


def _add_pins(figure: go.Figure, events: Sequence[ChangeEvent], heights: list[float]) -> None:
    if not events:
        return
    figure.add_scatter(
        x=[event.peak_s for event in events],
        y=heights,
        name="changes",
        mode="markers",
        marker={
            "symbol": ["triangle-up" if event.direction > 0 else "triangle-down" for event in events],
            "color": [COLOURS[event.emotion] for event in events],
            "size": 9,
            "line": {"width": 1, "color": NEUTRAL_INK},
        },
        customdata=[event.peak_frame for event in events],
        text=[f"{event.sentence}, {event.z:.0f} times what jitter does" for event in events],
        hovertemplate="%{text}<extra></extra>",
        cliponaxis=False,
    )


def _add_marks(
    figure: go.Figure, marks: Iterable[Mapping[str, Any]], top: float, span_s: Sequence[float] | None
) -> None:
    for mark in marks:
        at = mark["timestamp_s"]
        figure.add_vline(x=at, line={"color": LABEL_INK, "dash": "dot", "width": 1.5})
        # At the very start there is no room on the left of the line.
        right = span_s is not None and at < span_s[0] + 0.03 * (span_s[1] - span_s[0])
        figure.add_annotation(
            x=at,
            y=top,
            text=str(mark["name"]).replace("<", "&lt;"),
            font={"color": LABEL_INK, "size": 11},
            bgcolor=LABEL_PAPER,
            textangle=-90,
            xanchor="left" if right else "right",
            xshift=2 if right else -2,
            yanchor="top",
            borderpad=1,
            showarrow=False,
        )


def _add_cursor(figure: go.Figure, cursor_s: float) -> None:
    figure.add_vline(x=cursor_s, line={"color": "#D6336C", "width": 2})


def _range(series: TrackSeries, against: np.ndarray, relative_now: bool) -> tuple[float, float]:
    if not relative_now:
        return 0.0, 1.0
    values = series.probabilities - against
    low, high = (float(values.min()), float(values.max())) if len(series) else (0.0, 0.0)
    return min(-0.25, np.floor(low * 4) / 4), max(0.25, np.ceil(high * 4) / 4)


def _span(series: TrackSeries) -> list[float] | None:
    if len(series) < 2:
        return None
    return [float(series.timestamps_s[0]), float(series.timestamps_s[-1])]


def _last_heights(series: TrackSeries, against: np.ndarray, stacked: bool) -> dict[str, float]:
    if not len(series):
        return {}
    last = series.probabilities[-1]
    heights = np.cumsum(last) - last / 2 if stacked else last - against
    return dict(zip(EMOTIONS, heights.tolist(), strict=True))


def label_heights(wanted: Mapping[str, float], low: float = 0.0, high: float = 1.0) -> dict[str, float]:
    """Where to write names that belong at these heights, so that none covers another and all stay in the axis.

    >>> label_heights({"happy": 0.5, "sad": 0.5})
    {'happy': 0.4625, 'sad': 0.5375}
    """
    apart = LABEL_APART * (high - low)
    names = sorted(wanted, key=lambda name: wanted[name])
    # Names that would overlap become one block about the middle of where its names belong.
    blocks: list[list[str]] = []
    for name in names:
        blocks.append([name])
        while len(blocks) > 1 and _bottom(blocks[-1], wanted, apart, low, high) < (
            _bottom(blocks[-2], wanted, apart, low, high) + apart * len(blocks[-2]) - 1e-12
        ):
            last = blocks.pop()
            blocks[-1] += last
    placed: dict[str, float] = {}
    for block in blocks:
        bottom = _bottom(block, wanted, apart, low, high)
        placed |= {name: bottom + apart * place for place, name in enumerate(block)}
    return placed


def _bottom(block: Sequence[str], wanted: Mapping[str, float], apart: float, low: float, high: float) -> float:
    tall = apart * (len(block) - 1)
    middle = sum(wanted[name] for name in block) / len(block)
    return float(min(max(middle - tall / 2, low), high - tall))


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
        _add_cursor(figure, cursor_s)
    figure.update_yaxes(autorange="reversed")
    finish(figure, title=delta_title(deltas), x_title="time", y_title="", height=height)
    return _over_time(figure, _span(series))


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
    """The columns of `strongest` with empty ones (NaN) at both ends of each break, as a heat map would else stretch the
    last column before it all the way across."""
    stretch = np.cumsum(series.starts)[np.searchsorted(series.frames, frames)]
    breaks = np.flatnonzero(np.diff(stretch)) + 1
    reach = np.minimum(series.step_s or np.inf, (times[breaks] - times[breaks - 1]) / 3)
    edges = np.ravel([times[breaks - 1] + reach, times[breaks] - reach], order="F")
    places = np.repeat(breaks, 2)
    sides = np.ravel([frames[breaks - 1], frames[breaks]], order="F")
    return np.insert(times, places, edges), np.insert(frames, places, sides), np.insert(values, places, np.nan, axis=0)


def delta_span(deltas: np.ndarray) -> float:
    """Points at which the colours of deltas end. Nearly all lie within, so that one leap does not pale the rest; but
    jitter is pale beside a leap."""
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


def ribbon(
    segments: Sequence[Segment], *, cursor_s: float | None = None, span_s: Sequence[float] | None = None
) -> go.Figure:
    """Which emotion leads when: a bar for each segment, in the lane of its emotion. span_s: ends of the x axis."""
    figure = go.Figure()
    lanes = [emotion for emotion in EMOTIONS if any(one.emotion == emotion for one in segments)]
    for emotion in lanes:
        mine = [one for one in segments if one.emotion == emotion]
        figure.add_bar(
            y=[emotion] * len(mine),
            x=[one.duration_s for one in mine],
            base=[one.start_s for one in mine],
            orientation="h",
            marker={"color": COLOURS[emotion], "line": {"width": 0}},
            customdata=[[one.start_frame, one.probability, one.start_s, one.end_s] for one in mine],
            hovertemplate=f"{emotion} leads from %{{customdata[2]:.2f}} s to %{{customdata[3]:.2f}} s, "
            "%{customdata[1]:.1%} on average<extra></extra>",
            name=emotion,
            width=0.8,
        )
    if cursor_s is not None:
        _add_cursor(figure, cursor_s)
    figure.update_layout(showlegend=False, barmode="overlay")
    figure.update_yaxes(categoryorder="array", categoryarray=lanes[::-1])
    finish(figure, title=ribbon_title(segments), x_title="time", y_title="", height=120 + 26 * max(1, len(lanes)))
    return _over_time(figure, span_s)


def ribbon_title(segments: Sequence[Segment]) -> str:
    """Who leads for how much of the time, as a finding."""
    if not segments:
        return "No emotion leads: there is no result"
    lasting = {emotion: sum(one.duration_s for one in segments if one.emotion == emotion) for emotion in EMOTIONS}
    first = max(lasting, key=lasting.__getitem__)
    if not lasting[first]:
        return f"{segments[0].emotion.capitalize()} leads"
    share, visits = lasting[first] / sum(lasting.values()), sum(one.emotion == first for one in segments)
    if visits == len(segments):
        return f"{first.capitalize()} leads all the time"
    return (
        f"{first.capitalize()} leads {percent(share)} of the time, in {visits} of {counted(len(segments), 'segment')}"
    )


def transition_heatmap(matrix: TransitionMatrix) -> go.Figure:
    """Which emotion takes the lead after which: counts, shaded by the share of the row."""
    figure = go.Figure(
        go.Heatmap(
            x=list(EMOTIONS),
            y=list(EMOTIONS),
            z=np.where(matrix.counts > 0, matrix.shares, np.nan),
            zmin=0,
            zmax=1,
            text=[[str(number) if number else "" for number in row] for row in matrix.counts],
            texttemplate="%{text}",
            customdata=matrix.counts,
            colorscale="Cividis",
            colorbar={"title": "share", "tickformat": ".0%", "thickness": 12},
            hoverongaps=False,
            hovertemplate="%{y} to %{x}: %{customdata:,} times, %{z:.1%} of all from %{y}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    return finish(figure, title=transition_title(matrix), x_title="then", y_title="first", height=400)


def transition_title(matrix: TransitionMatrix) -> str:
    """The most frequent passage, as a finding."""
    away = matrix.counts - np.diag(np.diagonal(matrix.counts))
    if not away.any():
        return "The lead never changes hands"
    first, then = np.unravel_index(away.argmax(), away.shape)
    times, total = int(away[first, then]), int(away[first].sum())
    return f"After {EMOTIONS[first]} comes {EMOTIONS[then]} most often: {times} of {counted(total, 'time')}"


def frame_bars(probabilities: np.ndarray, *, rest: Baseline | None = None, height: int = 300) -> go.Figure:
    """The seven probabilities of one frame, float (7,), with a tick where the face at rest lies, if that is known."""
    top = int(np.argmax(probabilities))
    figure = go.Figure()
    figure.add_bar(
        y=list(EMOTIONS),
        x=probabilities,
        orientation="h",
        marker_color=EMOTION_COLOURS,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    if rest is not None:
        figure.add_scatter(
            y=list(EMOTIONS),
            x=rest.level,
            mode="markers",
            marker={"symbol": "line-ns", "size": 16, "line": {"width": 2, "color": NEUTRAL_INK}},
            hovertemplate="%{y} at rest: %{x:.1%}<extra></extra>",
        )
    figure.add_scatter(
        # In a column, since beside a bar a figure would be taken for that of the tick.
        x=[1.2] * len(EMOTIONS),
        y=list(EMOTIONS),
        mode="text",
        text=[percent(float(value)) for value in probabilities],
        textposition="middle left",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure.update_layout(showlegend=False)
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(range=[0, 1.2], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    title = f"{EMOTIONS[top].capitalize()}, {percent(float(probabilities[top]))}"
    x_title = "probability (tick: the face at rest)" if rest is not None else "probability"
    return finish(figure, title=title, x_title=x_title, y_title="", height=height)


def delta_bars(changes: np.ndarray, *, height: int = 300) -> go.Figure:
    """What changed against the frame before, float (7,), as bars up and down in points; NaN has no bar."""
    points = 100 * np.asarray(changes, dtype=np.float64)
    known = bool(np.isfinite(points).all())
    figure = go.Figure()
    figure.add_bar(
        x=list(EMOTIONS),
        y=points,
        marker_color=EMOTION_COLOURS,
        # Adding 0 makes -0.0 the 0.0 it is.
        text=[f"{round(value, 1) + 0.0:+.1f}" if known else "" for value in points],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x} %{y:+.1f} points<extra></extra>",
    )
    span = max(5.0, 1.3 * float(np.abs(points).max())) if known else 5.0
    figure.update_yaxes(range=[-span, span], zeroline=True, zerolinecolor=NEUTRAL_INK)
    title = "No frame before this one to compare with"
    if known:
        place = int(np.abs(points).argmax())
        title = f"Against the frame before: {EMOTIONS[place]} {points[place]:+.1f} points"
        if abs(points[place]) < 0.05:
            title = "Against the frame before: nothing changed"
    return finish(figure, title=title, x_title="", y_title="points", height=height)


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
        x_title=f"{second} minus {first}, points<br>filled: beyond chance",
        y_title="",
        height=340,
    )


def comparison_title(comparison: Comparison) -> str:
    """What differs, as a finding."""
    if comparison.intervals is None:
        return f"Only {counted(comparison.common, 'moment')} in common: too little to tell"
    if not comparison.differing:
        return "No emotion differs beyond chance"
    named = comparison.differing[:3]
    verb = "differs" if len(comparison.differing) == 1 else "differ"
    more = f" and {len(comparison.differing) - 3} more" if len(comparison.differing) > 3 else ""
    return f"{', '.join(named).capitalize()}{more} {verb} beyond chance"


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
    """Statistics of `group_statistics` beside each other: `dwell` (share of time in the lead) or `mean` probability."""
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


GROUP_TITLES = {
    "dwell": ("Which emotion leads for how much of the time?", "share of the time"),
    "mean": ("How probable is each emotion on average?", "mean probability"),
}
