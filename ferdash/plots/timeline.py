"""One person's seven probabilities over time, with changes, marks and the neutral baseline."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ferdash.dynamics.baseline import Baseline
from ferdash.dynamics.moments import Moment
from ferdash.dynamics.noise import too_short_to_tell
from ferdash.dynamics.series import TrackSeries
from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.plots.style import finish
from ferdash.plots.time_axis import MOST_POINTS, NEUTRAL_INK, add_cursor, over_time, span_of
from ferdash.wording import counted

LABEL_APART = 0.075
"""Distance of two names at the end of lines, as a share of the axis."""

PIN_LANE = 0.04
"""Height of the lane of each emotion's pins above the lines, as a share of the axis."""

LABEL_INK, LABEL_PAPER = "#23252B", "rgba(255, 255, 255, 0.75)"
"""Names of marks, which stand on lines and areas of any colour."""


def timeline(
    series: TrackSeries,
    *,
    raw: TrackSeries | None = None,
    baseline: Baseline | None = None,
    stacked: bool = False,
    changes: Iterable[Moment] = (),
    marks: Iterable[Mapping[str, Any]] = (),
    cursor_s: float | None = None,
    height: int = 380,
) -> go.Figure:
    """The seven probabilities over time, a line each, or as areas that fill the whole.

    series: what is drawn, usually smoothed. raw: the same as measured, drawn faintly behind lines. baseline: draw
    lines as points above and below the neutral baseline; areas ignore it. changes: pins above the lines, up or down
    as the largest part of each went. marks: {timestamp_s, name} set by a person. cursor_s: where the shown frame is.
    Lines break where the face was away.
    """
    figure = go.Figure()
    against = baseline.level if baseline is not None and not stacked else np.zeros(len(EMOTIONS))
    if raw is not None and not stacked:
        _add_lines(figure, raw, against, faint=True)
    if stacked:
        _add_areas(figure, series)
    else:
        _add_lines(figure, series, against)
    listed = list(changes)
    low, high = _range(series, against, baseline is not None and not stacked)
    pins, top = pin_heights(listed, low, high)
    _add_pins(figure, listed, pins)
    _add_marks(figure, marks, high, span_of(series))
    if cursor_s is not None:
        add_cursor(figure, cursor_s)
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
    relative_now = baseline is not None and not stacked
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
        y_title="points above the neutral baseline" if relative_now else "probability",
        height=height,
    )
    figure.update_layout(showlegend=False, hovermode="closest", uirevision="timeline")
    return over_time(figure, span_of(series))


def points_tick(value: float) -> str:
    """A difference of probabilities in points, as it stands at an axis.

    >>> points_tick(0.25), points_tick(-0.0)
    ('+25', '0')
    """
    points = round(100 * value)
    return f"{points:+d}" if points else "0"


def timeline_title(series: TrackSeries, changes: Sequence[Moment]) -> str:
    """What a timeline shows, as a finding."""
    if not len(series):
        return f"Person {series.track}: no frame with a result"
    if too_short_to_tell(series):
        return f"Person {series.track}: too few frames to tell changes from noise"
    if not changes:
        return f"Person {series.track}: no change beyond noise"
    largest = max((moment.main for moment in changes), key=lambda event: event.size)
    others = f", the largest of {counted(len(changes), 'change')}" if len(changes) > 1 else ""
    return f"Person {series.track}: {largest.sentence}{others}"


def _shown(series: TrackSeries) -> tuple[np.ndarray, np.ndarray]:
    """Rows to draw, int (D,), and at which of them a line starts anew, bool (D,)."""
    every = -(-len(series) // MOST_POINTS) if len(series) else 1
    rows = np.arange(0, len(series), every)
    segment = np.cumsum(series.starts)[rows]
    return rows, np.diff(segment, prepend=0) > 0


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
    # Stacked areas know no gaps: at both ends of a gap they fall to nothing, a hair from the frame beside it.
    gaps = np.flatnonzero(starts)[1:]
    places, hair = np.repeat(gaps, 2), 1e-3 * (times[gaps] - times[gaps - 1])
    edges = np.ravel([times[gaps - 1] + hair, times[gaps] - hair], order="F")
    sides = np.ravel([frames[gaps - 1], frames[gaps]], order="F")
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


def pin_heights(changes: Sequence[Moment], low: float, high: float) -> tuple[list[float], float]:
    """Where the pin of each change stands above an axis from low to high, a lane for each emotion that changes, and
    where the axis has to end to hold them."""
    lanes = [emotion for emotion in EMOTIONS if any(one.main.emotion == emotion for one in changes)][::-1]
    lane = PIN_LANE * (high - low)
    heights = [high + lane * (1 + lanes.index(one.main.emotion)) for one in changes]
    return heights, high + lane * (len(lanes) + 1) if lanes else high


def _add_pins(figure: go.Figure, changes: Sequence[Moment], heights: list[float]) -> None:
    if not changes:
        return
    events = [moment.main for moment in changes]
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
        text=[f"{one.sentence}, {one.main.z:.0f} times what noise does" for one in changes],
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


def _range(series: TrackSeries, against: np.ndarray, relative_now: bool) -> tuple[float, float]:
    if not relative_now:
        return 0.0, 1.0
    values = series.probabilities - against
    low, high = (float(values.min()), float(values.max())) if len(series) else (0.0, 0.0)
    return min(-0.25, np.floor(low * 4) / 4), max(0.25, np.ceil(high * 4) / 4)


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
