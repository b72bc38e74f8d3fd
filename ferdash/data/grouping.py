"""Images that belong together: rows of equal numbers, and of pairs joined into groups."""

from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def repeated(numbers: np.ndarray) -> np.ndarray:
    """bool (N,): whether a row's number occurs in another row too."""
    _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return counts[inverse] > 1


def groups_of(numbers: np.ndarray) -> list[np.ndarray]:
    """The rows of each number that occurs more than once, in row order, the first group first."""
    rows = np.flatnonzero(repeated(numbers))
    order = rows[np.argsort(numbers[rows], kind="stable")]
    groups = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    return sorted((group for group in groups if len(group)), key=lambda group: int(group[0]))


def rows_of(groups: Iterable[np.ndarray]) -> np.ndarray:
    """int64: the rows of all groups, one after another."""
    return np.concatenate([np.empty(0, dtype=np.int64), *groups])


def components(content: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """For each row, the number of its group when identical and near images are joined."""
    count = int(content.max()) + 1
    first, second = content[pairs[:, 0]], content[pairs[:, 1]]
    graph = coo_array((np.ones(len(pairs), dtype=bool), (first, second)), shape=(count, count))
    found: np.ndarray = connected_components(graph, directed=False)[1][content]
    return found
