"""What a model makes of faces just before it decides, and those features laid out in two dimensions."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits
from torch import nn

from ferdash.errors import EvaluationError, ModelError
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.torch_model import in_torch

COMPONENTS = 50
"""Principal components kept before t-SNE: van der Maaten and Hinton (2008) reduce to 30; more changes little."""

PERPLEXITY = 30.0
FEWEST = 5


def embed(
    model: EmotionModel,
    faces: np.ndarray,
    *,
    batch_size: int = 64,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """The input of the model's last layer for each face, float32 (N, D).

    faces: uint8 (N, H, W) grey or (N, H, W, 3) RGB. on_progress(done, total) is called after every batch.
    Raises ModelError for a model that is not one network in PyTorch, or has no last layer called `classifier`, as
    transformers' networks have.
    """
    # What is fused, or in ONNX Runtime, does not pass through the network's layers.
    model = replace(in_torch(model), fused=None)
    classifier = getattr(model.network, "classifier", None)
    if not isinstance(classifier, nn.Module):
        raise ModelError(f"{model.reference} has no layer called classifier, so its features cannot be taken.")
    this_thread, batches = threading.get_ident(), []

    def keep(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        # The network may be classifying other faces in another thread meanwhile.
        if threading.get_ident() == this_thread:
            batches.append(inputs[0].flatten(1).float().cpu().numpy())

    handle = classifier.register_forward_pre_hook(keep)
    try:
        for start in range(0, len(faces), batch_size):
            model.logits(faces[start : start + batch_size], batch_size)
            on_progress(min(start + batch_size, len(faces)), len(faces))
    finally:
        handle.remove()
    return np.concatenate(batches) if batches else np.empty((0, 0), dtype=np.float32)


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
        return spread.fit_transform(reduced).astype(np.float32)
