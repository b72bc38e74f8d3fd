import numpy as np
import pytest

from ferdash.plots.studies import importance_bars, pareto_scatter, settings_lines
from ferdash.runs.studies import Study, Trial


def trial(number: int, accuracy: float | None, worst_f1: float | None, on_front: bool = False) -> Trial:
    state = "running" if accuracy is None else "finished"
    settings = {"optimizer.lr": 0.001 * number, "schedule.name": "cosine" if number % 2 else "constant"}
    return Trial(number, state, settings, accuracy, worst_f1, f"run-{number}", "here", "", on_front)


@pytest.fixture
def study() -> Study:
    trials = (trial(1, 0.6, 0.1, True), trial(2, 0.5, 0.05), trial(3, 0.4, 0.3, True), trial(4, None, None))
    return Study("s", {"vary": ["optimizer.lr=0.001..0.01", "schedule.name=constant|cosine"]}, trials)


def test_the_front_is_a_line_of_diamonds_by_number(study: Study) -> None:
    figure = pareto_scatter(study)
    beaten, front = figure.data
    assert list(beaten.x) == [0.5]
    assert (list(front.x), list(front.y), list(front.text)) == ([0.6, 0.4], [0.1, 0.3], ["1", "3"])
    assert front.marker.symbol == "diamond"
    assert front.customdata[0] == "lr 0.001<br>name cosine"
    told = "2 trials of 3 on the Pareto front: from 60.0% accuracy to a worst F1 of 0.300"
    assert figure.layout.title.text == told


def test_a_study_without_a_finished_trial_says_so() -> None:
    empty = Study("s", {"vary": ["optimizer.lr=0.001..0.01"]}, (trial(1, None, None),))
    assert pareto_scatter(empty).layout.title.text == "No trial is finished yet"


def test_each_finished_trial_is_a_line_over_settings_and_scores(study: Study) -> None:
    (lines,) = settings_lines(study).data
    assert [axis.label for axis in lines.dimensions] == ["lr", "name", "Worst emotion's F1", "Accuracy"]
    np.testing.assert_allclose(lines.dimensions[0].values, [0.001, 0.002, 0.003])
    np.testing.assert_allclose(lines.line.color, [0.6, 0.5, 0.4])


def test_the_most_important_setting_is_on_top_and_in_the_title() -> None:
    figure = importance_bars(
        {"accuracy": {"optimizer.lr": 0.8, "batch_size": 0.2}, "worst_f1": {"batch_size": 0.4, "optimizer.lr": 0.6}}
    )
    accuracy, worst = figure.data
    assert figure.layout.title.text == "The scores vary most with lr"
    assert list(accuracy.y) == ["batch_size", "lr"]
    assert (list(accuracy.x), list(worst.x)) == ([0.2, 0.8], [0.4, 0.6])
    assert accuracy.marker.pattern.shape != worst.marker.pattern.shape
