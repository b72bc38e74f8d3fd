"""Pictures without a browser: whole PNG files that show what the figures on the page show."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.plots import changes, segments, still, timeline
from ferdash.plots.canvas import to_png

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
SIZES = {
    "timeline": (1500, 630),
    "areas": (1500, 630),
    "relative": (1500, 630),
    "deltas": (1500, 450),
    "segments": (1500, 291),
    "transitions": (990, 720),
    "averages": (1500, 510),
}
Person = Callable[..., TrackSummary]


def opened(content: bytes) -> Image.Image:
    """The picture, decoded to its last pixel."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    assert picture.format == "PNG"
    return picture


def title_of(figure: Figure) -> str:
    return figure.axes[0].get_title(loc="left")


def names_on(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_every_figure_is_a_whole_picture_of_its_size(smiling: TrackSummary) -> None:
    made = still.figures(smiling, [{"timestamp_s": 2.0, "name": "joke"}])
    assert {name: opened(content).size for name, content in made.items()} == SIZES
    for content in made.values():
        assert len(np.unique(np.asarray(opened(content).convert("L")))) > 20


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_pictures_of_almost_nothing(person: Person, frames: int) -> None:
    made = still.figures(person(frames))
    assert set(made) == (set(SIZES) - {"relative"} if frames else set())
    for content in made.values():
        opened(content)


def test_every_title_fits_its_picture(smiling: TrackSummary) -> None:
    for figure in (
        still.timeline(smiling),
        still.areas(smiling),
        still.relative(smiling),
        still.delta_heatmap(smiling.series),
        still.ribbon(smiling),
        still.transition_heatmap(smiling.transitions),
        still.averages(smiling),
    ):
        figure.canvas.draw()
        (axes, *_) = figure.axes
        box = axes._left_title.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width, axes.get_title(loc="left")


def test_titles_are_those_of_the_figures_in_the_page(smiling: TrackSummary) -> None:
    assert title_of(still.timeline(smiling)) == timeline.timeline_title(smiling.series, smiling.moments)
    assert title_of(still.delta_heatmap(smiling.series)) == changes.delta_title(smiling.deltas)
    assert title_of(still.ribbon(smiling)) == segments.ribbon_title(smiling.segments)
    assert title_of(still.transition_heatmap(smiling.transitions)) == segments.transition_title(smiling.transitions)
    assert title_of(still.averages(smiling)) == smiling.sentence


def test_pins_stand_at_the_peak_of_each_change_pointing_its_way(smiling: TrackSummary) -> None:
    (axes,) = still.timeline(smiling).axes
    pins = [line for line in axes.lines if line.get_marker() in ("^", "v")]
    largest = [moment.main for moment in smiling.moments]
    assert [pin.get_xdata()[0] for pin in pins] == [event.peak_s for event in largest]
    assert [pin.get_marker() for pin in pins] == ["^" if event.direction > 0 else "v" for event in largest]
    assert [pin.get_color() for pin in pins] == [COLOURS[event.emotion] for event in largest]
    assert all(1 < pin.get_ydata()[0] < axes.get_ylim()[1] for pin in pins)


def test_lines_break_where_the_face_was_away(smiling: TrackSummary) -> None:
    (axes,) = still.timeline(smiling).axes
    happy = [
        line
        for line in axes.lines
        if to_hex(line.get_color()).upper() == COLOURS["happy"] and line.get_linewidth() == 1.6
    ]
    assert [len(line.get_xdata()) for line in happy] == [100, 20]


def test_a_heat_map_is_empty_where_the_face_was_away(smiling: TrackSummary) -> None:
    axes = still.delta_heatmap(smiling.series).axes[0]
    (mesh,) = axes.collections
    edges = mesh.get_coordinates()[0, :, 0]
    cells = np.ma.filled(np.ma.masked_invalid(mesh.get_array()).astype(float), np.nan).reshape(7, -1)
    leaves, returns = smiling.series.timestamps_s[[99, 100]]
    step = smiling.series.step_s
    middles = (edges[1:] + edges[:-1]) / 2
    away = (middles > leaves + 0.6 * step) & (middles < returns - 0.6 * step)
    assert away.any()
    assert np.isnan(cells[:, away]).all()
    # The empty columns reach from one side of the gap to the other.
    assert edges[:-1][away].min() <= leaves + step
    assert edges[1:][away].max() >= returns - step
    at = int(np.flatnonzero((edges[:-1] <= 2.0) & (edges[1:] > 2.0))[0])
    assert cells[HAPPY, at] > 45
    assert cells[NEUTRAL, at] < -45


def test_a_ribbon_has_a_lane_for_each_emotion_that_leads(smiling: TrackSummary) -> None:
    (axes,) = still.ribbon(smiling).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["happy", "neutral"]
    assert [len(lane.get_paths()) for lane in axes.collections] == [1, 3]


def test_against_the_face_at_rest_lines_are_points_above_it(smiling: TrackSummary) -> None:
    (axes,) = still.relative(smiling).axes
    highest = max(float(np.max(line.get_ydata())) for line in axes.lines)
    assert highest == pytest.approx(0.5, abs=0.05)
    assert axes.get_ylim()[1] > highest
    assert axes.yaxis.get_major_formatter()(0.25, 0) == "+25"


def test_marks_are_named_even_with_dollars(smiling: TrackSummary) -> None:
    marks = [{"timestamp_s": 2.0, "name": "5 $ and 6 $"}, {"timestamp_s": 99.0, "name": "after the end"}]
    figure = still.timeline(smiling, marks)
    opened(to_png(figure))
    assert r"5 \$ and 6 \$" in names_on(figure.axes[0])
    assert opened(still.figures(smiling, marks)["timeline"]).size == SIZES["timeline"]


def test_names_at_the_end_of_lines_do_not_overlap(smiling: TrackSummary) -> None:
    for figure in (still.timeline(smiling), still.areas(smiling), still.relative(smiling)):
        figure.canvas.draw()
        (axes,) = figure.axes
        boxes = [text.get_window_extent() for text in axes.texts if text.get_text() in EMOTIONS]
        assert len(boxes) == 7
        assert not any(one.overlaps(other) for one in boxes for other in boxes if one is not other)
        assert all(box.x1 <= figure.bbox.width for box in boxes)


def test_a_long_series_has_no_more_columns_than_fit(person: Person) -> None:
    long = person(2 * still.COLUMNS + 5)
    (mesh,) = still.delta_heatmap(long.series).axes[0].collections
    assert np.asarray(mesh.get_array()).size <= 7 * still.COLUMNS


def test_several_threads_draw_the_same(smiling: TrackSummary) -> None:
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(lambda _: to_png(still.averages(smiling)), range(3)))
    assert drawn[0] == drawn[1] == drawn[2] == to_png(still.averages(smiling))
