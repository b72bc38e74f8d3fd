import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from ferdash.runs.groups import cross_validations, group_summary, why_groups_not_comparable
from ferdash.runs.index import RunSummary, list_runs, sound


def test_several_seeds_are_a_mean_and_a_spread(make_run, root: Path) -> None:
    scores = [(0.3, 0.5, 0.4), (0.2, 0.6, 0.55), (0.1, 0.4, 0.45)]
    for seed, accuracies in enumerate(scores):
        make_run(f"run-{seed}", accuracies, config={"seed": seed}, group="three seeds")
    make_run("alone")
    make_run("waiting", (), config={"seed": 9}, group="three seeds", state="queued")
    (group,) = group_summary(sound(list_runs(root)))
    assert (group.name, group.over) == ("three seeds", "3 seeds")
    assert group.runs == ("run-2", "run-1", "run-0")
    best, last = [max(values) for values in scores], [values[-1] for values in scores]
    assert group.best["accuracy"].mean == pytest.approx(statistics.mean(best))
    assert group.best["accuracy"].std == pytest.approx(statistics.stdev(best))
    assert group.last["accuracy"].mean == pytest.approx(statistics.mean(last))
    assert group.last["worst_f1"].mean == pytest.approx(0.1)


def test_only_seed_or_fold_makes_a_group(make_run, root: Path) -> None:
    for index in range(2):
        make_run(f"fold-{index}", config={"folds": {"count": 2, "index": index}}, group="folds")
        make_run(f"apart-{index}", config={"seed": index, "epochs": 7})
        make_run(f"trial-{index}", config={"optimizer": {"lr": 0.1 + index}}, group="a study")
        make_run(f"same-{index}", config={"epochs": 9}, group="same")
    groups = group_summary(sound(list_runs(root)))
    assert {group.runs: group.over for group in groups} == {
        ("fold-1", "fold-0"): "2 folds",
        ("apart-1", "apart-0"): "2 seeds",
    }


def test_groups_are_called_what_tells_them_apart(make_run, root: Path) -> None:
    for seed in range(2):
        make_run(f"a{seed}", config={"seed": seed}, name="small", group="g-1")
        make_run(f"b{seed}", config={"seed": seed, "epochs": 7}, name="small", group="g-2")
        make_run(f"c{seed}", config={"seed": seed, "epochs": 9}, group="g-3")
    names = [group.name for group in group_summary(sound(list_runs(root)))]
    assert len(set(names)) == 3
    assert sorted(name[:6].strip() for name in names) == ["g-3", "small", "small"]


def test_groups_of_other_images_or_of_several_settings_are_not_compared(make_run, root: Path) -> None:
    for seed in range(2):
        make_run(f"a{seed}", config={"seed": seed}, group="a")
        make_run(f"b{seed}", config={"seed": seed, "epochs": 7}, group="b")
    summaries = {run.id: run for run in sound(list_runs(root))}
    a, b = ([summaries[f"{name}{seed}"] for seed in range(2)] for name in "ab")
    assert why_groups_not_comparable(a, b) is None
    elsewhere: list[RunSummary] = [replace(run, images=50) for run in b]
    assert "70 validation images, the other on 50 validation images" in (why_groups_not_comparable(a, elsewhere) or "")
    assert "“a” is no group of seeds or folds" in (why_groups_not_comparable([a[0], b[0]], b) or "")


def test_a_cross_validation_says_what_it_lacks(make_run, root: Path) -> None:
    def lacks(**changes: object) -> dict[str, str]:
        runs = [run for run in sound(list_runs(root)) if run.group]
        return cross_validations([replace(runs[0], **changes), *runs[1:]], runs[0].dataset_hash)

    make_run("alone")
    make_run("fold-0", config={"folds": {"count": 2, "index": 0}}, group="folds")
    assert lacks() == {"folds": "fold 2 of 2 is missing"}
    make_run("fold-1", config={"folds": {"count": 2, "index": 1}}, group="folds")
    assert lacks() == {"folds": ""}
    assert lacks(fold=(2, 0)) == {"folds": "fold 1 of 2 is there twice"}
    assert lacks(fold=(5, 1)) == {"folds": "it has folds of 2 and of 5"}
    assert lacks(state="running") == {"folds": "run fold-1 is not finished"}
    assert lacks(per_class=100) == {"folds": "its folds were measured on some of their images only"}
    assert cross_validations(sound(list_runs(root)), "another content") == {}
