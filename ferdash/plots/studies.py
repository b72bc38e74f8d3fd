"""Figures of a study: what its trials came to, and which settings that went with."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from ferdash.plots.experiments import RUN_COLOURS
from ferdash.plots.style import finish
from ferdash.plots.tradeoffs import parallel_coordinates
from ferdash.runs.studies import OBJECTIVES, Study, short_names
from ferdash.wording import counted, percent

SCORES = dict(zip(OBJECTIVES, ("Accuracy", "Worst emotion's F1"), strict=True))
"""Objective -> its title."""

PATTERNS = ("", "/")


def pareto_scatter(study: Study) -> go.Figure:
    """The finished trials by their two scores, those on the Pareto front as numbered diamonds on a line."""
    front = study.front
    beaten = [trial for trial in study.finished if not trial.on_front]
    names = short_names(study.varied)
    figure = go.Figure()
    for label, trials, style in (
        ("beaten by another trial", beaten, {"mode": "markers"}),
        ("on the Pareto front", front, {"mode": "lines+markers+text"}),
    ):
        on_front = trials is front
        figure.add_scatter(
            x=[trial.accuracy for trial in trials],
            y=[trial.worst_f1 for trial in trials],
            name=label,
            text=[str(trial.number) for trial in trials],
            textposition="top right",
            line={"color": RUN_COLOURS[1], "dash": "dot"},
            marker={
                "color": RUN_COLOURS[1 if on_front else 0],
                "size": 13 if on_front else 9,
                "symbol": "diamond" if on_front else "circle",
                "opacity": 0.8,
            },
            customdata=[_told(trial.settings, names) for trial in trials],
            hovertemplate="trial %{text}<br>accuracy %{x:.1%}<br>worst F1 %{y:.3f}<br>%{customdata}<extra></extra>",
            **style,
        )
    figure.update_xaxes(tickformat=".1%")
    figure.update_layout(legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0})
    title = f"{counted(len(front), 'trial')} of {len(study.finished):,} on the Pareto front"
    if not front:
        title = "No trial is finished yet"
    elif len(front) > 1:
        best, other = front[0], front[-1]
        title += f": from {percent(best.accuracy or 0.0)} accuracy to a worst F1 of {other.worst_f1:.3f}"
    return finish(figure, title=title, x_title="Accuracy on validation", y_title="F1 of the worst emotion", height=420)


def settings_lines(study: Study) -> go.Figure:
    """The finished trials as lines over the varied settings and both scores, coloured by accuracy."""
    names = short_names(study.varied)
    table = pd.DataFrame(
        [
            {name: trial.settings.get(path) for path, name in names.items()}
            | {SCORES["worst_f1"]: trial.worst_f1, SCORES["accuracy"]: trial.accuracy}
            for trial in study.finished
        ]
    )
    return parallel_coordinates(table, SCORES["accuracy"])


def importance_bars(importances: Mapping[str, Mapping[str, float]]) -> go.Figure:
    """The share of each score's variation over the trials that goes with each setting. importances: as
    `ferdash.runs.studies.importances` gives them."""
    paths = sorted({path for shares in importances.values() for path in shares})
    names = short_names(paths)
    weight = {path: sum(shares.get(path, 0.0) for shares in importances.values()) for path in paths}
    ordered = sorted(paths, key=lambda path: weight[path])
    figure = go.Figure()
    for place, (score, shares) in enumerate(importances.items()):
        figure.add_bar(
            y=[names[path] for path in ordered],
            x=[shares.get(path, 0.0) for path in ordered],
            orientation="h",
            name=SCORES[score],
            marker={"color": RUN_COLOURS[place], "pattern": {"shape": PATTERNS[place]}},
            customdata=ordered,
            hovertemplate="%{customdata}: %{x:.1%}<extra>" + SCORES[score] + "</extra>",
        )
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    figure.update_layout(
        barmode="group", legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "traceorder": "reversed"}
    )
    most = names[ordered[-1]] if ordered else ""
    return finish(
        figure,
        title=f"The scores vary most with {most}" if most else "Nothing was varied",
        x_title="Share of the score's variation over the trials",
        y_title="",
        height=max(260, 70 + 55 * len(ordered)),
    )


def _told(settings: Mapping[str, object], names: Mapping[str, str]) -> str:
    lines = [
        f"{names[path]} {value:.4g}" if isinstance(value, float) else f"{names[path]} {value}"
        for path, value in settings.items()
    ]
    return "<br>".join(lines)
