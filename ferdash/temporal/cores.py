"""Threads for a model while a video is analysed.

Decoding and following faces keep a core at work. If the model computes on that core as well, its other threads wait for
the one there, and busily: on two cores an analysis takes a quarter longer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import ThreadpoolController

from ferdash.models.emotion_model import EmotionModel
from ferdash.models.loading import load_model


@contextmanager
def leaving_a_core() -> Iterator[None]:
    """Let PyTorch compute with a thread less, in this thread of the program alone."""
    with _pools().limit(limits=max(1, torch.get_num_threads() - 1), user_api="openmp"):
        yield


def load_for_video(reference: str, checkpoints: Path, **options: Any) -> EmotionModel:
    """`load_model` for a model that analyses videos: ONNX Runtime takes its threads when a model is opened. Raises
    ModelError as `load_model` does."""
    with leaving_a_core():
        return load_model(reference, checkpoints, **options)


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()  # looks through the libraries of the process, which takes milliseconds
