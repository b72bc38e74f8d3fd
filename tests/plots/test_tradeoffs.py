import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.plots.tradeoffs import MOST_AXES, parallel_coordinates, pareto_front, scatter

POINTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=25)


@given(points=POINTS, less_x=st.booleans(), less_y=st.booleans())
def test_the_front_is_what_no_point_beats(points: list[tuple[int, int]], less_x: bool, less_y: bool) -> None:
    x, y = np.array(points).T
    front = pareto_front(x, y, less_x=less_x, less_y=less_y)
    good = np.stack([-x if less_x else x, -y if less_y else y], axis=1)
    beaten = [((other >= one).all() and (other > one).any()) for one in good for other in good]
    kept = {
        tuple(point) for point, row in zip(good, np.reshape(beaten, (len(good),) * 2), strict=True) if not row.any()
    }
    assert {tuple(good[place]) for place in front} == kept
    assert list(x[front]) == sorted(x[front])


def test_a_point_without_both_scores_is_never_on_the_front() -> None:
    assert pareto_front(np.array([np.nan, 1.0]), np.array([9.0, 1.0])).tolist() == [1]
    assert pareto_front(np.array([np.nan]), np.array([9.0])).tolist() == []


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run": ["a", "b", "c"],
            "title": ["first", "second", "third"],
            "accuracy": [0.5, 0.6, 0.4],
            "minutes": [1.0, 5.0, 2.0],
            "parameters": [None, None, None],
        }
    )


def test_a_better_score_may_cost_more(table: pd.DataFrame) -> None:
    figure = scatter(table, "Minutes of training", "Accuracy", chosen=["c"])
    assert figure.layout.title.text == "2 runs of 3 on the Pareto front"
    front, others, chosen = figure.data
    assert list(front.x) == [1, 5]
    assert list(others.text) == ["first", "second"]
    assert (list(chosen.text), list(chosen.marker.symbol)) == (["third"], ["circle"])


def test_figures_that_nobody_has_are_said_to_be_missing(table: pd.DataFrame) -> None:
    assert scatter(table, "Parameters", "Accuracy").layout.title.text == "No run has both figures"


def test_parallel_axes_show_what_varies_in_numbers_or_words() -> None:
    table = pd.DataFrame({"mode": ["uniform", "static"], "same": [1, 1], "seed": [3, 4], "Accuracy": [0.5, 0.6]})
    (lines,) = parallel_coordinates(table, "Accuracy").data
    mode, seed, accuracy = lines.dimensions
    assert (list(mode.values), list(mode.ticktext)) == ([1, 0], ["static", "uniform"])
    assert list(seed.values) == [3, 4]
    assert accuracy.label == "Accuracy"
    assert list(accuracy.ticktext) == ["50.0%", "60.0%"]
    assert list(seed.tickvals) == [3, 4]  # and none between them
    settings = pd.DataFrame({"optimizer.weight_decay": range(9), "Accuracy": np.linspace(0.5, 0.6, 9)})
    (decay, _) = parallel_coordinates(settings, "Accuracy").data[0].dimensions
    assert (decay.label, decay.tickvals) == ("weight decay", None)
    depths = pd.DataFrame({"depths": [[1, 1], [2, 1]], "Accuracy": [0.5, 0.6]})
    assert list(parallel_coordinates(depths, "Accuracy").data[0].dimensions[0].ticktext) == ["[1, 1]", "[2, 1]"]
    wide = pd.DataFrame({f"s{n}": [0, 1] for n in range(30)} | {"Accuracy": [0.5, 0.6]})
    assert len(parallel_coordinates(wide, "Accuracy").data[0].dimensions) == MOST_AXES


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([0.06087, 0.20193], ["0.061", "0.2"]),
        ([0.6149, 0.6151], ["0.6149", "0.6151"]),
        ([1e-6, 0.001, 0.01], ["0.000001", "0.001", "0.01"]),
        ([1.25, 130.2], ["1.2", "130"]),
        ([64, 1024, 1_846_279], ["64", "1,024", "1,846,279"]),
    ],
)
def test_few_numbers_have_as_many_digits_as_tell_them_apart(numbers: list[float], words: list[str]) -> None:
    table = pd.DataFrame({"minutes": numbers, "Accuracy": np.linspace(0.5, 0.6, len(numbers))})
    (minutes, _) = parallel_coordinates(table, "Accuracy").data[0].dimensions
    assert list(minutes.ticktext) == words


def test_a_scale_of_colours_is_drawn_only_where_scores_differ() -> None:
    same = pd.DataFrame({"seed": [0, 1], "Accuracy": [0.2, 0.2]})
    assert not parallel_coordinates(same, "Accuracy").data[0].line.showscale
    (lines,) = parallel_coordinates(same.assign(Accuracy=[0.2, 0.3]), "Accuracy").data
    assert lines.line.showscale
    assert lines.line.colorbar.tickformat == ".0%"
