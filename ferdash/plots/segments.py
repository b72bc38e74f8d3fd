"""The dominant emotion over time, and its transitions."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ferdash.dynamics.dominant import Segment
from ferdash.dynamics.transitions import TransitionMatrix
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.plots.style import finish
from ferdash.plots.time_axis import add_cursor, over_time
from ferdash.wording import counted, percent


def ribbon(
    segments: Sequence[Segment], *, cursor_s: float | None = None, span_s: Sequence[float] | None = None
) -> go.Figure:
    """The dominant emotion over time: a bar for each segment, in the lane of its emotion. span_s: ends of the
    x axis."""
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
            hovertemplate=f"{emotion} is dominant from %{{customdata[2]:.2f}} s to %{{customdata[3]:.2f}} s, "
            "%{customdata[1]:.1%} on average<extra></extra>",
            name=emotion,
            width=0.8,
        )
    if cursor_s is not None:
        add_cursor(figure, cursor_s)
    figure.update_layout(showlegend=False, barmode="overlay")
    figure.update_yaxes(categoryorder="array", categoryarray=lanes[::-1])
    finish(figure, title=ribbon_title(segments), x_title="time", y_title="", height=120 + 26 * max(1, len(lanes)))
    return over_time(figure, span_s)


def ribbon_title(segments: Sequence[Segment]) -> str:
    """How long which emotion is dominant, as a finding."""
    if not segments:
        return "No emotion is dominant: there is no result"
    lasting = {emotion: sum(one.duration_s for one in segments if one.emotion == emotion) for emotion in EMOTIONS}
    first = max(lasting, key=lasting.__getitem__)
    if not lasting[first]:
        return f"{segments[0].emotion.capitalize()} is dominant"
    share, visits = lasting[first] / sum(lasting.values()), sum(one.emotion == first for one in segments)
    if visits == len(segments):
        return f"{first.capitalize()} is dominant all the time"
    found = f"{visits} of {counted(len(segments), 'segment')}"
    return f"{first.capitalize()} is dominant for {percent(share)} of the time, in {found}"


def transition_heatmap(matrix: TransitionMatrix) -> go.Figure:
    """Transitions of the dominant emotion: counts, shaded by the share of the row."""
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
        return "The dominant emotion never switches"
    first, then = np.unravel_index(away.argmax(), away.shape)
    times, total = int(away[first, then]), int(away[first].sum())
    return f"After {EMOTIONS[first]} comes {EMOTIONS[then]} most often: {times} of {counted(total, 'time')}"
