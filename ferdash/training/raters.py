"""FER2013's label guessed from the raters' votes: a teacher that knows what an image shows and not its label.

FER2013 has one label an image, FER+ ten people's votes; they agree on two images in three. Where they differ a network
can only learn the label by heart. What the label usually is, given such votes, is a softer target without that noise:
privileged information in the sense of Vapnik and Vashist, "A New Learning Paradigm: Learning Using Privileged
Information" (2009), as the votes are known in training only.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError

FOLDS = 5

VOTES_SCALE, FEATURES_C = 3.0, 0.005
"""How much votes count beside hundreds of standardised features, and the inverse strength of the regression's penalty
then. Fitted on train, FerNet-plus's 384 features and the votes give 70.2% of the labels of validation and a log loss
of 0.800, between 0.003 and 0.01; the votes alone 66.8% and 0.891."""


def label_given_votes(labels: np.ndarray, votes: np.ndarray | None, features: np.ndarray | None = None) -> np.ndarray:
    """Probability of each label, given an image's votes, float32 (N, 7), rows sum to 1.

    labels: int64 (N,). votes: counts (N, 10), see ferdash.data.votes. features: float (N, D), what a network makes of
    each image, known besides. A logistic regression on the shares of the votes and their roots (and the features), for
    each fold fitted on the others, so that no label has a part in its own guess. An image without votes keeps its
    label.

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
    known_of_each = np.concatenate([shares, np.sqrt(shares)], axis=1)
    regression = LogisticRegression(max_iter=1000)
    if features is not None:
        scaled = StandardScaler().fit_transform(features[known])
        known_of_each = np.concatenate([VOTES_SCALE * known_of_each, scaled], axis=1)
        regression = LogisticRegression(C=FEATURES_C, max_iter=1000)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    guesses = cross_val_predict(regression, known_of_each, labels[known], cv=folds, method="predict_proba")
    table = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    table[known] = 0
    # Row and column at once: a mask and a list of positions would be paired off, not combined.
    table[np.ix_(known, present)] = guesses
    found: np.ndarray = table
    return found
