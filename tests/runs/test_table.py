from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ferdash.runs.index import RunSummary, list_runs, sound
from ferdash.runs.table import COLUMNS, measured_alike, runs_table, search, settings_and_scores, titles


@pytest.fixture
def summaries(root: Path, make_run) -> list[RunSummary]:
    """Newest first: d (a fold), c (not measured), b (named, tuned on test), a."""
    focus = {"mode": "adaptive", "weights": {}, "focus": {"k": 2, "measured_on": "test"}}
    make_run("20250101-000000-fernet-aaaa")
    make_run("20250102-000000-fernet-bbbb", name="Second", config={"sampling": focus, "seed": 1})
    make_run("20250103-000000-fernet-cccc", accuracies=())
    make_run("20250104-000000-fernet-dddd", config={"folds": {"count": 3, "index": 1}}, group="three")
    return sound(list_runs(root))


def tails(runs) -> str:
    return "".join(run.id[-1] for run in runs)


def test_search_takes_every_word_wherever_it_stands(summaries: list[RunSummary]) -> None:
    assert tails(search(summaries)) == "dcba"
    assert tails(search(summaries, "SECOND")) == "b"
    assert tails(search(summaries, "fernet three")) == "d"
    assert tails(search(summaries, "second three")) == ""


def test_tags_must_all_be_there_and_the_archive_is_left_out(summaries: list[RunSummary]) -> None:
    d, c, b, a = summaries
    runs = [replace(d, tags=("good", "new")), replace(c, tags=("good",)), replace(b, archived=True), a]
    assert tails(search(runs, tags=["good"])) == "dc"
    assert tails(search(runs, tags=["good", "new"])) == "d"
    assert tails(search(runs)) == "dca"
    assert tails(search(runs, archived=True)) == "dcba"


def test_runs_measured_on_other_images_stand_apart(summaries: list[RunSummary]) -> None:
    d, _, b, a = summaries
    other_images = replace(a, id="x-e", images=100)
    other_data = replace(a, id="x-f", dataset="other", dataset_hash="0" * 16)
    subset = replace(a, id="x-g", per_class=100)
    other_fold = replace(d, id="x-h", fold=(3, 2), images=71)
    groups = measured_alike([*summaries, other_images, other_data, subset, other_fold])
    assert sorted(tails(group.runs) for group in groups) == sorted(["ba", "c", "dh", "e", "f", "g"])
    assert tails(groups[-1].runs) == "c"
    assert groups[-1].described == "Not measured yet"
    assert {tails(group.runs) for group in groups if not group.comparable} == {"c", "dh"}
    described = {tails(group.runs): group.described for group in groups}
    assert described["ba"] == "The 70 validation images of faces (9079d33a)"
    assert described["dh"] == "Each on its own one of 3 folds of faces (9079d33a)"
    assert described["g"] == "70 validation images of faces (9079d33a), at most 100 of each emotion"
    assert measured_alike([a, b])[0].runs == (a, b)


def test_titles_are_short_and_tell_runs_apart(summaries: list[RunSummary]) -> None:
    d, c, b, a = summaries
    assert list(titles(summaries).values()) == ["fernet dddd", "fernet cccc", "Second", "fernet aaaa"]
    twins = [replace(run, name="twin") for run in (a, b)]
    assert list(titles(twins).values()) == ["twin aaaa", "twin bbbb"]
    assert len(set(titles([d, c, *twins]).values())) == 4


def test_the_table_has_percentages_and_epochs_from_one(summaries: list[RunSummary]) -> None:
    table = runs_table(summaries)
    assert list(table.columns) == COLUMNS
    row = table.iloc[3]
    assert (row["Best accuracy"], row["Best epoch"], row["Last accuracy"], row["Last epoch"]) == (50, 2, 40, 3)
    assert row["Worst F1"] == pytest.approx(0.1)
    assert row["Worst emotion"] == "angry"
    assert row["Minutes"] == pytest.approx((1.5 + 2.5 + 3.5) / 60)
    assert row["Started from"] == "new network"
    assert list(table["Mark"]) == ["", "", "tuned on test", ""]
    assert list(table["Fold"]) == ["2 of 3", "", "", ""]
    assert pd.isna(table.iloc[1]["Best accuracy"])
    assert runs_table([]).empty


def test_settings_that_differ_stand_beside_the_scores(summaries: list[RunSummary]) -> None:
    # A setting may be called like a score, as `epochs` is.
    configs = {run.id: {"seed": run.seed, "epochs": len(run.id) + (run.id[-1] == "b")} for run in summaries}
    table = settings_and_scores(summaries, configs, {"lr": 0.1})
    assert list(table["epochs"].diff()[1:]) == [1, -1]
    assert "lr" not in table
    assert list(table["run"].str[-1]) == ["d", "b", "a"]
    assert list(table["seed"]) == [0, 1, 0]
    assert list(table["accuracy"]) == [0.5, 0.5, 0.5]
    assert {"title", "macro_f1", "worst_f1", "parameters", "minutes", "epochs_done"} <= set(table.columns)


def test_imported_runs_stand_apart_and_not_as_unmeasured(summaries: list[RunSummary]) -> None:
    a = summaries[-1]
    first, second = (replace(a, id=f"x-{letter}", name="", dataset_hash="", kind="imported") for letter in "gh")
    groups = measured_alike([first, second])
    (group,) = groups
    assert (tails(group.runs), group.comparable) == ("gh", False)
    assert group.described == "Imported: of which images the scores are is not known, so compare them with no other"
    assert first.measured_on != second.measured_on
