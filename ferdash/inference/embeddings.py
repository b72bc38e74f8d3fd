"""A map of faces: their features laid out in two dimensions."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from ferdash.errors import EvaluationError

COMPONENTS = 50
"""Principal components kept before t-SNE: van der Maaten and Hinton (2008) reduce to 30; more changes little."""

PERPLEXITY = 30.0
FEWEST = 5


def project(features: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Features (N, D) in two dimensions, float32 (N, 2): principal components, then t-SNE, the same for the same seed.

    Neighbours stay neighbours; distances between far groups mean nothing. van der Maaten and Hinton, "Visualizing Data
    using t-SNE" (2008). Raises EvaluationError for fewer than 5 faces.
    """
    images = len(features)
    if images < FEWEST:
        raise EvaluationError(f"A map of faces needs at least {FEWEST} of them, not {images}.")
    kept = min(COMPONENTS, images, features.shape[1])
    reduced = PCA(kept, random_state=seed).fit_transform(features)
    spread = TSNE(2, perplexity=min(PERPLEXITY, (images - 1) / 3), init="pca", random_state=seed, n_jobs=1)
    # Its threads wait for each other at every step: beside other work on the same cores, two take 50 times as long.
    with threadpool_limits(1, user_api="openmp"):
        found: np.ndarray = spread.fit_transform(reduced).astype(np.float32)
        return found
