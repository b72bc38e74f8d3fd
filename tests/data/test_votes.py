"""The votes as FER+'s authors use them; golden rows are worked by hand from ferplus.py of their repository."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ferdash.data.votes import (
    VOTE_CLASSES,
    agreement_counts,
    majority,
    majority_class,
    shares,
    targets,
    without_outliers,
)
from ferdash.emotions import EMOTIONS

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")

any_votes = arrays(np.uint8, (4, 10), elements=st.integers(0, 10))


def vote(**counts: int) -> np.ndarray:
    return np.array([counts.get(name, 0) for name in VOTE_CLASSES], dtype=np.uint8)


def test_one_vote_of_ten_is_a_tenth_whatever_the_others_saw():
    votes = np.stack([vote(angry=1, not_a_face=9), vote(angry=1, unknown=9), vote(angry=1, contempt=9)])
    assert shares(votes).tolist() == [[pytest.approx(0.1), 0, 0, 0, 0, 0, 0]] * 3
    assert shares(votes).dtype == np.float32


def test_nobody_asked_is_unknown():
    votes = np.stack([vote(), vote(happy=10)])
    assert np.isnan(shares(votes)[0]).all()
    assert np.isnan(targets(votes)[0]).all()
    assert majority(votes).tolist() == [-1, HAPPY]
    assert majority_class(votes).tolist() == [-1, HAPPY]


def test_a_majority_is_more_than_half_of_all():
    votes = np.stack(
        [
            vote(happy=5, neutral=5),
            vote(happy=6, neutral=4),
            vote(happy=5, unknown=4, neutral=1),
            vote(happy=5, neutral=4),  # of nine raters
            vote(not_a_face=9, angry=1),
        ]
    )
    assert majority(votes).tolist() == [-1, HAPPY, -1, HAPPY, -1]
    assert majority_class(votes).tolist() == [-1, HAPPY, -1, HAPPY, VOTE_CLASSES.index("not_a_face")]


def test_many_raters_do_not_overflow():
    assert majority(np.stack([vote(happy=200, sad=50)])).tolist() == [HAPPY]
    assert shares(np.stack([vote(happy=200, sad=200)]))[0, HAPPY] == 0.5


def test_targets_are_the_votes_without_outliers_over_the_seven():
    # ferplus.py, "crossentropy": single votes become 0, then the votes that are left are divided by their sum.
    votes = np.stack(
        [
            vote(neutral=4, sad=1, angry=3, disgust=2),  # the first row of fer2013new.csv
            vote(happy=5, contempt=2, neutral=2, sad=1),
            vote(happy=4, contempt=4, neutral=2),
            vote(angry=5, unknown=5),  # no more than half: left out there, unknown here
            vote(angry=1, not_a_face=9),
            np.ones(10, np.uint8),  # ten single votes
        ]
    )
    found = targets(votes)
    np.testing.assert_allclose(found[0], [3 / 9, 2 / 9, 0, 0, 4 / 9, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(found[1], [0, 0, 0, 5 / 7, 2 / 7, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(found[2], [0, 0, 0, 4 / 6, 2 / 6, 0, 0], rtol=1e-6)
    assert np.isnan(found[3:]).all()


def test_agreement_is_counted_by_what_most_chose():
    votes = np.stack(
        [vote(happy=9, sad=1), vote(happy=5, neutral=5), vote(sad=9, happy=1), vote(not_a_face=5, happy=3), vote()]
    )
    table = agreement_counts(votes, np.full(5, HAPPY))
    assert table.index.tolist() == [5, 9]
    assert table.loc[5].to_dict() == {"label": 1, "other": 0, "none": 1}
    assert table.loc[9].to_dict() == {"label": 1, "other": 1, "none": 0}


@given(any_votes)
def test_laws(votes):
    rows = shares(votes)
    known = votes.any(axis=1)
    assert np.isnan(rows[~known]).all()
    assert (rows[known].sum(axis=1) <= 1 + 1e-6).all()
    sums = targets(votes).sum(axis=1)
    assert np.allclose(sums[~np.isnan(sums)], 1)
    agreed = majority(votes) >= 0
    assert (rows[agreed].max(axis=1) > 0.5).all()
    assert (rows[agreed].argmax(axis=1) == majority(votes)[agreed]).all()
    assert not (without_outliers(votes) == 1).any()
    assert without_outliers(votes).dtype == votes.dtype
