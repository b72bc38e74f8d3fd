"""Raters' votes: what ten people each said of a face, counted.

Votes are uint8 counts (N, 10), one column for each of VOTE_CLASSES; a row of zeros means that nobody was asked.
Barsoum, Zhang, Canton Ferrer, Zhang (2016), Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution, had ten people look at every image of FER2013. "unknown" and "not a face" stay in the
count: one vote of ten for anger is 0.1 of anger, whatever the other nine said.
"""

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS

VOTE_CLASSES: tuple[str, ...] = (*EMOTIONS, "contempt", "unknown", "not_a_face")
"""What column c of the votes counts: the seven emotions, then what else FER+'s raters could say."""


def shares(votes: np.ndarray) -> np.ndarray:
    """float32 (N, 7): the share of all votes that each of the seven emotions got; NaN where no votes are known.

    Rows sum to less than 1 where some raters said something else.

    >>> shares(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 0, 9]]))[0, 0].item()
    0.10000000149011612
    """
    counts = votes.astype(np.float32)
    total = counts.sum(axis=1, keepdims=True)
    known = np.broadcast_to(total > 0, (len(votes), len(EMOTIONS)))
    found: np.ndarray = np.divide(
        counts[:, : len(EMOTIONS)], total, out=np.full(known.shape, np.nan, np.float32), where=known
    )
    return found


def majority(votes: np.ndarray) -> np.ndarray:
    """int64 (N,): the emotion that got over half of all votes, a position in EMOTIONS; -1 where none did.

    >>> majority(np.array([[0, 0, 0, 6, 4, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 9]]))
    array([ 3, -1])
    """
    winner = majority_class(votes)
    return np.where(winner < len(EMOTIONS), winner, -1)


def majority_class(votes: np.ndarray) -> np.ndarray:
    """int64 (N,): the class, a position in VOTE_CLASSES, that got over half of all votes; -1 where none did."""
    counts = votes.astype(np.int64)
    winner = counts.argmax(axis=1)
    return np.where(2 * counts.max(axis=1) > counts.sum(axis=1), winner, -1)


def without_outliers(votes: np.ndarray) -> np.ndarray:
    """The votes, in their own dtype and shape, without those that one rater alone gave: a single vote is taken for a
    slip. Barsoum et al. (2016), as in ferplus.py of the authors' code.

    >>> without_outliers(np.array([[0, 1, 0, 7, 2, 0, 0, 0, 0, 0]]))
    array([[0, 0, 0, 7, 2, 0, 0, 0, 0, 0]])
    """
    return np.where(votes > 1, votes, 0).astype(votes.dtype)


def targets(votes: np.ndarray) -> np.ndarray:
    """float32 (N, 7): the distribution over the seven emotions to learn from the votes; rows sum to 1.

    Outliers are removed, then the votes for the seven are divided by their sum. A row is NaN where they are no more
    than half of the remaining votes: mostly no face, unknown or contempt, or nobody was asked. The authors leave such
    images out.
    """
    kept = without_outliers(votes).astype(np.float32)
    seven = kept[:, : len(EMOTIONS)]
    total = seven.sum(axis=1, keepdims=True)
    usable = np.broadcast_to(2 * total > kept.sum(axis=1, keepdims=True), seven.shape)
    found: np.ndarray = np.divide(seven, total, out=np.full(seven.shape, np.nan, np.float32), where=usable)
    return found


def agreement_counts(votes: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """How many images have how many votes for what most of their raters chose: one row for each number of votes that
    occurs, ascending, named `votes`.

    labels: int (N,). Columns count images by what was chosen: `label` (the label itself, also if it shares the first
    place), `other` (another of the seven emotions), `none` (contempt, unknown or not a face). Images without votes are
    left out.
    """
    known = votes.any(axis=1)
    counts, labels = votes[known].astype(np.int64), labels[known]
    top, winner = counts.max(axis=1), counts.argmax(axis=1)
    is_label = counts[np.arange(len(counts)), labels] == top
    kind = np.select([is_label, winner < len(EMOTIONS)], ["label", "other"], "none")
    table = pd.crosstab(pd.Series(top, name="votes"), pd.Series(kind))
    return table.reindex(columns=["label", "other", "none"], fill_value=0)
