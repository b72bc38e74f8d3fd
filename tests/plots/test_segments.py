"""Ribbon and transitions show the dominant emotion over time, and its transitions."""

from dataclasses import replace

import numpy as np

from ferdash.dynamics.summary import TrackSummary
from ferdash.dynamics.transitions import TransitionMatrix, segment_transitions
from ferdash.emotions import EMOTIONS
from ferdash.plots import segments as plots

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")


def test_a_ribbon_has_a_bar_for_each_segment_in_the_lane_of_its_emotion(smiling: TrackSummary) -> None:
    figure = plots.ribbon(smiling.segments, cursor_s=1.0)
    bars = {
        (name, base): width for bar in figure.data for name, base, width in zip(bar.y, bar.base, bar.x, strict=True)
    }
    assert bars == {(one.emotion, one.start_s): one.duration_s for one in smiling.segments}
    assert figure.layout.yaxis.categoryarray == ("neutral", "happy")
    assert figure.layout.title.text == "Neutral is dominant for 66.7% of the time, in 3 of 4 segments"
    assert figure.layout.shapes[0].x0 == 1.0
    assert plots.ribbon_title(smiling.segments[:1]) == "Neutral is dominant all the time"
    assert plots.ribbon_title([]) == "No emotion is dominant: there is no result"
    instant = replace(smiling.segments[0], end_s=smiling.segments[0].start_s)
    assert plots.ribbon_title([instant]) == "Neutral is dominant"


def test_transitions_show_counts_and_blank_rows_of_what_was_never_left(smiling: TrackSummary) -> None:
    figure = plots.transition_heatmap(smiling.transitions)
    (cells,) = figure.data
    assert cells.text[NEUTRAL][HAPPY] == "1"
    assert sum(text != "" for row in cells.text for text in row) == 2
    assert np.isnan(np.array(cells.z, dtype=float)[EMOTIONS.index("sad")]).all()
    assert figure.layout.title.text == "After happy comes neutral most often: 1 of 1 time"
    assert plots.transition_title(segment_transitions([])) == "The dominant emotion never switches"
    counts = np.zeros((7, 7), dtype=np.int64)
    counts[HAPPY, NEUTRAL], counts[HAPPY, 0] = 3, 1
    title = plots.transition_title(TransitionMatrix(counts, counts / 4))
    assert title == "After happy comes neutral most often: 3 of 4 times"
