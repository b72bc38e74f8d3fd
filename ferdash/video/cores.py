"""Threads for OpenCV and for a model while a video is analysed.

Decoding and following faces keep a core at work. If PyTorch computes on that core as well, its other threads wait for
the one there, and busily: on two cores an analysis takes a quarter longer. ONNX Runtime's, as they are used here, wait
for nobody (see ferdash.models.runtime).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import cv2

from ferdash.models.emotion_model import EmotionModel

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


_LOCK = threading.Lock()
_alone, _threads_before = 0, 0
"""How many ask for it at the moment: two analyses may overlap, and the last of them to end gives the threads back."""


@contextmanager
def opencv_alone() -> Iterator[None]:
    """Let OpenCV compute in the thread that calls it, everywhere in the program.

    What it is asked for here are pictures of a hundred pixels: sharing them out takes a fifth more of the processor's
    time than it saves, and the other cores have work.
    """
    global _alone, _threads_before
    with _LOCK:
        if _alone == 0:
            _threads_before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _alone += 1
    try:
        yield
    finally:
        with _LOCK:
            _alone -= 1
            if _alone == 0:
                cv2.setNumThreads(_threads_before)


@contextmanager
def leaving_a_core(model: EmotionModel) -> Iterator[None]:
    """Let PyTorch, where it computes the model, do so with a thread less, in this thread of the program alone."""
    if model.engine != "torch":
        yield
        return
    import torch

    with _pools().limit(limits=max(1, torch.get_num_threads() - 1), user_api="openmp"):
        yield


@cache
def _pools() -> "ThreadpoolController":
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # looks through the libraries of the process, which takes milliseconds
