import json

import pytest

from ferdash.errors import RunError
from ferdash.runs import store
from ferdash.runs.baseline import read_baseline, write_baseline
from tests.runs.conftest import row_of

BEFORE = {"images": 3589, "accuracy": 0.675, "macro_f1": 0.64}


@pytest.fixture
def run(make_run):
    return make_run("20250101-000000-corrections-0001", ())


def test_a_run_that_did_not_measure_it_has_none(run):
    assert read_baseline(run.folder) is None


def test_before_the_first_epoch_only_the_start_is_known(run):
    write_baseline(run.folder, BEFORE)
    found = read_baseline(run.folder)
    assert (found.baseline_accuracy, found.baseline_macro_f1, found.best_accuracy) == (0.675, 0.64, None)
    assert found.sentence == "Baseline score: 67.5% of 3,589 validation faces recognised."


@pytest.mark.parametrize(
    ("accuracies", "sentence"),
    [
        ([0.670, 0.682], "after epoch 2, the best, 68.2% (+0.7 points)."),
        ([0.670, 0.661], "after epoch 1, the best, 67.0% (-0.5 points)."),
        ([0.6751], "after epoch 1, the best, 67.5% (the same)."),
    ],
)
def test_afterwards_the_best_epoch_is_set_beside_it(run, accuracies, sentence):
    write_baseline(run.folder, BEFORE)
    for epoch, accuracy in enumerate(accuracies):
        store.append_metrics(run.folder, row_of(epoch, accuracy))
    assert read_baseline(run.folder).sentence.endswith(sentence)


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"validation": {"images": 3}})])
def test_something_else_in_its_place_is_said(run, content):
    (run.folder / "baseline_score.json").write_text(content)
    with pytest.raises(RunError, match=r"baseline_score\.json of run .* is not what ferdash writes there"):
        read_baseline(run.folder)
