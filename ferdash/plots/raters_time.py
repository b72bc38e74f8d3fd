"""Who says what when: a lane for each rater."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ferdash.dynamics.agreement import Span
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.plots.style import finish
from ferdash.plots.time_axis import add_cursor, over_time

PATTERNS = {"angry": "", "disgust": "/", "fear": "\\", "happy": "", "neutral": ".", "sad": "x", "surprise": "+"}
"""Beside the colour, so that no lane speaks by colour alone."""


def rater_lanes(raters: Mapping[str, Sequence[Span]], *, cursor_s: float | None, length_s: float) -> go.Figure:
    """A lane for each rater, a bar for each segment in its emotion's colour; blank where the rater says nothing."""
    figure = go.Figure()
    for emotion in EMOTIONS:
        bars = [(name, span) for name, spans in raters.items() for span in spans if span.emotion == emotion]
        if not bars:
            continue
        figure.add_bar(
            y=[name for name, _ in bars],
            x=[span.end_s - span.start_s for _, span in bars],
            base=[span.start_s for _, span in bars],
            orientation="h",
            marker={"color": COLOURS[emotion], "pattern": {"shape": PATTERNS[emotion], "size": 6}},
            customdata=[[span.start_s, span.end_s] for _, span in bars],
            hovertemplate=f"{emotion} from %{{customdata[0]:.2f}} s to %{{customdata[1]:.2f}} s<extra></extra>",
            name=emotion,
            width=0.7,
        )
    if cursor_s is not None:
        add_cursor(figure, cursor_s)
    figure.update_yaxes(categoryorder="array", categoryarray=list(raters)[::-1])
    finish(figure, title="Who saw what?", x_title="time", y_title="", height=150 + 34 * max(1, len(raters)))
    figure.update_layout(barmode="overlay", showlegend=True)
    over_time(figure, (0.0, length_s))
    figure.update_yaxes(automargin=True)  # names of people may be long
    return figure
