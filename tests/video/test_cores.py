import threading
from dataclasses import dataclass

import cv2
import torch

from ferdash.video import cores


@dataclass
class Model:
    engine: str


def test_a_thread_less_inside_and_all_again_outside() -> None:
    before = torch.get_num_threads()
    with cores.leaving_a_core(Model("torch")):
        assert torch.get_num_threads() == max(1, before - 1)
    assert torch.get_num_threads() == before


def test_other_parts_of_the_program_keep_their_threads() -> None:
    outside = _threads_elsewhere()
    with cores.leaving_a_core(Model("torch")):
        assert _threads_elsewhere() == outside


def _threads_elsewhere() -> int:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return seen[0]


def test_onnx_runtime_keeps_its_own() -> None:
    before = torch.get_num_threads()
    with cores.leaving_a_core(Model("onnx")):
        assert torch.get_num_threads() == before


def test_opencv_computes_where_it_is_called() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        with cores.opencv_alone():
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 2
        first, second = cores.opencv_alone(), cores.opencv_alone()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert cv2.getNumThreads() == 1  # another analysis is still at it
        second.__exit__(None, None, None)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
