"""Charts that stand under each other share their time, however little there is to show."""

from collections.abc import Callable

import pytest

from ferdash.dynamics.summary import TrackSummary
from ferdash.plots.changes import delta_heatmap
from ferdash.plots.segments import ribbon, transition_heatmap
from ferdash.plots.timeline import timeline


def test_charts_under_each_other_share_their_time(smiling: TrackSummary) -> None:
    first = timeline(smiling.smoothed)
    span = first.layout.xaxis.range
    for other in (
        timeline(smiling.smoothed, stacked=True),
        delta_heatmap(smiling.series, smiling.deltas),
        ribbon(smiling.segments, span_s=span),
    ):
        assert other.layout.xaxis.range == span
        assert (other.layout.margin.l, other.layout.margin.r) == (first.layout.margin.l, first.layout.margin.r)
        assert other.layout.yaxis.automargin is False


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_every_figure_can_be_drawn_of_almost_nothing(person: Callable[..., TrackSummary], frames: int) -> None:
    track = person(frames)
    for figure in (
        timeline(track.smoothed, raw=track.series, changes=track.moments, cursor_s=0.0),
        timeline(track.smoothed, stacked=True),
        delta_heatmap(track.series, track.deltas),
        ribbon(track.segments),
        transition_heatmap(track.transitions),
    ):
        assert figure.layout.title.text
        assert figure.to_json()
