"""Timelines say what the numbers say: where, in which direction, and not across gaps."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.dynamics.moments import Moment
from ferdash.dynamics.series import TrackSeries
from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.plots import timeline as plots
from ferdash.plots.time_axis import MOST_POINTS

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
Person = Callable[..., TrackSummary]


def lines_of(figure: go.Figure) -> dict[str, go.Scatter]:
    """The last trace of each emotion, which is drawn in front."""
    return {trace.name: trace for trace in figure.data if trace.name in EMOTIONS}


def names_beside(figure: go.Figure) -> dict[str, float]:
    return {one.text: one.y for one in figure.layout.annotations if one.text in EMOTIONS}


def drawn(track: TrackSummary, **options) -> go.Figure:
    return plots.timeline(track.smoothed, raw=track.series, changes=track.moments, **options)


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
    changes = [moment.main for moment in smiling.moments]
    assert len(smiling.events) == 4
    figure = drawn(smiling)
    pins = figure.data[-1]
    assert list(pins.x) == [event.peak_s for event in changes]
    assert list(pins.customdata) == [event.peak_frame for event in changes] == [50, 90]
    shapes = {1: "triangle-up", -1: "triangle-down"}
    assert list(pins.marker.symbol) == [shapes[event.direction] for event in changes]
    assert list(pins.marker.color) == [COLOURS[event.emotion] for event in changes]
    # Above every line and inside the axis; what changes with the largest part has no pin of its own.
    assert 1 < min(pins.y) <= max(pins.y) < figure.layout.yaxis.range[1]
    assert all(len(moment.others) == 1 for moment in smiling.moments)
    lanes = {event.emotion: height for event, height in zip(changes, pins.y, strict=True)}
    assert lanes["happy"] - lanes["neutral"] == pytest.approx(plots.PIN_LANE)
    assert plots.pin_heights([], 0.0, 1.0) == ([], 1.0)
    assert pins.text[0].startswith(smiling.moments[0].sentence)
    assert "times what noise does" in pins.text[0]


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
    figure = drawn(smiling, baseline=smiling.baseline)
    happy = np.array(lines_of(figure)["happy"].y, dtype=float)
    assert happy[:40].mean() == pytest.approx(0, abs=0.01)
    assert happy[70] == pytest.approx(0.5, abs=0.03)
    low, high = figure.layout.yaxis.range
    assert low <= -0.5
    assert high >= 0.5
    assert figure.layout.yaxis.zeroline
    assert dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))[0.25] == "+25"
    assert figure.layout.yaxis.title.text == "points above the neutral baseline"


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
    assert drawn(smiling).layout.title.text == f"Person 1: {largest.sentence}, the largest of 2 changes"
    assert plots.timeline_title(smiling.series, [Moment(largest)]) == f"Person 1: {largest.sentence}"
    still = person(60, smiles=(0, 0))
    assert plots.timeline_title(still.series, still.moments) == "Person 1: no change beyond noise"
    assert plots.timeline_title(person(12).series, []) == "Person 1: too few frames to tell changes from noise"
    assert plots.timeline_title(person(0).series, []) == "Person 1: no frame with a result"


def test_a_long_series_is_thinned_and_still_breaks() -> None:
    rows = 4 * MOST_POINTS + 2
    frames = np.arange(rows) + np.where(np.arange(rows) >= 6001, 500, 0)
    line = lines_of(plots.timeline(TrackSeries(1, frames, frames / 25, np.full((rows, 7), 1 / 7))))["sad"]
    assert len(line.x) <= MOST_POINTS + 1
    assert np.isnan(np.array(line.y, dtype=float)).sum() == 1


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_a_timeline_of_almost_nothing(person: Person, frames: int) -> None:
    figure = drawn(person(frames), cursor_s=0.0)
    lines = lines_of(figure)
    assert [len(line.x) for line in lines.values()] == [frames] * 7
    # A single point is no line.
    assert {line.mode for line in lines.values()} == {"lines+markers"}
    assert set(names_beside(figure)) == (set(EMOTIONS) if frames else set())
