"""Which images an epoch draws, and in which order: a pure function of seed, epoch and weights.

Nothing here has state, so a resumed run draws exactly what an uninterrupted one would.
"""

import numpy as np

from ferdash.data.dataset import FaceDataset
from ferdash.evaluation.protocol import stratified_rows
from ferdash.training.config import TrainConfig


def training_rows(dataset: FaceDataset, config: TrainConfig) -> np.ndarray:
    """Rows of the dataset that a run trains on, int64 (N,), ascending. Those that `with_extra` added are never left
    out."""
    train = dataset.rows("train")
    added = dataset.table["extra"].to_numpy()[train] if "extra" in dataset.table else np.zeros(len(train), dtype=bool)
    own, extra = train[~added], train[added]
    own = stratified_rows(own, dataset.labels[own], per_class=config.sampling.per_class, seed=config.seed)
    return np.concatenate([own, extra])


def epoch_order(
    labels: np.ndarray, *, seed: int, epoch: int, weights: np.ndarray | None = None, repeat_cap: int = 0
) -> np.ndarray:
    """Positions into `labels` in the order in which one epoch visits them, int64 (N,).

    labels: int64 (N,) emotion of each training image. weights: float (7,) relative chance of an image of each emotion
    to be drawn; None draws every image exactly once. With weights the epoch keeps its length N: an image is drawn
    about `weight / mean weight` times (systematic resampling, so each image's count is that expectation rounded down
    or up). repeat_cap limits how often one image may be drawn; what is cut off goes to the other images.
    """
    rng = np.random.default_rng([seed, epoch, 2])
    if weights is None:
        return rng.permutation(len(labels))
    expected = expected_draws(labels, weights, repeat_cap=repeat_cap)
    # Systematic resampling over a shuffled list: one uniform offset, steps of 1, so that counts are exact up to
    # rounding and their expectation is `expected`.
    shuffled = rng.permutation(len(labels))
    edges = np.cumsum(expected[shuffled])
    ticks = np.arange(len(labels)) + rng.random()
    drawn = shuffled[np.searchsorted(edges, np.minimum(ticks, np.nextafter(edges[-1], 0)), side="right")]
    return rng.permutation(drawn)


def expected_draws(labels: np.ndarray, weights: np.ndarray, *, repeat_cap: int = 0) -> np.ndarray:
    """How often each image is drawn in an epoch on average, float64 (N,), summing to N; never above repeat_cap."""
    share = np.asarray(weights, dtype=np.float64)[labels]
    if share.sum() <= 0:
        raise ValueError("all images have weight 0")
    total = float(len(labels))
    expected = share * (total / share.sum())
    found: np.ndarray = expected
    if repeat_cap == 0:
        return found
    capped = np.zeros(len(labels), dtype=bool)
    # Each round caps more images and spreads the excess over the rest; it ends as at most 7 weights differ.
    while (expected > repeat_cap + 1e-12).any():
        capped |= expected > repeat_cap
        free = ~capped & (share > 0)
        expected[capped] = repeat_cap
        left = total - repeat_cap * capped.sum()
        if not free.any():
            expected *= total / expected.sum()
            break
        expected[free] = share[free] * (left / share[free].sum())
    return found
