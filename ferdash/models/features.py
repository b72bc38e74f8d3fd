"""What a network makes of faces just before it decides."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from ferdash.errors import ModelError
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.torch_model import in_torch


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
