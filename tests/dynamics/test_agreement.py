"""Agreement: hand-worked tables, the libraries against our matrices, and what intervals have to do."""

from dataclasses import dataclass

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from ferdash.dynamics.agreement import agreement, alpha_of, document, kappa_of, labels_at
from ferdash.emotions import EMOTIONS
from ferdash.errors import SeriesError


@dataclass
class Said:
    start_s: float
    end_s: float
    emotion: str


def coded(*words: str, each_s: float = 1.0) -> list[Said]:
    return [Said(place * each_s, (place + 1) * each_s, word) for place, word in enumerate(words) if word]


def test_kappa_of_a_table_worked_by_hand():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.7 agree, 0.5 by chance (Cohen 1960's formula).
    assert kappa_of(np.array([[20.0, 5], [10, 15]])) == pytest.approx(0.4)


def test_our_matrices_give_what_the_libraries_give():
    rng = np.random.default_rng(1)
    said = rng.integers(0, 3, (2, 400))
    table = np.zeros((3, 3))
    np.add.at(table, tuple(said), 1)
    assert kappa_of(table) == pytest.approx(cohen_kappa_score(*said))
    coincidences = table + table.T
    assert alpha_of(coincidences) == pytest.approx(
        krippendorff.alpha(reliability_data=said, level_of_measurement="nominal")
    )


def test_krippendorffs_own_example():
    # Krippendorff (2011), "Computing Krippendorff's alpha-reliability", C: four observers, nominal: 0.743.
    units = [[1, 1, None, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4], [4, 4, 4, 4]]
    units += [[1, 1, 2, 1], [2, 2, 2, 2], [None, 5, 5, 5], [None, None, 1, 1], [None, 3, None, None]]
    names = [None, "angry", "disgust", "fear", "happy", "sad"]
    raters = {f"observer {one}": coded(*(names[unit[one] or 0] for unit in units)) for one in range(4)}
    found = agreement(raters)
    # Each unit stands ten times here, and the small-sample term (n - 1) with it: 0.743 is of 40 values, not 400.
    n = 40
    assert 1 - (1 - found.alpha.value) * (10 * n) / (10 * n - 1) * (n - 1) / n == pytest.approx(0.743, abs=5e-4)


def test_full_agreement_none_and_silence():
    one = coded("happy", "sad", "angry", "sad", each_s=4)
    same = agreement({"Anna": one, "Ben": one})
    assert same.alpha.value == same.pairs[0].kappa.value == pytest.approx(1)
    assert same.each["happy"].value == pytest.approx(1)
    assert same.each["fear"].value is None  # nobody ever said it
    assert same.seconds == pytest.approx(16)
    silent = agreement({"Anna": one, "Ben": coded("", "sad", "", "", each_s=4)})
    assert silent.pairs[0].seconds == pytest.approx(4)
    assert silent.pairs[0].kappa.value is None
    assert "one emotion only" in silent.sentence
    with pytest.raises(SeriesError, match="never have an opinion"):
        agreement({"Anna": coded("happy"), "Ben": coded("", "happy")})
    with pytest.raises(SeriesError, match="two raters"):
        agreement({"Anna": one})


def test_an_interval_needs_blocks_and_covers_chance():
    rng = np.random.default_rng(3)
    raters = {name: coded(*rng.choice(EMOTIONS, 120), each_s=2) for name in ("Anna", "Ben")}
    found = agreement(raters)
    assert found.blocks == 48
    interval = found.pairs[0].kappa.interval
    assert interval.low < 0 < interval.high
    assert interval.low <= found.pairs[0].kappa.value <= interval.high
    short = agreement({name: spans[:8] for name, spans in raters.items()})
    assert short.alpha.interval is None
    assert document(found)["pairs"][0]["kappa"]["ci95"] == [interval.low, interval.high]


def test_blocks_of_time_make_wider_intervals_than_single_times():
    rng = np.random.default_rng(5)
    truth = rng.choice(["happy", "sad"], 60)
    other = np.where(rng.random(60) < 0.8, truth, rng.choice(["happy", "sad"], 60))
    raters = {"Anna": coded(*truth, each_s=5), "Ben": coded(*other, each_s=5)}
    widths = []
    for block_s in (0.1, 5.0):
        interval = agreement(raters, block_s=block_s).alpha.interval
        widths.append(interval.high - interval.low)
    assert widths[1] > 3 * widths[0]


def test_the_later_of_two_overlapping_segments_counts():
    labels = labels_at([Said(0, 1, "happy"), Said(0.5, 2, "sad")], np.array([0.25, 0.75, 1.5, 2.0]))
    assert labels.tolist() == [EMOTIONS.index("happy"), EMOTIONS.index("sad"), EMOTIONS.index("sad"), -1]
