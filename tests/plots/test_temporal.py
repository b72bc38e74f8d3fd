"""Figures over time say what the numbers say: where, in which direction, and not across breaks."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.evaluation.intervals import Interval
from ferdash.plots import temporal as plots
from ferdash.temporal.comparison import compare
from ferdash.temporal.deltas import deltas
from ferdash.temporal.series import TrackSeries
from ferdash.temporal.summary import TrackSummary
from ferdash.temporal.transitions import TransitionMatrix, segment_transitions

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
Person = Callable[..., TrackSummary]


def lines_of(figure: go.Figure) -> dict[str, go.Scatter]:
    """The last trace of each emotion, which is drawn in front."""
    return {trace.name: trace for trace in figure.data if trace.name in EMOTIONS}


def names_beside(figure: go.Figure) -> dict[str, float]:
    return {one.text: one.y for one in figure.layout.annotations if one.text in EMOTIONS}


def drawn(track: TrackSummary, **options) -> go.Figure:
    return plots.timeline(track.smoothed, raw=track.series, events=track.events, **options)


def test_a_timeline_has_seven_lines_told_apart_by_colour_and_pattern(smiling: TrackSummary) -> None:
    lines = lines_of(drawn(smiling))
    assert {name: (line.line.color, line.line.dash) for name, line in lines.items()} == {
        name: (COLOURS[name], DASHES[name]) for name in EMOTIONS
    }
    happy = np.array(lines["happy"].y, dtype=float)
    np.testing.assert_allclose(happy[np.isfinite(happy)], smiling.smoothed.probabilities[:, HAPPY], atol=1e-4)
    assert lines["happy"].text[70].endswith("%")


def test_lines_break_where_the_face_was_away_and_nowhere_else(smiling: TrackSummary) -> None:
    for line in drawn(smiling).data:
        if line.name not in EMOTIONS:
            continue
        gaps = np.flatnonzero(np.isnan(np.array(line.y, dtype=float)))
        assert len(line.x) == len(line.y) == len(line.customdata) == 121
        assert gaps.tolist() == [100]
        assert (line.customdata[99], line.customdata[101]) == (99, 110)
        assert not line.connectgaps


def test_measured_lines_lie_faintly_behind_smoothed_ones(smiling: TrackSummary) -> None:
    figure = drawn(smiling)
    assert [trace.opacity for trace in figure.data[:7]] == [0.3] * 7
    assert [trace.name for trace in figure.data] == [*EMOTIONS, *EMOTIONS, "changes"]


def test_pins_stand_at_the_peak_of_each_change_pointing_its_way(smiling: TrackSummary) -> None:
    assert len(smiling.events) == 4
    figure = drawn(smiling)
    pins = figure.data[-1]
    assert list(pins.x) == [event.peak_s for event in smiling.events]
    assert list(pins.customdata) == [event.peak_frame for event in smiling.events] == [50, 50, 90, 90]
    shapes = {1: "triangle-up", -1: "triangle-down"}
    assert list(pins.marker.symbol) == [shapes[event.direction] for event in smiling.events]
    assert list(pins.marker.color) == [COLOURS[event.emotion] for event in smiling.events]
    # Above every line, inside the axis, and two of the same moment apart.
    assert 1 < min(pins.y) < max(pins.y) < figure.layout.yaxis.range[1]
    assert len(set(zip(pins.x, pins.y, strict=True))) == 4
    lanes = {event.emotion: height for event, height in zip(smiling.events, pins.y, strict=True)}
    assert lanes["happy"] - lanes["neutral"] == pytest.approx(plots.PIN_LANE)
    assert plots.pin_heights([], 0.0, 1.0) == ([], 1.0)
    assert pins.text[0].startswith(smiling.events[0].sentence)
    assert "times what jitter does" in pins.text[0]


def test_cursor_and_marks_stand_at_their_time(smiling: TrackSummary) -> None:
    figure = drawn(smiling, cursor_s=1.5, marks=[{"timestamp_s": 2.2, "frame": 55, "name": "<b>joke"}])
    mark, cursor = figure.layout.shapes
    assert (cursor.x0, cursor.x1, cursor.line.dash) == (1.5, 1.5, None)
    assert (mark.x0, mark.x1, mark.line.dash) == (2.2, 2.2, "dot")
    (label,) = [one.text for one in figure.layout.annotations if one.text not in EMOTIONS]
    assert label == "&lt;b>joke"
    assert drawn(smiling).layout.shapes == ()
    names = drawn(smiling, marks=[{"timestamp_s": at, "name": "here"} for at in (0.04, 3.0)]).layout.annotations
    assert [one.xanchor for one in names if one.text == "here"] == ["left", "right"]
    # Below the pins.
    assert [one.y for one in names if one.text == "here"] == [1.0, 1.0]


def test_against_the_face_at_rest_lines_are_points_above_it(smiling: TrackSummary) -> None:
    assert smiling.baseline is not None
    figure = drawn(smiling, rest=smiling.baseline)
    happy = np.array(lines_of(figure)["happy"].y, dtype=float)
    assert happy[:40].mean() == pytest.approx(0, abs=0.01)
    assert happy[70] == pytest.approx(0.5, abs=0.03)
    low, high = figure.layout.yaxis.range
    assert low <= -0.5
    assert high >= 0.5
    assert figure.layout.yaxis.zeroline
    assert dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))[0.25] == "+25"
    assert figure.layout.yaxis.title.text == "points above the face at rest"


def test_areas_fill_the_whole_and_are_empty_where_the_face_was_away(smiling: TrackSummary) -> None:
    figure = plots.timeline(smiling.smoothed, stacked=True)
    assert [trace.name for trace in figure.data] == list(EMOTIONS)
    heights = np.array([trace.y for trace in figure.data], dtype=float).sum(axis=0)
    times = np.array(figure.data[0].x)
    away = (times > smiling.series.timestamps_s[99]) & (times < smiling.series.timestamps_s[100])
    np.testing.assert_allclose(heights[~away], 1, atol=1e-3)
    assert away.sum() == 2
    assert (heights[away] == 0).all()
    assert len({trace.stackgroup for trace in figure.data}) == 1
    assert (np.diff(times) > 0).all()


@given(
    heights=st.lists(st.floats(0, 1), min_size=1, max_size=7),
    low=st.floats(-1, 0),
    span=st.floats(0.5, 2),
)
def test_names_at_the_end_of_lines_never_overlap_nor_leave_the_axis(
    heights: list[float], low: float, span: float
) -> None:
    wanted = {name: low + span * height for name, height in zip(EMOTIONS, heights, strict=False)}
    placed = plots.label_heights(wanted, low, low + span)
    assert set(placed) == set(wanted)
    order = sorted(wanted, key=lambda name: wanted[name])
    at = [placed[name] for name in order]
    assert all(above - below >= plots.LABEL_APART * span - 1e-9 for below, above in pairwise(at))
    assert low - 1e-9 <= at[0]
    assert at[-1] <= low + span + 1e-9
    assert plots.label_heights({}) == {}


def test_names_that_have_room_stand_where_their_lines_end(smiling: TrackSummary) -> None:
    assert plots.label_heights({"happy": 0.9, "sad": 0.4}) == pytest.approx({"happy": 0.9, "sad": 0.4})
    at = names_beside(drawn(smiling))
    assert set(at) == set(EMOTIONS)
    assert at["neutral"] == pytest.approx(smiling.smoothed.probabilities[-1, NEUTRAL])


def test_the_title_is_the_finding(person: Person, smiling: TrackSummary) -> None:
    largest = max(smiling.events, key=lambda event: event.size)
    assert drawn(smiling).layout.title.text == f"Person 1: {largest.sentence}, the largest of 4 changes"
    assert plots.timeline_title(smiling.series, [largest]) == f"Person 1: {largest.sentence}"
    still = person(60, smiles=(0, 0))
    assert plots.timeline_title(still.series, still.events) == "Person 1: no change beyond jitter"
    assert plots.timeline_title(person(0).series, []) == "Person 1: no frame with a result"


def test_a_long_series_is_thinned_and_still_breaks(person: Person) -> None:
    rows = 4 * plots.MOST_POINTS + 2
    frames = np.arange(rows) + np.where(np.arange(rows) >= 6001, 500, 0)
    values = np.tile(np.full(7, 1 / 7), (rows, 1))
    values[4001] = np.eye(7)[HAPPY]
    long = TrackSeries(1, frames, frames / 25, values)
    line = lines_of(plots.timeline(long))["sad"]
    assert len(line.x) <= plots.MOST_POINTS + 1
    assert np.isnan(np.array(line.y, dtype=float)).sum() == 1
    (cells,) = plots.delta_heatmap(long, deltas(long)).data
    assert len(cells.x) <= plots.MOST_POINTS // 2 + 2
    # One frame's leap survives, though it shares its column with others.
    assert np.nanmax(np.abs(np.array(cells.z, dtype=float))) == pytest.approx(100 * 6 / 7, abs=0.01)


@given(
    steps=st.lists(st.integers(1, 5), min_size=1, max_size=60),
    seed=st.integers(0, 99),
    columns=st.integers(1, 70),
)
def test_shared_columns_hold_the_largest_change_of_each_emotion(steps: list[int], seed: int, columns: int) -> None:
    frames = np.cumsum([0, *steps])
    values = np.random.default_rng(seed).dirichlet(np.ones(7), len(frames))
    series = TrackSeries(1, frames, frames / 25, values)
    changes = deltas(series)
    times, numbers, largest = plots.strongest(series, changes, columns)
    every = -(-len(series) // columns)
    assert len(times) == len(numbers) == len(largest) <= columns
    for place, row in enumerate(range(0, len(series), every)):
        shared = changes[row : row + every]
        assert numbers[place] == frames[row]
        assert (
            ((np.abs(largest[place]) == np.abs(shared)) | np.isnan(shared) | (largest[place] == shared))
            .any(axis=0)
            .all()
        )
        if np.isfinite(shared).any():
            np.testing.assert_allclose(np.abs(largest[place]), np.nanmax(np.abs(shared), axis=0))
        else:
            assert np.isnan(largest[place]).all()
    wide, sides, cells = plots.with_gaps(series, times, numbers, largest)
    assert len(wide) == len(sides) == len(cells)
    assert (np.diff(wide) > 0).all()
    assert set(times) <= set(wide)


def test_a_heat_map_is_empty_where_the_face_was_away(smiling: TrackSummary) -> None:
    (cells,) = plots.delta_heatmap(smiling.series, smiling.deltas).data
    z, x = np.array(cells.z, dtype=float), np.array(cells.x, dtype=float)
    leaves, returns = smiling.series.timestamps_s[[99, 100]]
    between = (x > leaves) & (x < returns)
    assert between.sum() == 2
    assert np.isnan(z[:, between]).all()
    # Nothing was seen of the change to the first frame after the break, nor of that to the very first.
    blank = np.flatnonzero(np.isnan(z).all(axis=0))
    assert x[blank] == pytest.approx([0, *x[between], returns])
    assert not cells.hoverongaps


def test_a_heat_map_has_the_sign_of_each_change_on_a_scale_even_about_zero(smiling: TrackSummary) -> None:
    (cells,) = plots.delta_heatmap(smiling.series, smiling.deltas).data
    z = np.array(cells.z, dtype=float)
    assert cells.y == EMOTIONS
    assert z[HAPPY, 50] == pytest.approx(100 * smiling.deltas[50, HAPPY], abs=0.01)
    assert z[HAPPY, 50] > 45
    assert z[NEUTRAL, 50] < -45
    assert z[HAPPY, 90] < -45
    assert cells.zmin == -cells.zmax < 0
    # Jitter of some tenths of a point is pale beside a leap of 50.
    assert cells.zmax == pytest.approx(np.nanmax(np.abs(z)) / 4, abs=0.01)
    assert cells.customdata[HAPPY][50] == 50
    title = plots.delta_heatmap(smiling.series, smiling.deltas, cursor_s=2.0).layout.title.text
    assert title.startswith("From frame to frame, ")
    assert title.endswith("points")


def test_charts_under_each_other_share_their_time(smiling: TrackSummary) -> None:
    first = drawn(smiling)
    span = first.layout.xaxis.range
    for other in (
        plots.timeline(smiling.smoothed, stacked=True),
        plots.delta_heatmap(smiling.series, smiling.deltas),
        plots.ribbon(smiling.segments, span_s=span),
    ):
        assert other.layout.xaxis.range == span
        assert (other.layout.margin.l, other.layout.margin.r) == (first.layout.margin.l, first.layout.margin.r)
        assert other.layout.yaxis.automargin is False


def test_a_ribbon_has_a_bar_for_each_segment_in_the_lane_of_its_emotion(smiling: TrackSummary) -> None:
    figure = plots.ribbon(smiling.segments, cursor_s=1.0)
    bars = {
        (name, base): width for bar in figure.data for name, base, width in zip(bar.y, bar.base, bar.x, strict=True)
    }
    assert bars == {(one.emotion, one.start_s): one.duration_s for one in smiling.segments}
    assert figure.layout.yaxis.categoryarray == ("neutral", "happy")
    assert figure.layout.title.text == "Neutral leads 66.7 % of the time, in 3 of 4 segments"
    assert figure.layout.shapes[0].x0 == 1.0
    assert plots.ribbon_title(smiling.segments[:1]) == "Neutral leads all the time"
    assert plots.ribbon_title([]) == "No emotion leads: there is no result"
    assert plots.ribbon_title([replace(smiling.segments[0], end_s=smiling.segments[0].start_s)]) == "Neutral leads"


def test_transitions_show_counts_and_blank_rows_of_what_was_never_left(smiling: TrackSummary) -> None:
    figure = plots.transition_heatmap(smiling.transitions)
    (cells,) = figure.data
    assert cells.text[NEUTRAL][HAPPY] == "1"
    assert sum(text != "" for row in cells.text for text in row) == 2
    assert np.isnan(np.array(cells.z, dtype=float)[EMOTIONS.index("sad")]).all()
    assert figure.layout.title.text == "After happy comes neutral most often: 1 of 1 time"
    assert plots.transition_title(segment_transitions([])) == "The lead never changes hands"
    counts = np.zeros((7, 7), dtype=np.int64)
    counts[HAPPY, NEUTRAL], counts[HAPPY, 0] = 3, 1
    title = plots.transition_title(TransitionMatrix(counts, counts / 4))
    assert title == "After happy comes neutral most often: 3 of 4 times"


def test_bars_of_a_frame_with_the_face_at_rest(smiling: TrackSummary) -> None:
    values = smiling.series.probabilities[70]
    figure = plots.frame_bars(values, rest=smiling.baseline)
    bars, ticks, texts = figure.data
    assert list(bars.x) == values.tolist()
    assert list(bars.marker.color) == [COLOURS[name] for name in EMOTIONS]
    assert figure.layout.title.text == f"Happy, {100 * values[HAPPY]:.1f} %"
    assert smiling.baseline is not None
    assert list(ticks.x) == smiling.baseline.level.tolist()
    assert texts.text[HAPPY] == f"{100 * values[HAPPY]:.1f} %"
    # In a column beyond every bar and tick.
    assert set(texts.x) == {figure.layout.xaxis.range[1]}
    assert figure.layout.xaxis.title.text == "probability (tick: the face at rest)"
    assert [trace.type for trace in plots.frame_bars(values).data] == ["bar", "scatter"]


def test_bars_of_changes_go_up_and_down(smiling: TrackSummary) -> None:
    figure = plots.delta_bars(smiling.deltas[90])
    (bars,) = figure.data
    assert bars.y[NEUTRAL] == pytest.approx(100 * smiling.deltas[90, NEUTRAL])
    assert bars.y[NEUTRAL] > 45
    assert bars.y[HAPPY] < -45
    assert bars.text[HAPPY].startswith("-")
    assert bars.text[NEUTRAL].startswith("+")
    low, high = figure.layout.yaxis.range
    assert low == -high
    assert high > np.abs(bars.y).max()
    assert figure.layout.title.text.startswith("Against the frame before: ")
    first = plots.delta_bars(smiling.deltas[0])
    assert first.layout.title.text == "No frame before this one to compare with"
    assert set(first.data[0].text) == {""}
    assert "-0.0" not in plots.delta_bars(np.array([-0.0003, 0.5, -0.4997, 0, 0, 0, 0])).data[0].text[0]
    assert plots.delta_bars(np.zeros(7)).layout.title.text == "Against the frame before: nothing changed"


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_every_figure_can_be_drawn_of_almost_nothing(person: Person, frames: int) -> None:
    track = person(frames)
    figures = [
        drawn(track, cursor_s=0.0),
        plots.timeline(track.smoothed, stacked=True),
        plots.delta_heatmap(track.series, track.deltas),
        plots.ribbon(track.segments),
        plots.transition_heatmap(track.transitions),
    ]
    for figure in figures:
        assert figure.layout.title.text
        assert figure.to_json()
    lines = lines_of(figures[0])
    assert [len(line.x) for line in lines.values()] == [frames] * 7
    # A single point is no line.
    assert {line.mode for line in lines.values()} == {"lines+markers"}
    assert set(names_beside(figures[0])) == (set(EMOTIONS) if frames else set())


def test_a_comparison_is_drawn_by_what_differs(person: Person, smiling: TrackSummary) -> None:
    happier = person(120, smiles=(0, 120))
    found = compare(person(120, smiles=(0, 0)).series, happier.series, names=("before", "after"))
    figure = plots.comparison_intervals(found)
    (points,) = figure.data
    assert points.x[HAPPY] == pytest.approx(50, abs=2)
    assert points.marker.symbol[HAPPY] == "circle"
    assert points.marker.symbol[EMOTIONS.index("sad")] == "circle-open"
    assert found.intervals is not None
    assert points.x[HAPPY] + points.error_x.array[HAPPY] == pytest.approx(100 * found.intervals[HAPPY].high)
    assert points.x[HAPPY] - points.error_x.arrayminus[HAPPY] == pytest.approx(100 * found.intervals[HAPPY].low)
    assert set(found.differing) == {"happy", "neutral"}
    assert figure.layout.title.text == f"{', '.join(found.differing).capitalize()} differ beyond chance"
    assert figure.layout.xaxis.title.text.startswith("after minus before")
    first, second = plots.comparison_lines(found, "happy").data
    assert (first.name, first.line.dash, second.name, second.line.dash) == ("before", "solid", "after", "dash")
    assert np.mean(second.y) - np.mean(first.y) == pytest.approx(0.5, abs=0.02)


def test_a_comparison_that_tells_nothing_says_so(person: Person) -> None:
    still = person(60, smiles=(0, 0)).series
    same = compare(still, still)
    assert plots.comparison_title(same) == "No emotion differs beyond chance"
    few = compare(person(3).series, person(3).series)
    assert plots.comparison_intervals(few).layout.title.text == "Only 3 moments in common: too little to tell"
    assert plots.comparison_intervals(few).data[0].error_x.array is None
    beyond, perhaps = Interval(0.1, 0.2), Interval(-0.1, 0.2)
    one = replace(same, mean=np.arange(7.0), intervals=(*[perhaps] * 3, beyond, *[perhaps] * 3))
    assert plots.comparison_title(one) == "Happy differs beyond chance"
    every = replace(one, intervals=(beyond,) * 7)
    assert plots.comparison_title(every) == "Surprise, sad, neutral and 4 more differ beyond chance"


@pytest.mark.parametrize("column", ["dwell", "mean"])
def test_groups_stand_beside_each_other_told_apart_by_colour_and_pattern(person: Person, column: str) -> None:
    found = compare(person(60, smiles=(0, 0)).series, person(60, smiles=(0, 60)).series)
    figure = plots.group_bars(found.group, column)
    first, second = figure.data
    assert (first.name, second.name) == ("A", "B")
    assert first.marker.color != second.marker.color
    assert first.marker.pattern.shape != second.marker.pattern.shape
    assert first.y[NEUTRAL] > 0.5 > second.y[NEUTRAL]
    assert figure.layout.title.text.endswith("?")
