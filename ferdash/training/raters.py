"""FER2013's label guessed from the raters' votes: a teacher that knows what an image shows and not its label.

FER2013 has one label an image, FER+ ten people's votes; they agree on two images in three. Where they differ a network
can only learn the label by heart. What the label usually is, given such votes, is a softer target without that noise:
privileged information in the sense of Vapnik and Vashist, "A New Learning Paradigm: Learning Using Privileged
Information" (2009), as the votes are known in training only.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError

FOLDS = 5


def label_given_votes(labels: np.ndarray, votes: np.ndarray | None) -> np.ndarray:
    """Probability of each label, given an image's votes, float32 (N, 7), rows sum to 1.

    labels: int64 (N,). votes: counts (N, 10), see ferdash.data.votes. A logistic regression on the shares of the votes
    and their roots, for each fold fitted on the others, so that no label has a part in its own guess. An image without
    votes keeps its label.

    Raises ConfigError when there are no votes, or too few images of an emotion for the folds.
    """
    known = np.zeros(len(labels), dtype=bool) if votes is None else votes.sum(axis=1) > 0
    if votes is None or not known.any():
        raise ConfigError("loss.teachers names “votes”, but the dataset has no raters' votes; FER+'s come with them.")
    present, counts = np.unique(labels[known], return_counts=True)
    if len(present) < 2 or counts.min() < FOLDS:
        rare = EMOTIONS[int(present[counts.argmin()])]
        raise ConfigError(f"loss.teachers names “votes”, which needs {FOLDS} images of each emotion; {rare} has fewer.")
    shares = votes[known] / votes[known].sum(axis=1, keepdims=True)
    features = np.concatenate([shares, np.sqrt(shares)], axis=1)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    regression = LogisticRegression(max_iter=1000)
    guesses = cross_val_predict(regression, features, labels[known], cv=folds, method="predict_proba")
    table = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    table[known] = 0
    # Row and column at once: a mask and a list of positions would be paired off, not combined.
    table[np.ix_(known, present)] = guesses
    return table
