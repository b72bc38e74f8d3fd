from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.runs import compare, store
from ferdash.runs.index import list_runs, sound
from ferdash.runs.predictions import read_predictions, write_predictions

LABELS = np.array([0, 1, 2, 3, 4, 5, 6, 3, 3, 5])


def predictions(run: store.Run, predicted: np.ndarray, rows: np.ndarray | None = None, sure: float = 0.7) -> None:
    """Write validation predictions with the true labels of LABELS."""
    probabilities = np.full((len(predicted), len(EMOTIONS)), (1 - sure) / 6, dtype=np.float32)
    probabilities[np.arange(len(predicted)), predicted] = sure
    rows = np.arange(100, 100 + len(predicted)) if rows is None else rows
    labels = LABELS[: len(predicted)]
    write_predictions(run.folder, "validation", rows=rows, labels=labels, probabilities=probabilities)


def test_only_what_differs_is_shown(make_run) -> None:
    first = make_run("a").record["config"]
    second = make_run("b", config={"seed": 1, "optimizer": {"name": "adamw", "lr": 0.1}}).record["config"]
    assert compare.settings_differences({"a": first, "b": second}) == {
        "seed": {"a": 0, "b": 1},
        "optimizer.lr": {"a": 0.002, "b": 0.1},
    }
    assert compare.settings_differences({"a": first}) == {}


def test_a_setting_that_came_later_has_its_default_in_older_runs() -> None:
    configs = {"old": {"seed": 1}, "new": {"seed": 1, "loss": {"teachers": "", "share": 0.5}}}
    assert compare.settings_differences(configs, {"loss": {"teachers": "", "share": 0.25}}) == {
        "loss.share": {"old": 0.25, "new": 0.5}
    }
    assert compare.settings_differences(configs)["loss.teachers"] == {"old": None, "new": ""}


def test_curves_are_long_form_with_the_time_elapsed(make_run) -> None:
    table = compare.learning_curves([make_run("a", (0.3, 0.5)), make_run("b", (0.4,))])
    assert table.to_dict("list") == {
        "run": ["a", "a", "b"],
        "epoch": [0, 1, 0],
        "seconds": [1.5, 4.0, 1.5],
        "value": [0.3, 0.5, 0.4],
    }


def test_every_measure_has_a_curve(make_run) -> None:
    run = make_run("a", (0.3, 0.5))
    assert compare.learning_curves([run], "train_loss")["value"].tolist() == [2.0, 1.0]
    assert compare.learning_curves([run], "log_loss")["value"].tolist() == [0.85, 0.75]
    assert compare.learning_curves([run], "f1.fear")["value"].tolist() == [pytest.approx(0.3)] * 2
    assert compare.learning_curves([run], "brier").empty


def test_the_curve_of_a_child_goes_on_from_its_parents(make_run) -> None:
    make_run("a", (0.3, 0.5, 0.4))
    child = make_run("b", (0.6,), first_epoch=2, parent={"run": "a", "checkpoint": "epoch-002", "changes": {}})
    table = compare.learning_curves([child])
    assert table["value"].tolist() == [0.3, 0.5, 0.6]
    assert table["seconds"].tolist() == [1.5, 4.0, 7.5]


def test_the_f1_of_each_emotion_stands_beside_a_baseline(make_run, root: Path) -> None:
    one, two = make_run("a", ()), make_run("b", ())
    worse, better = [0.1, None, 0.3, 0.4, 0.5, 0.6, 0.7], [0.2, 0.5, 0.2, 0.4, 0.5, 0.6, 0.9]
    for run, f1 in ((one, worse), (two, better)):
        support = [0 if value is None else 10 for value in f1]
        row = {"images": 60, "accuracy": 0.5, "f1": f1, "support": support}
        store.append_metrics(run.folder, {"epoch": 0, "validation": row})
    summaries = sound(list_runs(root))
    table = compare.f1_table([one, two], summaries).set_index(["run", "emotion"])
    assert table.loc[("b", "fear"), "difference"] == pytest.approx(-0.1)
    assert table.loc[("b", "surprise"), "difference"] == pytest.approx(0.2)
    assert table.loc[("a", "angry"), "difference"] == 0
    assert table.loc[("a", "disgust"), "support"] == 0
    assert pd.isna(table.loc[("a", "disgust"), "f1"])
    assert pd.isna(table.loc[("b", "disgust"), "difference"])
    pinned = compare.f1_table([one, two], summaries, baseline="b").set_index(["run", "emotion"])
    assert pinned.loc[("a", "fear"), "difference"] == pytest.approx(0.1)
    assert compare.f1_table([one], [replace(summaries[1], best=None)], "a").empty
    elsewhere = [replace(summaries[0], dataset_hash="0" * 16), summaries[1]]
    apart = compare.f1_table([one, two], elsewhere).set_index("run")
    assert apart.loc["b", "difference"].isna().all()
    assert apart.loc["a", "difference"].notna().any()


