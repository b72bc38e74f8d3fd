"""Figures that set runs beside each other: how they learned, the F1 of each emotion, how far seeds spread.

Colour is the run's here; emotions stand on an axis. Each run also has a dash or a symbol of its own.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ferdash.emotions import EMOTIONS
from ferdash.plots.style import finish, legend_below, wrapped
from ferdash.runs.compare import CURVES
from ferdash.runs.groups import GroupSummary
from ferdash.runs.index import RunSummary
from ferdash.wording import percent

if TYPE_CHECKING:
    from ferdash.evaluation.calibration import Reliability, Selective

RUN_COLOURS = (
    "#5B61B8",
    "#C2853A",
    "#4F8F86",
    "#B4527A",
    "#7A8B2E",
    "#3F86C4",
    "#A0603A",
    "#8C6BC8",
    "#5E7F5A",
    "#D07C6A",
)
RUN_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
RUN_SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up", "star", "hexagon", "pentagon", "bowtie")
RUN_PATTERNS = ("", "/", ".", "\\", "x")

LOWER_IS_BETTER = {"log_loss", "brier", "ece", "train_loss"}
IN_PERCENT = {"accuracy", "balanced_accuracy", "top2", "train_accuracy", "ece"}


def learning_curves(
    table: pd.DataFrame,
    titles: Mapping[str, str],
    *,
    measure: str,
    title: str,
    by: str = "epoch",
    smoothing: float = 0,
    alike: bool = True,
) -> go.Figure:
    """One measure of several runs over their training.

    table: of `ferdash.runs.compare.learning_curves`. titles: by run id, in the order of the legend. title: what the
    measure is called. by: `epoch` (drawn from 1) or `seconds` (drawn in minutes). smoothing: see `smoothed`; the
    unsmoothed points stay visible behind. alike: whether all runs were measured on the same images, so that the title
    may name the best.
    """
    figure = go.Figure()
    for place, run in enumerate(titles):
        rows = table[table["run"] == run]
        x = rows["epoch"] + 1 if by == "epoch" else rows["seconds"] / 60
        values = rows["value"].to_numpy()
        hover = (
            f"{titles[run]}, epoch %{{customdata}}: %{{y:{'.1%' if measure in IN_PERCENT else '.4f'}}}<extra></extra>"
        )
        common = {"x": x, "customdata": rows["epoch"] + 1, "hovertemplate": hover}
        if smoothing:
            figure.add_scatter(
                **common,
                y=values,
                mode="markers",
                marker={"color": _colour(place), "size": 4, "opacity": 0.35},
                showlegend=False,
            )
        line = {"color": _colour(place), "dash": RUN_DASHES[place % len(RUN_DASHES)]}
        mode = "lines+markers" if len(rows) < 3 else "lines"
        figure.add_scatter(**common, y=smoothed(values, smoothing), mode=mode, name=titles[run], line=line)
    if measure in IN_PERCENT:
        figure.update_yaxes(tickformat=".2~%")
    if by == "epoch":
        whole_epochs(figure, table["epoch"].max() + 1 if len(table) else 1)
    x_title = "epoch" if by == "epoch" else "minutes of training"
    finding = _finding(table, titles, measure, title, alike)
    legend_below(figure)
    return finish(figure, title=wrapped(finding), x_title=x_title, y_title=title.lower(), height=440)


def whole_epochs(figure: go.Figure, last: int, most: int = 12) -> None:
    """Ticks at whole epochs only, at most so many of them; there is no epoch 1.5."""
    step = next(size * 10**power for power in range(9) for size in (1, 2, 5) if last <= most * size * 10**power)
    figure.update_xaxes(tick0=0 if step > 1 else 1, dtick=step, tickformat=",d")


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Exponential moving average of float (N,) values, without the pull of a start at 0; 0 leaves them as they are.

    >>> smoothed(np.array([1.0, 1.0, 4.0]), 0.5).round(3).tolist()
    [1.0, 1.0, 2.714]
    """
    average, result = 0.0, np.empty(len(values))
    for place, value in enumerate(values):
        average = weight * average + (1 - weight) * value
        result[place] = average / (1 - weight ** (place + 1))
    return result


def emotion_bars(table: pd.DataFrame, titles: Mapping[str, str]) -> go.Figure:
    """F1 of each emotion, the runs side by side. table: of `ferdash.runs.compare.f1_table`; titles: by run id."""
    figure = go.Figure()
    for place, run in enumerate(titles):
        rows = table[table["run"] == run]
        figure.add_bar(
            x=rows["emotion"],
            y=rows["f1"],
            name=titles[run],
            marker=run_bar(place),
            hovertemplate=titles[run] + ", %{x}: F1 %{y:.3f}<extra></extra>",
        )
    alike = table[table["run"].isin(table.loc[table["difference"].notna(), "run"])]  # as the baseline
    mean = alike.groupby("emotion")["f1"].mean().reindex(list(EMOTIONS)).dropna()
    title = f"{str(mean.idxmin()).capitalize()} is hardest, {mean.idxmax()} easiest" if len(mean) else "No F1 is known"
    figure.update_layout(barmode="group", bargap=0.2)
    figure.update_yaxes(range=[0, 1])
    legend_below(figure)
    return finish(figure, title=title, x_title="", y_title="F1")


