"""What is said of a face in one word, and when that word is a close call."""

import numpy as np

from ferdash.emotions import EMOTIONS

UNCERTAIN = "uncertain"
"""Said of a face whose top probability is too low to name an emotion."""

CLOSE_BELOW = 0.1
"""Lead of the first emotion over the second below which the call is close. Of FER2013's 3,578 validation images 140 are
closer for FerNet+, and their label is the first in 43% and the second in 35%: the order says next to nothing."""


def close_second(probabilities: np.ndarray) -> str | None:
    """The emotion that comes second by less than CLOSE_BELOW; None where the first leads clearly.

    probabilities: (7,) in the order of EMOTIONS.

    >>> close_second(np.array([0.02, 0.01, 0.03, 0.456, 0.449, 0.02, 0.012]))
    'neutral'
    >>> close_second(np.array([0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0])) is None
    True
    """
    second, first = np.argsort(probabilities, kind="stable")[-2:]
    return EMOTIONS[int(second)] if probabilities[first] - probabilities[second] < CLOSE_BELOW else None


def disagreement(one: np.ndarray, other: np.ndarray) -> float:
    """How far two models' probabilities of a face are apart, from 0 (equal) to 1 (nothing in common): the share of
    probability that would have to move (total variation distance).

    >>> round(disagreement(np.array([0.7, 0.3]), np.array([0.2, 0.8])), 3)
    0.5
    """
    return float(np.abs(np.asarray(one, np.float64) - other).sum() / 2)
