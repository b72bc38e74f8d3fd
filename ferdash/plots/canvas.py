"""What still pictures are drawn on, without a browser.

Figures are matplotlib objects of their own, never pyplot's, so that several threads may draw at once.
"""

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 150
INK = "#23252B"


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    return content.getvalue()


def canvas(title: str, *, height: float, width: float = 10) -> tuple[Figure, Axes]:
    """A figure of one chart with its title."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=12, color=INK)
    strip(axes)
    return figure, axes


def strip(axes: Axes) -> None:
    """Take away the lines that say nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
