"""Action units that another program measured, over time."""

import pandas as pd
import plotly.graph_objects as go

from ferdash.plots.style import finish

DASHES = ("solid", "dash", "dot", "longdash", "dashdot")


def unit_lines(table: pd.DataFrame, units: list[str]) -> go.Figure:
    """A line for each of some columns of `ferdash.analyses.importing.action_units`, of one person."""
    figure = go.Figure()
    for place, unit in enumerate(units):
        figure.add_scatter(
            x=table["timestamp_s"], y=table[unit], name=unit, mode="lines", line={"dash": DASHES[place % len(DASHES)]}
        )
    finish(figure, title="Which muscles moved?", x_title="time in the video (s)", y_title="as imported", height=320)
    figure.update_layout(hovermode="x unified", showlegend=True)
    return figure
