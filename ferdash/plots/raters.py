"""Figures of how far models agree with raters."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from ferdash.emotions import EMOTIONS
from ferdash.plots.experiments import run_bar
from ferdash.plots.style import finish, legend_below


def agreement_by_emotion(models: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Share of the images of each emotion, by the raters' majority, on which a model agrees. models: by title, as
    `ferdash.evaluation.raters.RaterScores.to_dict` gives them, all of the same images."""
    figure = go.Figure()
    for place, (title, raters) in enumerate(models.items()):
        figure.add_bar(
            x=list(EMOTIONS),
            y=raters["per_emotion"],
            name=title,
            marker=run_bar(place),
            customdata=raters["support"],
            hovertemplate=title + ": %{y:.1%} of %{customdata:,} images of %{x}<extra></extra>",
        )
    figure.update_layout(barmode="group", bargap=0.2)
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    legend_below(figure)
    return finish(
        figure, title="On which emotions does it agree with the raters?", x_title="", y_title="agreement", height=340
    )
