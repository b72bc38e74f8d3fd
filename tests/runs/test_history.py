from pathlib import Path

import pytest

from ferdash.runs import history, store


def parent_of(run: str, **changes: list) -> dict:
    return {"run": run, "checkpoint": "last", "changes": changes}


def test_a_history_spans_the_runs_that_were_continued(make_run, root: Path) -> None:
    make_run("a", (0.1, 0.2, 0.3))
    make_run("b", (0.4, 0.5), first_epoch=2, parent=parent_of("a", epochs=[3, 5]))
    last = make_run("c", (0.6,), first_epoch=4, parent=parent_of("b"))
    rows = history.full_history(last)
    assert [(row["epoch"], row["validation"]["accuracy"]) for row in rows] == [
        (0, 0.1),
        (1, 0.2),
        (2, 0.4),
        (3, 0.5),
        (4, 0.6),
    ]


def test_a_run_that_starts_from_anothers_network_counts_anew(make_run, root: Path) -> None:
    make_run("a", (0.1, 0.2))
    fresh = make_run("b", (), config={"start_from": "run:a@best"}, parent=parent_of("a"))
    assert history.full_history(fresh) == []
    child = make_run("c", (), config={"start_from": "run:a@best"}, parent=parent_of("b"))
    store.append_metrics(fresh.folder, {"epoch": 0, "validation": {"accuracy": 0.7}})
    assert [row["validation"]["accuracy"] for row in history.full_history(child)] == [0.7]


def test_a_deleted_parent_leaves_a_history_that_starts_later(make_run, root: Path) -> None:
    child = make_run("b", (0.4,), first_epoch=2, parent=parent_of("deleted"))
    assert [row["epoch"] for row in history.full_history(child)] == [2]


def test_runs_that_claim_to_continue_each_other_come_to_an_end(make_run, root: Path) -> None:
    make_run("a", (0.1,), first_epoch=1, parent=parent_of("b"))
    run = make_run("b", (0.2,), first_epoch=2, parent=parent_of("a"))
    assert [row["epoch"] for row in history.full_history(run)] == [1, 2]


@pytest.mark.parametrize(
    ("validation", "select", "expected"),
    [
        ({"accuracy": 0.5}, "accuracy", 0.5),
        ({"accuracy": 0.5, "macro_f1": 0.25}, "macro_f1", 0.25),
        ({"accuracy": 0.5, "f1": [None, 0.1, 0.9]}, "balanced", 0.3),
        ({}, "accuracy", float("-inf")),
        ({"accuracy": 0.5, "f1": [None]}, "balanced", float("-inf")),
        ({"accuracy": None}, "accuracy", float("-inf")),
        ({"accuracy": 0.5, "raters": {"agreement": 0.8}}, "majority", 0.8),
        ({"accuracy": 0.5, "raters": None}, "majority", float("-inf")),
        ({"accuracy": 0.5}, "majority", float("-inf")),
    ],
)
def test_the_score_that_selects(validation: dict, select: str, expected: float) -> None:
    assert history.selection_score(validation, select) == pytest.approx(expected)
