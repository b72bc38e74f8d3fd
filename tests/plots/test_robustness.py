from dataclasses import replace

import numpy as np
import pytest

from ferdash.evaluation.corruptions import CORRUPTIONS
from ferdash.evaluation.cross import Cell
from ferdash.evaluation.intervals import Interval
from ferdash.evaluation.protocol import Protocol
from ferdash.evaluation.robustness import KINDS, Robustness
from ferdash.plots.robustness import cross_map, robustness_difference, robustness_map

PROTOCOL = Protocol("faces", "0123456789abcdef", "validation", 4, 0, 0, True, 0, "plain", "fedcba9876543210")


@pytest.fixture
def report() -> Robustness:
    """Noise costs most, darkness least."""
    accuracy = np.tile(np.linspace(0.6, 0.4, 5), (10, 1))
    accuracy[KINDS.index("noise")] = [0.3, 0.25, 0.2, 0.15, 0.1]
    accuracy[KINDS.index("dark")] = 0.7
    return Robustness(PROTOCOL, 0.72, accuracy, Interval(0.4, 0.6))


def test_the_map_has_the_figures_and_says_what_costs_most(report: Robustness) -> None:
    figure = robustness_map(report)
    (heat,) = figure.data
    assert heat.z.shape == (10, 7)
    assert (heat.y[0], heat.y[-1]) == ("Noise", "Dark")
    np.testing.assert_allclose(heat.z[0], [0.72, 0.3, 0.25, 0.2, 0.15, 0.1, 0.2])
    assert list(heat.text[0]) == ["72", "30", "25", "20", "15", "10", "20"]
    assert list(heat.x) == ["none", "1", "2", "3", "4", "5", "mean"]
    assert figure.layout.title.text == "49.0% when made worse, 72.0% as they are; noise costs most"
    assert heat.customdata[0][1] == "0.04 of the range (sigma)"


def test_the_difference_is_in_points_and_names_both(report: Robustness) -> None:
    other = replace(report, clean=0.7, accuracy=report.accuracy - np.linspace(0.01, 0.05, 5))
    figure = robustness_difference(report, other, names=("new", "old"))
    (heat,) = figure.data
    np.testing.assert_allclose(heat.z, [[2, 1, 2, 3, 4, 5, 3]] * 10)
    assert heat.text[0][5] == "+5.0"
    assert heat.zmin == -heat.zmax
    assert figure.layout.title.text == "new minus old: +3.0 points on faces made worse"
    behind = robustness_difference(other, report, names=("old", "new")).layout.title.text
    assert behind == "old minus new: -3.0 points on faces made worse"


@pytest.fixture
def cells() -> list[Cell]:
    ends = Interval(0, 1)
    home = Cell("small", "Small", PROTOCOL, 0.7, ends, 0.6, ends, (), "same source")
    away = replace(
        home, protocol=replace(PROTOCOL, dataset="posed", rows="9" * 16), accuracy=0.5, source="other source"
    )
    return [home, away, replace(home, model="other", accuracy=0.6, source="unknown")]


def test_models_by_datasets(cells: list[Cell]) -> None:
    figure = cross_map(cells)
    (heat,) = figure.data
    assert list(heat.y) == ["small", "other"]
    np.testing.assert_array_equal(heat.z, [[0.7, 0.5], [0.6, np.nan]])
    assert [list(row) for row in heat.text] == [["70.0% *", "50.0%"], ["60.0%", ""]]
    assert figure.layout.title.text == "Only scores in one column are of the same images"


def test_only_models_on_the_same_images_are_ranked(cells: list[Cell]) -> None:
    rivals = [cells[0], replace(cells[0], model="third", accuracy=0.8), cells[1]]
    rivals[2] = replace(cells[1], accuracy=0.99)  # higher, but of other images
    assert cross_map(rivals[:2]).layout.title.text == "Best of 2 on faces validation: third, 80.0%"


def test_every_kind_has_a_row(report: Robustness) -> None:
    assert set(robustness_map(report).data[0].y) == {one.title for one in CORRUPTIONS.values()}
