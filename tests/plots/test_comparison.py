"""Two recordings and groups of them, drawn by what differs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ferdash.dynamics.comparison import compare
from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import EMOTIONS
from ferdash.evaluation.intervals import Interval
from ferdash.plots import comparison as plots

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
Person = Callable[..., TrackSummary]


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
    assert figure.layout.title.text == f"{', '.join(found.differing).capitalize()} differ significantly"
    assert figure.layout.xaxis.title.text.startswith("after minus before")
    first, second = plots.comparison_lines(found, "happy").data
    assert (first.name, first.line.dash, second.name, second.line.dash) == ("before", "solid", "after", "dash")
    assert np.mean(second.y) - np.mean(first.y) == pytest.approx(0.5, abs=0.02)


def test_a_comparison_that_tells_nothing_says_so(person: Person) -> None:
    still = person(60, smiles=(0, 0)).series
    same = compare(still, still)
    assert plots.comparison_title(same) == "No emotion differs significantly"
    few = compare(person(3).series, person(3).series)
    assert plots.comparison_intervals(few).layout.title.text == "Only 3 moments in common: too little to tell"
    assert plots.comparison_intervals(few).data[0].error_x.array is None
    beyond, perhaps = Interval(0.1, 0.2), Interval(-0.1, 0.2)
    one = replace(same, mean=np.arange(7.0), intervals=(*[perhaps] * 3, beyond, *[perhaps] * 3))
    assert plots.comparison_title(one) == "Happy differs significantly"
    every = replace(one, intervals=(beyond,) * 7)
    assert plots.comparison_title(every) == "Surprise, sad, neutral and 4 more differ significantly"


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
