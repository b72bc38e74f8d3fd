import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.calibration import reliability, selective_accuracy
from ferdash.plots import experiments as plots
from ferdash.runs.groups import GroupSummary, Spread
from ferdash.runs.index import RunSummary, Score

TITLES = {"a": "first", "b": "second"}


@pytest.fixture
def curves() -> pd.DataFrame:
    rows = [("a", 0, 10.0, 0.2), ("a", 1, 20.0, 0.5), ("b", 0, 60.0, 0.4), ("b", 1, 120.0, 0.3)]
    return pd.DataFrame(rows, columns=["run", "epoch", "seconds", "value"])


@pytest.fixture
def f1() -> pd.DataFrame:
    table = pd.DataFrame({"run": np.repeat(["a", "b"], 7), "emotion": [*EMOTIONS] * 2, "f1": np.linspace(0.1, 0.8, 14)})
    table["difference"] = table["f1"] - np.tile(table["f1"][:7], 2)
    return table


def test_curves_run_over_epochs_from_one_or_minutes(curves: pd.DataFrame) -> None:
    figure = plots.learning_curves(curves, TITLES, measure="accuracy", title="Accuracy")
    assert [list(trace.x) for trace in figure.data] == [[1, 2], [1, 2]]
    assert figure.layout.title.text == "Highest accuracy: first, 50.0% in epoch 2"
    by_time = plots.learning_curves(curves, TITLES, measure="log_loss", title="Log loss", by="seconds")
    assert list(by_time.data[1].x) == [1, 2]
    assert by_time.layout.title.text == "Lowest log loss: first, 0.200 in epoch 1"


def test_runs_of_different_images_are_not_ranked_by_a_title(curves: pd.DataFrame, f1: pd.DataFrame) -> None:
    figure = plots.learning_curves(curves, TITLES, measure="accuracy", title="Accuracy", alike=False)
    assert figure.layout.title.text == "Accuracy, of different images: not to be ranked"
    training = plots.learning_curves(curves, TITLES, measure="train_loss", title="Training loss")
    assert training.layout.title.text == "Training loss over the training"
    apart = f1.assign(difference=f1["difference"].where(f1["run"] == "a"))
    assert [trace.name for trace in plots.emotion_differences(apart, TITLES, "a").data] == []
    higher_elsewhere = apart.assign(f1=np.where(apart["run"] == "b", 1 - apart["f1"], apart["f1"]))
    assert plots.emotion_bars(higher_elsewhere, TITLES).layout.title.text == "Angry is hardest, surprise easiest"


@pytest.mark.parametrize(("last", "step"), [(1, 1), (10, 1), (20, 2), (60, 5), (100, 10), (500, 50)])
def test_ticks_are_at_whole_epochs(last: int, step: int) -> None:
    figure = go.Figure()
    plots.whole_epochs(figure, last)
    assert figure.layout.xaxis.dtick == step


def test_smoothing_keeps_the_points_visible(curves: pd.DataFrame) -> None:
    figure = plots.learning_curves(curves, TITLES, measure="accuracy", title="Accuracy", smoothing=0.5)
    assert [trace.mode for trace in figure.data] == ["markers", "lines+markers"] * 2
    assert list(figure.data[0].y) == [0.2, 0.5]
    assert list(figure.data[1].y) == pytest.approx([0.2, (0.25 * 0.2 + 0.5 * 0.5) / 0.75])


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.floats(0, 0.95))
def test_smoothed_values_stay_within_what_they_smooth(values: list[float], weight: float) -> None:
    result = plots.smoothed(np.array(values), weight)
    so_far = np.array([(min(values[: n + 1]), max(values[: n + 1])) for n in range(len(values))])
    assert (result >= so_far[:, 0] - 1e-9).all()
    assert (result <= so_far[:, 1] + 1e-9).all()
    assert result[0] == pytest.approx(values[0])


def test_a_measure_nobody_has_says_so(curves: pd.DataFrame) -> None:
    figure = plots.learning_curves(curves.iloc[:0], TITLES, measure="ece", title="Calibration error")
    assert figure.layout.title.text == "Calibration error is not known for these runs"


def test_emotions_stand_side_by_side_and_against_the_baseline(f1: pd.DataFrame) -> None:
    bars = plots.emotion_bars(f1, TITLES)
    assert [trace.name for trace in bars.data] == ["first", "second"]
    assert bars.layout.title.text == "Angry is hardest, surprise easiest"
    apart = plots.emotion_differences(f1, TITLES, "a")
    assert [trace.name for trace in apart.data] == ["second"]
    assert apart.layout.title.text.startswith("Difference to first: largest for ")
    assert (
        plots.emotion_differences(f1[f1["run"] == "a"], {"a": "first"}, "a").layout.title.text == "Difference to first"
    )


def test_runs_are_told_apart_by_more_than_colour(f1: pd.DataFrame, curves: pd.DataFrame) -> None:
    patterns = {trace.marker.pattern.shape for trace in plots.emotion_bars(f1, TITLES).data}
    dashes = {
        trace.line.dash for trace in plots.learning_curves(curves, TITLES, measure="accuracy", title="Accuracy").data
    }
    assert len(patterns) == len(dashes) == 2


def test_trust_is_drawn_for_each_run() -> None:
    rng = np.random.default_rng(0)
    given_ = {"y_true": rng.integers(0, 7, 200), "probabilities": rng.dirichlet(np.ones(7), 200)}
    lines = plots.reliability_lines({"first": reliability(**given_)})
    assert [trace.name for trace in lines.data] == ["as stated", "first"]
    assert sum(lines.data[1].customdata) == 200
    covered = plots.coverage_lines({"first": selective_accuracy(**given_)})
    assert covered.data[0].x[-1] == 1


def test_a_group_is_its_runs_with_mean_and_spread() -> None:
    spread = Spread(mean=0.6, std=0.1, runs=2)
    group = GroupSummary("three", ("a", "b"), "2 seeds", {"accuracy": spread}, {})
    members = {"a": _summary(0.5), "b": _summary(0.7)}
    figure = plots.group_spread([group], members, "accuracy", "Accuracy")
    assert list(figure.data[0].x) == [0.5, 0.7]
    assert (list(figure.data[1].x), list(figure.data[1].error_x.array)) == ([0.6], [0.1])
    assert (
        "more than their spread" in plots.group_spread([group] * 2, members, "accuracy", "Accuracy").layout.title.text
    )


def _summary(accuracy: float) -> RunSummary:
    empty = dict.fromkeys(RunSummary.__dataclass_fields__)
    return RunSummary(**{**empty, "best": Score(0, accuracy, None, None, None)})
