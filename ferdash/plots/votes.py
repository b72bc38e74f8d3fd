"""Figures about raters' votes: those for one face, and how far raters agree over all faces of a dataset."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import COLOURS
from ferdash.plots.style import finish
from ferdash.wording import count, percent

NEITHER_COLOUR = "#6B7280"
KINDS: dict[str, tuple[str, str, str]] = {
    "label": ("the label", "#5B61B8", ""),
    "other": ("another emotion", "#C2853A", "/"),
    "none": ("none of the seven", NEITHER_COLOUR, "."),
}
"""What the commonest answer is, by the columns of `agreement_counts`: name, colour and hatching."""


def vote_bars(votes: np.ndarray) -> go.Figure:
    """A bar for each of the ten things a rater could say. votes: int (10,), counts of one face."""
    names = [name.replace("_", " ") for name in VOTE_CLASSES]
    figure = go.Figure()
    figure.add_bar(
        x=votes,
        y=names,
        orientation="h",
        text=[str(number) if number else "" for number in votes],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [COLOURS.get(name, NEITHER_COLOUR) for name in VOTE_CLASSES]},
        hovertemplate="%{y}: %{x} votes<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(range=[0, max(int(votes.sum()), 1)], showgrid=False, showticklabels=False)
    return finish(figure, title=f"What {int(votes.sum())} raters saw", x_title="", y_title="", height=300)


def agreement_bars(counts: pd.DataFrame) -> go.Figure:
    """Images by how many raters chose the commonest answer, divided by what that is. counts: as
    `ferdash.data.votes.agreement_counts` gives it."""
    figure = go.Figure()
    for column, (name, colour, pattern) in KINDS.items():
        figure.add_bar(
            x=counts.index,
            y=counts[column],
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{x} votes for " + name + ": %{y:,} images<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.12,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    figure.update_xaxes(dtick=1)
    figure.update_yaxes(tickformat=",d")
    images = int(counts.to_numpy().sum())
    share = percent(counts["label"].sum() / images)
    title = f"The label is the raters' commonest answer on {share} of {count(images)} images"
    return finish(figure, title=title, x_title="votes for the commonest answer", y_title="images", height=320)