def test_right_and_wrong_by_dataset_row_the_most_confident_first(make_run) -> None:
    a, b = make_run("a"), make_run("b")
    wrong = (LABELS + 1) % 7
    predicted_a, predicted_b = LABELS.copy(), LABELS.copy()
    predicted_a[[2, 5]] = wrong[[2, 5]]
    predicted_b[[0, 5, 7]] = wrong[[0, 5, 7]]
    predictions(a, predicted_a)
    predictions(b, predicted_b, sure=0.9)
    one, two = compare.read_answers(a), compare.read_answers(b)
    found = compare.disagreements(one, two)
    assert found.only_a.tolist() == [100, 107]
    assert found.only_b.tolist() == [102]
    labels, left, right = compare.paired_answers(one, two)
    assert labels.tolist() == LABELS.tolist()
    assert ((left == labels).sum(), (right == labels).sum()) == (8, 7)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40))
def test_disagreements_are_those_of_a_plain_loop(triples: list[tuple[int, int, int]]) -> None:
    labels, *answers = np.array(triples).T
    one, two = (
        compare.Answers("r", "d", "h", "validation", np.arange(len(labels)), labels, np.eye(7, dtype=np.float32)[guess])
        for guess in answers
    )
    found = compare.disagreements(one, two)
    assert sorted(found.only_a) == [i for i, (y, p, q) in enumerate(triples) if p == y != q]
    assert sorted(found.only_b) == [i for i, (y, p, q) in enumerate(triples) if q == y != p]


def test_the_order_in_which_predictions_were_written_does_not_matter(make_run) -> None:
    a, b = make_run("a"), make_run("b")
    predictions(a, LABELS)
    order = np.random.default_rng(0).permutation(len(LABELS))
    table = read_predictions(a.folder, "validation").iloc[order]
    table.to_parquet(b.folder / "predictions" / "validation.parquet")
    one, two = compare.read_answers(a), compare.read_answers(b)
    assert compare.why_not_comparable(one, two) is None
    np.testing.assert_array_equal(one.probabilities, two.probabilities)


def test_scores_of_different_images_are_not_compared(make_run) -> None:
    runs = {
        "a": make_run("a"),
        "b": make_run("b"),
        "version": make_run("version", dataset={"name": "faces", "hash": "aaaabbbbcccc"}),
        "other": make_run("other", dataset={"name": "fer2013", "hash": "aaaabbbbcccc"}),
    }
    for run in runs.values():
        predictions(run, LABELS)
    predictions(runs["b"], LABELS[:4], rows=np.array([102, 103, 104, 7]))
    a, b, version, other = (compare.read_answers(run) for run in runs.values())
    assert compare.why_not_comparable(a, a) is None
    assert "measured on 10 images, the other on 4 images, and only 3 of them are the same" in (
        compare.why_not_comparable(a, b) or ""
    )
    predictions(runs["other"], LABELS, rows=np.arange(200, 210))
    same_number = replace(compare.read_answers(runs["other"]), dataset_hash=a.dataset_hash)
    assert "on 10 images, the other on 10 images, and only 0 of them are the same" in (
        compare.why_not_comparable(a, same_number) or ""
    )
    with pytest.raises(RunError, match="Not comparable"):
        compare.paired_answers(a, same_number)
    assert "two versions of faces (9079d33a and aaaabbbb)" in (compare.why_not_comparable(a, version) or "")
    assert "measured on faces and fer2013" in (compare.why_not_comparable(a, other) or "")
    with pytest.raises(RunError, match="Not comparable"):
        compare.disagreements(a, b)


def test_splits_are_not_mixed(make_run) -> None:
    run = make_run("a")
    predictions(run, LABELS)
    table = read_predictions(run.folder, "validation")
    table.to_parquet(run.folder / "predictions" / "test.parquet")
    reason = compare.why_not_comparable(compare.read_answers(run), compare.read_answers(run, "test"))
    assert reason == "Not comparable: one was measured on the validation split, the other on test."


def test_predictions_that_are_missing_or_damaged_are_named(make_run) -> None:
    run = make_run("a")
    with pytest.raises(RunError, match="Run a has no predictions for validation"):
        compare.read_answers(run)
    path = run.folder / "predictions" / "validation.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(RunError, match="predictions of run a for validation cannot be read"):
        compare.read_answers(run)
    pd.DataFrame({"row": [1], "label": [0]}).to_parquet(path)
    with pytest.raises(RunError, match="there is no column angry"):
        compare.read_answers(run)
