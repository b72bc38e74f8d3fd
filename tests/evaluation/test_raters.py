"""A model beside its raters. Golden values are counted by hand, or with scikit-learn."""

import json
import math

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import log_loss

from ferdash.data.votes import VOTE_CLASSES, majority, targets
from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.raters import RaterScores, compare_with_raters

HAPPY, NEUTRAL, SAD = (EMOTIONS.index(name) for name in ("happy", "neutral", "sad"))


def vote(**counts: int) -> list[int]:
    return [counts.get(name, 0) for name in VOTE_CLASSES]


VOTES = np.array(
    [
        vote(happy=10),
        vote(happy=6, neutral=4),
        vote(sad=8, not_a_face=2),
        vote(neutral=5, sad=5),  # no majority
        vote(not_a_face=9, angry=1),  # a majority, but for no emotion
        vote(),  # nobody asked
    ],
    dtype=np.uint8,
)
LABELS = np.array([HAPPY, NEUTRAL, SAD, SAD, 0, 0])
PREDICTED = [HAPPY, HAPPY, NEUTRAL, SAD, 0, 0]


def sure(predicted: list[int], top: float = 0.7) -> np.ndarray:
    p = np.full((len(predicted), 7), (1 - top) / 6)
    p[np.arange(len(predicted)), predicted] = top
    return p


def compare(p: np.ndarray, votes: np.ndarray = VOTES, labels: np.ndarray = LABELS) -> RaterScores | None:
    return compare_with_raters(
        probabilities=p, labels=labels, votes=votes, majority=majority(votes), targets=targets(votes)
    )


@pytest.fixture
def scores() -> RaterScores:
    found = compare(sure(PREDICTED))
    assert found is not None
    return found


def test_agreement_is_counted_where_over_half_of_all_agree(scores):
    assert (scores.rated, scores.images) == (5, 3)
    assert scores.agreement == pytest.approx(2 / 3)
    assert scores.support[[HAPPY, SAD]].tolist() == [2, 1]
    assert scores.per_emotion[[HAPPY, SAD]].tolist() == [1, 0]
    assert math.isnan(scores.per_emotion[NEUTRAL])
    assert scores.label == pytest.approx(2 / 3)
    assert scores.ece == pytest.approx(0.7 - 2 / 3)


def test_the_interval_is_wilsons(scores):
    # Worked with z = 1.959964: centre (2 + z² / 2) / (3 + z²), half width z / (3 + z²) sqrt(2 · 1 / 3 + z² / 4).
    z = 1.959964
    centre, half = (2 + z**2 / 2) / (3 + z**2), z / (3 + z**2) * math.sqrt(2 / 3 + z**2 / 4)
    assert (scores.interval.low, scores.interval.high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_log_loss_is_the_weighted_one_of_scikit_learn(scores):
    voted = targets(VOTES)[:4].astype(float)
    p = sure(PREDICTED)[:4]
    assert scores.voted == 4
    golden = log_loss(np.tile(np.arange(7), 4), np.repeat(p, 7, axis=0), sample_weight=voted.ravel(), labels=range(7))
    assert scores.log_loss == pytest.approx(golden)
    assert scores.least_log_loss == pytest.approx(entropy(voted, axis=1).mean())


def test_one_rater_votes_himself_or_stands_apart(scores):
    # Himself in it: 10, 6 and 8 of ten.
    assert scores.one_rater == pytest.approx(0.8)
    # Apart: 10 of 10; 6 of 10; 8 of 10; of the tie each of ten faces 5 of 9 for the other side; the ninth: none.
    assert scores.rater_apart == pytest.approx((10 + 6 + 8 + 0) / 40)
    # The model says sad of the tie: right in the five comparisons where a rater for neutral is left out.
    assert scores.model_apart == pytest.approx((10 + 10 + 0 + 5) / 40)


def test_who_answers_as_the_votes_do_cannot_be_beaten():
    voted = VOTES[:4]
    found = compare(targets(voted), voted, LABELS[:4])
    assert found is not None
    assert found.agreement == 1
    assert found.log_loss == pytest.approx(found.least_log_loss)


def test_without_a_majority_there_is_nothing_to_say():
    assert compare(sure([0, 0, 0]), VOTES[3:], LABELS[3:]) is None


def test_plain_data_for_json(scores):
    document = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert document["per_emotion"][NEUTRAL] is None
    assert document["interval"]["low"] == scores.interval.low


def test_numbers_that_differ_are_refused():
    with pytest.raises(EvaluationError, match="Votes for 6 images cannot be compared with answers for 2"):
        compare(sure([0, 0]))
