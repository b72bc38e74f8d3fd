"""The report as published, and reports with one figure changed: each change must be found, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.published.check import check
from ferdash.published.reader import ClassTable, Experiment, Report, SummaryRow, read_report
from ferdash.published.tables import check_table

PUBLISHED = read_report()
KNOWN = {finding.sentence for finding in check()}


def with_experiment(name: str, **changes: object) -> Report:
    experiments = tuple(replace(one, **changes) if one.name == name else one for one in PUBLISHED.experiments)
    return replace(PUBLISHED, experiments=experiments)


def changed(values: tuple, place: int, value: float) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def new_sentences(report: Report) -> list[str]:
    return [finding.sentence for finding in check(report) if finding.sentence not in KNOWN]


def test_what_the_report_says_that_does_not_add_up() -> None:
    found = [finding for finding in check() if finding.kind != "observation"]
    assert [finding.sections for finding in found if finding.kind == "itself"] == [("5.2.1",), ("5.2.1",)]
    text = " ".join(finding.sentence for finding in found)
    # Each by hand: (87 + 90.24 + 84.42 + 95.88 + 85.38 + 82.63 + 91.43) / 7, and so on.
    for words in (
        "macro average of precision is stated as 88.00%, but its column gives 88.14%",
        "macro average of recall is stated as 89.84%, but its column gives 89.70%",
        "41.14% to 72.71% is 76.74% (cut off, not rounded)",
        "18.44% to 59.14% is 220.72% (cut off, not rounded)",
        "40.54% to 66.67% is 64.45%.",
        "41.14% to 74.71% is 81.60%",
        "3 higher ones: 88.31%, 80.05%, 76.99%",
        "41.14%, 72.71%, 74.71% on 700 images; 88.31%, 80.05%, 76.99% on 7,178 images",
        "demo_disgust_surprise_focus and demo_fear_focus, of which the report gives no result",
        "weighted_disgust_fear (58.71%) and positive_emotions_focus (60.00%)",
        "5.7 calls fear the most improved emotion (+220%), but 5.3.1 has sad at +2,393%",
        "lowest F1 are those of fear (66.07%) and angry (67.16%)",
    ):
        assert words in text
    assert len(found) == 12


def test_what_the_figures_show() -> None:
    text = " ".join(finding.sentence for finding in check() if finding.kind == "observation")
    for words in (
        "88.31% falls to 80.05% (5.3.3) and 76.99% (5.4) on the same 7,178 test images",
        "(76.99%) is 3.06 points below one epoch without it (80.05%)",
        "accuracy of epoch 4, chosen for its score on the test images themselves (76.99%), beside a table of epoch 10",
        "every validation accuracy is a whole number of 700 images",
        "still reaches 79.06%, outside the 95% CI of 72.71% there (69.30% to 75.88%)",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"accuracy": 0.5873}, "5.5.1: recall and support give an accuracy of 58.71%, but 58.73% is stated."),
        ({"images": 7000}, "5.5.1: the supports add up to 700 images, not 7,000."),
    ],
)
def test_a_changed_accuracy_is_found(change: dict, sentence: str) -> None:
    assert sentence in new_sentences(with_experiment("weighted_disgust_fear", **change))


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("f1", 0.42, "angry's F1 is stated as 42.00%, but its precision and recall give 41.32%"),
        ("recall", 0.4450, "no whole number of 100 images is 44.50% of them, the recall of angry"),
        ("precision", 0.44, "recall and precision make 687 predictions out of 700 images"),
        ("precision", 0.9871, "angry's 44 recognised images are not 98.71% of any whole number"),
    ],
)
def test_a_changed_cell_is_found(column: str, value: float, words: str) -> None:
    table = PUBLISHED.experiment("weighted_disgust_fear").table
    table = replace(table, **{column: changed(getattr(table, column), 0, value)})
    assert words in " ".join(new_sentences(with_experiment("weighted_disgust_fear", table=table)))


def test_a_changed_progression_is_found() -> None:
    rows = PUBLISHED.experiment("adaptive_training").progress
    report = with_experiment("adaptive_training", progress=(*rows[:4], replace(rows[4], best=0.7646), *rows[5:]))
    assert new_sentences(report) == [
        "5.4: the best accuracy until epoch 5 is stated as 76.46%, but it was 76.99%.",
    ]
    report = with_experiment("adaptive_training", best_epoch=5)
    assert "5.4: epoch 5 of the progression does not have the stated 76.99%." in new_sentences(report)
    report = with_experiment("adaptive_training", epochs=11)
    assert "5.4: the progression does not have the 11 epochs that are stated." in new_sentences(report)
    rows = PUBLISHED.experiment("full_dataset_multi_epoch").progress
    report = with_experiment("full_dataset_multi_epoch", progress=(replace(rows[0], accuracy=0.7571), *rows[1:]))
    assert new_sentences(report) == ["5.3.2: 74.71% is stated as the result, but the progression reaches 75.71%."]


def test_a_changed_summary_timeline_or_count_is_found() -> None:
    row = PUBLISHED.summary[0]
    report = replace(PUBLISHED, summary=(SummaryRow(row.name, row.date, 0.8813, False), *PUBLISHED.summary[1:]))
    assert any("5.6 and 5.2.1 give baseline_evaluation another accuracy" in text for text in new_sentences(report))
    report = replace(PUBLISHED, timeline=tuple((row.date, name) for _, name in PUBLISHED.timeline))
    assert any("5.2.2 and 5.1 give baseline_limited different dates" in text for text in new_sentences(report))
    test = PUBLISHED.images["test"]
    for split, words in (
        (replace(test, count=changed(test.count, 0, 968)), "the test images add up to 7,188, not 7,178"),
        (replace(test, share=changed(test.share, 0, 0.134)), "958 of 7,178 test images are not 13.4% (angry)"),
        (replace(test, count=(959, 110, *test.count[2:])), "5.4: the supports are not the test images of 3.2"),
    ):
        report = replace(PUBLISHED, images=PUBLISHED.images | {"test": split})
        assert words in " ".join(new_sentences(report))


def test_figures_that_the_text_repeats_are_compared() -> None:
    text = PUBLISHED.text
    for change, words in (
        ({"imbalance": "16.6"}, "6: the imbalance is stated as 16.6 to 1; 3.2 has 16.55."),
        ({"f1": (("adaptive_training", "sad", 0.7),)}, "6 gives sad of adaptive_training another F1: 70.00%."),
        ({"accuracy": (("baseline_limited", 0.42),)}, "6 gives baseline_limited another accuracy: 42.00%."),
    ):
        assert words in new_sentences(replace(PUBLISHED, text=replace(text, **change)))


def experiment_of(confusion_row: list[int], wrong: list[int]) -> Experiment:
    """An experiment with `confusion_row` images recognised of each emotion; `wrong[c]` of c taken for the next one."""
    recognised, support = confusion_row, [hit + miss for hit, miss in zip(confusion_row, wrong, strict=True)]
    predicted = [hit + wrong[place - 1] for place, hit in enumerate(recognised)]
    precision = [hit / max(total, 1) for hit, total in zip(recognised, predicted, strict=True)]
    recall = [hit / total for hit, total in zip(recognised, support, strict=True)]
    f1 = [2 * hit / (a + b) for hit, a, b in zip(recognised, predicted, support, strict=True)]
    precision, recall, f1 = (tuple(round(value, 4) for value in column) for column in (precision, recall, f1))
    macro = tuple(round(sum(column) / 7, 4) for column in (precision, recall, f1))
    return replace(
        PUBLISHED.experiment("baseline_limited"),
        accuracy=round(sum(recognised) / sum(support), 4),
        images=sum(support),
        table=ClassTable(precision, recall, f1, tuple(support)),
        macro=macro,
    )


@given(
    st.lists(st.integers(0, 900), min_size=7, max_size=7),
    st.lists(st.integers(1, 900), min_size=7, max_size=7),
)
def test_no_true_table_is_accused(hits: list[int], wrong: list[int]) -> None:
    assert check_table(experiment_of(hits, wrong)) == []