def emotion_differences(table: pd.DataFrame, titles: Mapping[str, str], baseline: str) -> go.Figure:
    """F1 of each emotion minus that of the baseline run; above 0 is better. Runs that were not measured on the
    baseline's images are left out."""
    figure = go.Figure()
    for place, run in enumerate(titles):
        rows = table[table["run"] == run]
        if run == baseline or rows["difference"].isna().all():
            continue
        figure.add_bar(
            x=rows["emotion"],
            y=rows["difference"],
            name=titles[run],
            marker=run_bar(place),
            text=[f"{value:+.3f}" for value in rows["difference"]] if len(titles) < 4 else None,
            textposition="outside",
            cliponaxis=False,
            hovertemplate=titles[run] + ", %{x}: F1 %{y:+.3f}<extra></extra>",
        )
    others = table[table["run"] != baseline].dropna(subset=["difference"])
    title = f"Difference to {titles[baseline]}"
    if len(others):
        top = others.loc[others["difference"].abs().idxmax()]
        title += f": largest for {top['emotion']}, {top['difference']:+.3f}"
    figure.update_layout(barmode="group", bargap=0.2)
    legend_below(figure)
    return finish(figure, title=wrapped(title), x_title="", y_title="difference in F1")


def reliability_lines(tables: "Mapping[str, Reliability]") -> go.Figure:
    """Accuracy against stated probability of several runs, by title; on the diagonal the two agree."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": "#8A8F98", "dash": "dot"}, name="as stated", hoverinfo="skip"
    )
    for place, (title, table) in enumerate(tables.items()):
        filled = table.count > 0
        figure.add_scatter(
            x=table.confidence[filled],
            y=table.accuracy[filled],
            name=title,
            mode="lines+markers",
            line={"color": _colour(place), "dash": RUN_DASHES[place % len(RUN_DASHES)]},
            marker={"symbol": RUN_SYMBOLS[place]},
            customdata=table.count[filled],
            hovertemplate=title + ": stated %{x:.1%}, right %{y:.1%}, %{customdata:,} images<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    legend_below(figure)
    title = "Below the diagonal it promises too much"
    return finish(figure, title=title, x_title="stated probability", y_title="share that is right", height=440)


def coverage_lines(curves: "Mapping[str, Selective]") -> go.Figure:
    """Accuracy of several runs, by title, on the images of highest confidence, against how many those are."""
    figure = go.Figure()
    for place, (title, curve) in enumerate(curves.items()):
        figure.add_scatter(
            x=curve.coverage,
            y=curve.accuracy,
            name=title,
            mode="lines",
            line={"color": _colour(place), "dash": RUN_DASHES[place % len(RUN_DASHES)]},
            hovertemplate=title + ": %{y:.1%} right on the most confident %{x:.1%}<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(tickformat=".0%")
    legend_below(figure)
    title = "What answering only when sure gains"
    return finish(figure, title=title, x_title="share of images answered", y_title="accuracy on these", height=440)


def group_spread(
    groups: Sequence[GroupSummary], summaries: Mapping[str, RunSummary], score: str, title: str
) -> go.Figure:
    """Each run of each group as a point, with the group's mean and standard deviation; of the best epochs.

    summaries: of all members, by id. score: `accuracy`, `macro_f1` or `worst_f1`, called `title`.
    """
    figure = go.Figure()
    for place, group in enumerate(groups):
        values = [getattr(summaries[run].best, score, None) for run in group.runs]
        figure.add_scatter(
            x=values,
            y=[group.name] * len(values),
            mode="markers",
            marker={"color": _colour(place), "size": 9, "opacity": 0.5},
            text=list(group.runs),
            hovertemplate="%{text}: %{x:.4f}<extra></extra>",
        )
        spread = group.best[score]
        figure.add_scatter(
            x=[spread.mean],
            y=[group.name],
            mode="markers",
            marker={"color": _colour(place), "size": 18, "symbol": "line-ns-open", "line": {"width": 3}},
            error_x={"type": "data", "array": [spread.std or 0], "thickness": 2.5, "width": 8},
            hovertemplate=f"mean over {group.over}: %{{x:.4f}}<extra></extra>",
        )
    if score in IN_PERCENT:
        figure.update_xaxes(tickformat=".2~%")
    figure.update_layout(showlegend=False)
    height = 140 + 70 * len(groups)
    heading = "Do the groups differ by more than their spread?" if len(groups) > 1 else "How far it spreads"
    return finish(figure, title=heading, x_title=f"{title}, best epoch", y_title="", height=height)


def _finding(table: pd.DataFrame, titles: Mapping[str, str], measure: str, title: str, alike: bool) -> str:
    known = table.dropna(subset=["value"])
    if known.empty:
        return f"{title} is not known for these runs"
    if measure in CURVES:  # of training, where a higher or lower one is no merit
        return f"{title} over the training"
    if not alike:
        return f"{title}, of different images: not to be ranked"
    lower = measure in LOWER_IS_BETTER
    top = known.loc[known["value"].idxmin() if lower else known["value"].idxmax()]
    value = percent(top["value"]) if measure in IN_PERCENT else f"{top['value']:.3f}"
    extreme = "Lowest" if lower else "Highest"
    return f"{extreme} {title.lower()}: {titles[top['run']]}, {value} in epoch {top['epoch'] + 1}"


def _colour(place: int) -> str:
    return RUN_COLOURS[place % len(RUN_COLOURS)]


def run_bar(place: int) -> dict[str, object]:
    """How the bars of the run in that place look, from 0."""
    pattern = {"shape": RUN_PATTERNS[place % len(RUN_PATTERNS)], "size": 6, "solidity": 0.3, "fillmode": "overlay"}
    return {"color": _colour(place), "pattern": pattern}
