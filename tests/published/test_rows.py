from dataclasses import replace

import pytest

from ferdash.emotions import EMOTIONS
from ferdash.published.reader import read_report
from ferdash.published.rows import curve_rows, f1_rows, published_runs, why_not_paired
from ferdash.runs.compare import f1_table
from ferdash.runs.index import PUBLISHED, RunSummary
from ferdash.runs.table import measured_alike, runs_table, search


def row(name: str) -> RunSummary:
    return next(run for run in published_runs() if run.recipe == name)


def test_every_experiment_is_a_row_with_the_mark() -> None:
    table = runs_table(published_runs())
    assert list(table["Recipe"]) == [experiment.name for experiment in read_report().experiments]
    assert table["Run"].is_unique
    assert table["Mark"].str.startswith(PUBLISHED).all()
    assert list(table["Best accuracy"]) == pytest.approx([88.31, 41.14, 72.71, 74.71, 80.05, 76.99, 58.71, 60.0])
    assert list(table["Best epoch"]) == [0, 1, 1, 5, 1, 4, 1, 1]


def test_what_followed_test_scores_says_so() -> None:
    assert [run.recipe for run in published_runs() if run.tuned_on_test] == ["adaptive_training"]
    assert row("adaptive_training").mark == "published, not run here, tuned on test"


def test_a_best_epoch_before_the_last_has_no_f1_of_another_epoch() -> None:
    adaptive = row("adaptive_training")
    assert (adaptive.best.macro_f1, adaptive.best.worst_emotion) == (None, None)
    assert (adaptive.last.accuracy, adaptive.last.worst_emotion) == (0.766, "fear")
    assert adaptive.last.macro_f1 == pytest.approx(0.7659, abs=1e-4)


def test_they_stand_apart_from_runs_and_by_their_images() -> None:
    ours = replace(row("full_dataset_test"), id="ours", kind="run", dataset="fer2013", dataset_hash="9079", images=9)
    groups = measured_alike([*published_runs(), ours])
    assert [len(group.runs) for group in groups] == [1, 5, 3]
    assert groups[1].described == "Published, not run here, on 700 images of the report's test split"
    assert [run.recipe for run in search(published_runs(), "5.4 ADAPTIVE")] == ["adaptive_training"]


def test_their_f1_stands_beside_others() -> None:
    first, other = row("full_dataset_single_epoch"), row("baseline_evaluation")
    published = f1_rows([first.id, other.id, "20250101-000000-a-0001"])
    table = f1_table([], published_runs(), first.id, published).set_index(["run", "emotion"])
    assert table.loc[(other.id, "sad"), "f1"] == 0.8289
    assert table.loc[(other.id, "sad"), "difference"] == pytest.approx(0.8289 - 0.7147)
    assert table.loc[(first.id, "happy"), "support"] == 1774
    assert len(table) == 2 * len(EMOTIONS)
    assert f1_rows([]).empty


def test_their_progressions_are_curves() -> None:
    five, ten = row("full_dataset_multi_epoch").id, row("adaptive_training").id
    curve = curve_rows([five, ten, row("baseline_evaluation").id], "accuracy")
    assert curve.groupby("run").size().to_dict() == {five: 5, ten: 10}
    assert curve[curve["run"] == ten].iloc[3]["value"] == 0.7699
    assert curve["epoch"].min() == 0
    assert curve["seconds"].isna().all()
    assert curve_rows([five], "train_loss")["value"].is_monotonic_decreasing
    assert curve_rows([five], "macro_f1").empty


def test_why_they_are_not_held_against_each_other() -> None:
    first, other = row("full_dataset_single_epoch"), row("baseline_evaluation")
    assert why_not_paired(first, other, ("A", "B")) == (
        "A and B were published for equally many images (7,178), but not image by image, so whether their difference "
        "could be chance cannot be tested."
    )
    ours = replace(first, id="ours", kind="run", dataset="fer2013", dataset_hash="9079", images=3589)
    assert why_not_paired(ours, other, ("A", "B")) == (
        "B against A: not comparable, measured on 7,178 images of the report's test split against measured on 3,589 "
        "images of fer2013. B is published, not run here; its figures for each emotion stand beside the others for "
        "orientation only."
    )
    fresh = replace(ours, images=None)
    assert "A is published" in why_not_paired(first, fresh, ("A", "B"))
    assert "not measured yet against measured on 7,178 images" in why_not_paired(first, fresh, ("A", "B"))
