from datetime import date

import pytest

from ferdash.emotions import EMOTIONS
from ferdash.published.reader import read_report


def test_eight_experiments_with_date_settings_and_test_images() -> None:
    known = {one.name: (one.date, one.epochs, one.batch_size, one.images) for one in read_report().experiments}
    assert known == {
        "baseline_evaluation": (date(2025, 10, 17), 0, None, 7178),
        "baseline_limited": (date(2025, 10, 14), 1, 32, 700),
        "full_dataset_test": (date(2025, 10, 14), 1, 16, 700),
        "full_dataset_multi_epoch": (date(2025, 10, 14), 5, 16, 700),
        "full_dataset_single_epoch": (date(2025, 11, 14), 1, 16, 7178),
        "adaptive_training": (date(2025, 11, 14), 10, 16, 7178),
        "weighted_disgust_fear": (date(2025, 10, 14), 1, 32, 700),
        "positive_emotions_focus": (date(2025, 10, 14), 1, 32, 700),
    }


def test_tables_are_in_the_order_of_emotions_whatever_the_order_in_print() -> None:
    # 5.3.3 prints sad first and happy last.
    table = read_report().experiment("full_dataset_single_epoch").table
    assert table.f1[EMOTIONS.index("sad")] == 0.7147
    assert table.support[EMOTIONS.index("happy")] == 1774
    assert table.precision[0] == 0.7238
    assert table.recall[-1] == 0.8821


def test_averages_of_a_table_by_hand() -> None:
    table = read_report().experiment("weighted_disgust_fear").table
    assert table.images == 700
    assert table.accuracy == pytest.approx((44 + 89 + 33 + 77 + 54 + 41 + 73) / 700)
    # With equal supports both averages are the same.
    assert table.macro() == pytest.approx(table.weighted())
    table = read_report().experiment("baseline_evaluation").table
    f1 = [87.49, 94.87, 83.46, 94.45, 85.79, 82.89, 93.15]
    assert table.macro()[2] == pytest.approx(sum(f1) / 700)
    support = [958, 111, 1024, 1774, 1233, 1247, 831]
    assert table.weighted()[2] == pytest.approx(sum(a * b for a, b in zip(f1, support, strict=True)) / 717_800)


def test_progressions_timeline_and_summary() -> None:
    report = read_report()
    five = report.experiment("full_dataset_multi_epoch").progress
    assert [row.accuracy for row in five] == [0.6971, 0.7229, 0.6986, 0.7271, 0.7471]
    assert [row.loss for row in five] == [0.796, 0.794, 0.925, 0.876, 0.855]
    ten = report.experiment("adaptive_training").progress
    assert len(ten) == 10
    assert ten[2].focus == ("fear", "neutral")
    assert [row.best for row in ten] == [0.7505, 0.7676, 0.7676, *[0.7699] * 7]
    assert len(report.timeline) == 10
    assert report.timeline[0] == (date(2025, 10, 8), "demo_disgust_surprise_focus")
    assert [row.accuracy for row in report.summary] == [0.8831, 0.4114, 0.7271, 0.7471, 0.8005, 0.7699]
    assert report.images["train"].total == 28709


def test_what_is_not_stated_is_not_made_up() -> None:
    report = read_report()
    assert report.experiment("weighted_disgust_fear").macro is None
    assert report.experiment("adaptive_training").train_images is None
    assert report.experiment("full_dataset_test").weights == {}
    with pytest.raises(KeyError):
        report.experiment("demo_fear_focus")
