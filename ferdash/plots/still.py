"""The figures of a video's analysis as PNG pictures, drawn without a browser.

Figures are matplotlib objects of their own, never pyplot's, so that several threads may draw at once.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from ferdash.dynamics.deltas import deltas
from ferdash.dynamics.moments import Moment
from ferdash.dynamics.series import TrackSeries, segments_of_continuity
from ferdash.dynamics.summary import TrackSummary
from ferdash.dynamics.transitions import TransitionMatrix
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.plots.canvas import INK, canvas, to_png
from ferdash.plots.changes import delta_span, delta_title, strongest, with_gaps
from ferdash.plots.segments import ribbon_title, transition_title
from ferdash.plots.style import EMOTION_COLOURS
from ferdash.plots.time_axis import NEUTRAL_INK
from ferdash.plots.timeline import label_heights, pin_heights, points_tick, timeline_title

COLUMNS = 1500
"""Frames drawn side by side in a heat map; more do not fit the picture."""

DASHES = {
    "angry": "-",
    "disgust": (0, (5, 2)),
    "fear": (0, (1, 1.4)),
    "happy": "-",
    "neutral": (0, (8, 3)),
    "sad": (0, (5, 2, 1, 2)),
    "surprise": (0, (1, 1.4)),
}
"""The patterns of ferdash.emotions.DASHES as matplotlib writes them."""

Marks = Iterable[Mapping[str, Any]]


def figures(track: TrackSummary, marks: Marks = ()) -> dict[str, bytes]:
    """PNG pictures of one person by name. marks: {timestamp_s, name} set by a person.

    `relative` is there where frames are marked as neutral; nothing at all where no frame has a result.
    """
    if not len(track.series):
        return {}
    listed = list(marks)
    made = {
        "timeline": timeline(track, listed),
        "areas": areas(track, listed),
        "deltas": delta_heatmap(track.series, listed),
        "segments": ribbon(track, listed),
        "transitions": transition_heatmap(track.transitions),
        "averages": averages(track),
    }
    if track.relative is not None:
        made["relative"] = relative(track, listed)
    return {name: to_png(figure) for name, figure in made.items()}


def timeline(track: TrackSummary, marks: Marks = ()) -> Figure:
    """Smoothed probabilities as lines, the measured ones faintly behind, changes as pins above."""
    figure, axes = canvas(timeline_title(track.series, track.moments), height=4.2)
    _draw_lines(axes, track.series, track.series.probabilities, faint=True)
    _draw_lines(axes, track.smoothed, track.smoothed.probabilities)
    heights, top = pin_heights(track.moments, 0.0, 1.0)
    _draw_pins(axes, track.moments, heights)
    _finish_time(axes, track.series, marks, below=1 / top)
    _label_ends(axes, dict(zip(EMOTIONS, track.smoothed.probabilities[-1].tolist(), strict=True)), 0.0, 1.0)
    axes.set_ylim(0, top)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("probability")
    return figure


def areas(track: TrackSummary, marks: Marks = ()) -> Figure:
    """Smoothed probabilities as areas that fill the whole."""
    figure, axes = canvas(timeline_title(track.series, track.moments), height=4.2)
    series = track.smoothed
    for segment in segments_of_continuity(series):
        axes.stackplot(
            series.timestamps_s[segment], series.probabilities[segment].T, colors=EMOTION_COLOURS, linewidth=0
        )
    _finish_time(axes, series, marks)
    last = series.probabilities[-1]
    middles = np.cumsum(last) - last / 2
    _label_ends(axes, dict(zip(EMOTIONS, middles.tolist(), strict=True)), 0.0, 1.0)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("probability")
    return figure


def relative(track: TrackSummary, marks: Marks = ()) -> Figure:
    """Smoothed probabilities as points above and below the neutral baseline, which has to be known."""
    assert track.baseline is not None
    figure, axes = canvas(f"Person {track.track} against the neutral baseline", height=4.2)
    values = track.smoothed.probabilities - track.baseline.level
    low, high = min(-0.25, float(values.min()) - 0.05), max(0.25, float(values.max()) + 0.05)
    axes.axhline(0, color=NEUTRAL_INK, linewidth=1)
    _draw_lines(axes, track.smoothed, values)
    _finish_time(axes, track.series, marks)
    _label_ends(axes, dict(zip(EMOTIONS, values[-1].tolist(), strict=True)), low, high)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: points_tick(value)))
    axes.set_ylabel("points above the neutral baseline")
    return figure


def delta_heatmap(series: TrackSeries, marks: Marks = ()) -> Figure:
    """What changed from each frame to the next, in points."""
    changes = deltas(series)
    figure, axes = canvas(delta_title(changes), height=3.0)
    times, _, values = with_gaps(series, *strongest(series, changes, COLUMNS))
    span = delta_span(values)
    step = series.step_s or 1.0
    middles = (times[1:] + times[:-1]) / 2
    edges = np.concatenate([[times[0] - step / 2], middles, [times[-1] + step / 2]])
    image = axes.pcolormesh(
        edges, np.arange(len(EMOTIONS) + 1), 100 * values.T, cmap="PuOr_r", vmin=-span, vmax=span, shading="flat"
    )
    axes.set_yticks(np.arange(len(EMOTIONS)) + 0.5, EMOTIONS)
    axes.invert_yaxis()
    _finish_time(axes, series, marks)
    figure.colorbar(image, ax=axes, label="points", pad=0.015, aspect=14)
    return figure


def ribbon(track: TrackSummary, marks: Marks = ()) -> Figure:
    """The dominant emotion over time, in the lane of each that ever is."""
    lanes = [emotion for emotion in EMOTIONS if any(one.emotion == emotion for one in track.segments)]
    figure, axes = canvas(ribbon_title(track.segments), height=1.3 + 0.32 * len(lanes))
    for place, emotion in enumerate(lanes):
        spans = [(one.start_s, max(one.duration_s, 1e-3)) for one in track.segments if one.emotion == emotion]
        axes.broken_barh(spans, (place - 0.4, 0.8), facecolors=COLOURS[emotion])
    axes.set_yticks(range(len(lanes)), lanes)
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    _finish_time(axes, track.series, marks)
    return figure


def transition_heatmap(matrix: TransitionMatrix) -> Figure:
    """Transitions of the dominant emotion: counts, shaded by the share of the row."""
    figure, axes = canvas(transition_title(matrix), height=4.8, width=6.6)
    passed = np.where(matrix.counts > 0, matrix.shares, np.nan)
    image = axes.imshow(passed, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere(matrix.counts):
        dark = matrix.shares[row, column] < 0.6
        axes.text(
            column, row, f"{matrix.counts[row, column]:,}", ha="center", va="center", color="white" if dark else INK
        )
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS)
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axes.set_xlabel("then")
    axes.set_ylabel("first")
    figure.colorbar(image, ax=axes, label="share of the row", format=PercentFormatter(1, decimals=0), pad=0.02)
    return figure


def averages(track: TrackSummary) -> Figure:
    """Mean probability of each emotion beside the share of the time in which it is dominant."""
    figure, axes = canvas(track.sentence, height=3.4)
    places = np.arange(len(EMOTIONS))
    mean, dwell = track.measures.mean, track.dwell["share"].to_numpy()
    axes.bar(places - 0.2, mean, 0.38, color=EMOTION_COLOURS)
    axes.bar(places + 0.2, dwell, 0.38, color=EMOTION_COLOURS, alpha=0.55, hatch="///", edgecolor="white")
    for place, left, right in zip(places, mean, dwell, strict=True):
        axes.text(place - 0.2, left, f"{left:.0%}", ha="center", va="bottom", fontsize=8)
        axes.text(place + 0.2, right, f"{right:.0%}", ha="center", va="bottom", fontsize=8)
    axes.set_xticks(places, EMOTIONS)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("plain: mean probability\nhatched: share of time dominant")
    axes.margins(y=0.12)
    return figure


def _draw_lines(axes: Axes, series: TrackSeries, values: np.ndarray, *, faint: bool = False) -> None:
    for segment in segments_of_continuity(series):
        alone = segment.stop - segment.start == 1
        for place, emotion in enumerate(EMOTIONS):
            axes.plot(
                series.timestamps_s[segment],
                values[segment, place],
                color=COLOURS[emotion],
                linestyle="-" if faint else DASHES[emotion],
                linewidth=0.6 if faint else 1.6,
                alpha=0.3 if faint else 1,
                marker="o" if alone and not faint else None,
                markersize=4,
            )


def _draw_pins(axes: Axes, changes: list[Moment], heights: list[float]) -> None:
    for event, height in zip([moment.main for moment in changes], heights, strict=True):
        shape = "^" if event.direction > 0 else "v"
        axes.plot(event.peak_s, height, shape, color=COLOURS[event.emotion], markersize=6, markeredgecolor=INK, mew=0.5)


def _finish_time(axes: Axes, series: TrackSeries, marks: Marks, *, below: float = 1.0) -> None:
    """Time axis and marks, whose names hang from `below`, a share of the height."""
    first, last = float(series.timestamps_s[0]), float(series.timestamps_s[-1])
    room = (last - first) * 0.002 if last > first else 0.5
    axes.set_xlim(first - room, last + room)
    axes.set_xlabel("time, seconds")
    for mark in marks:
        axes.axvline(mark["timestamp_s"], color=INK, linestyle=":", linewidth=1.2)
        # Dollar signs would start a formula.
        name = str(mark["name"]).replace("$", r"\$")
        # At the very start there is no room on the left of the line.
        right = mark["timestamp_s"] < first + 0.03 * (last - first)
        axes.annotate(
            name,
            (mark["timestamp_s"], below),
            xycoords=("data", "axes fraction"),
            xytext=(4 if right else -4, -4),
            textcoords="offset points",
            rotation=90,
            ha="left" if right else "right",
            va="top",
            fontsize=8,
            color=INK,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1},
            clip_on=True,
        )


def _label_ends(axes: Axes, wanted: dict[str, float], low: float, high: float) -> None:
    for emotion, height in label_heights(wanted, low, high).items():
        axes.annotate(
            emotion,
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=COLOURS[emotion],
            annotation_clip=False,
        )
