"""Two recordings compared, as PNG pictures."""

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ferdash.dynamics.comparison import Comparison
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.plots.canvas import INK, canvas, strip, to_png
from ferdash.plots.comparison import GROUP_COLOURS, GROUP_PATTERNS, GROUP_TITLES, comparison_title
from ferdash.plots.time_axis import NEUTRAL_INK


def comparison_figures(comparison: Comparison) -> dict[str, bytes]:
    """PNG pictures of two recordings by name: what differs on average, the lines of both, and their statistics."""
    made = {
        "difference": comparison_intervals(comparison),
        "lines": comparison_lines(comparison),
        "dwell": group_bars(comparison.group, "dwell"),
        "means": group_bars(comparison.group, "mean"),
    }
    return {name: to_png(figure) for name, figure in made.items()}


def comparison_intervals(comparison: Comparison) -> Figure:
    """How much the second recording differs from the first on average, with intervals."""
    figure, axes = canvas(comparison_title(comparison), height=3.6, width=7.6)
    axes.axvline(0, color=NEUTRAL_INK, linestyle="--", linewidth=1)
    for place, emotion in enumerate(EMOTIONS):
        point = 100 * comparison.mean[place]
        if comparison.intervals is not None:
            one = comparison.intervals[place]
            axes.plot([100 * one.low, 100 * one.high], [place, place], color=NEUTRAL_INK, linewidth=1.5)
        colour = COLOURS[emotion]
        face = colour if emotion in comparison.differing else "white"
        axes.plot(point, place, "o", color=colour, markersize=8, markerfacecolor=face, markeredgewidth=1.8)
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axes.invert_yaxis()
    first, second = comparison.names
    axes.set_xlabel(f"{second} minus {first}, points on average (filled: statistically significant)")
    return figure


def comparison_lines(comparison: Comparison) -> Figure:
    """All seven emotions in both recordings, laid over each other at the aligned moment."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(comparison_title(comparison), x=0.01, ha="left", fontsize=12, color=INK)
    panels = figure.subplots(len(EMOTIONS), 1, sharex=True, sharey=True)
    for place, (emotion, axes) in enumerate(zip(EMOTIONS, panels, strict=True)):
        for number, (name, values) in enumerate(
            zip(comparison.names, (comparison.first, comparison.second), strict=True)
        ):
            axes.plot(
                comparison.times_s,
                values[:, place],
                color=GROUP_COLOURS[number],
                linestyle=("-", "--")[number],
                linewidth=1.3,
                label=name,
            )
        axes.set_ylim(0, 1)
        axes.set_ylabel(emotion, rotation=0, ha="right", va="center", color=COLOURS[emotion])
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        strip(axes)
    panels[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=9)
    panels[-1].set_xlabel("seconds from the aligned moment")
    return figure


def group_bars(group: pd.DataFrame, column: str = "dwell") -> Figure:
    """Statistics of `group_statistics` beside each other."""
    title, y_title = GROUP_TITLES[column]
    figure, axes = canvas(title, height=3.6, width=7.6)
    names = list(dict.fromkeys(group["group"]))
    width = 0.8 / max(1, len(names))
    for number, name in enumerate(names):
        rows = group[group["group"] == name].set_index("emotion").loc[list(EMOTIONS), column].to_numpy(float)
        places = np.arange(len(EMOTIONS)) + (number - (len(names) - 1) / 2) * width
        axes.bar(
            places,
            rows,
            width * 0.94,
            label=name,
            color=GROUP_COLOURS[number % len(GROUP_COLOURS)],
            hatch=GROUP_PATTERNS[number % len(GROUP_PATTERNS)] * 2,
            edgecolor="white",
        )
        for place, value in zip(places, rows, strict=True):
            if value >= 0.005:
                axes.text(place, value, f"{value:.0%}", ha="center", va="bottom", fontsize=8)
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel(y_title)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    axes.margins(y=0.12)
    return figure
