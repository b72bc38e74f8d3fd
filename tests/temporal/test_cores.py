import threading

import torch

from ferdash.temporal import cores


def test_a_thread_less_inside_and_all_again_outside() -> None:
    before = torch.get_num_threads()
    with cores.leaving_a_core():
        assert torch.get_num_threads() == max(1, before - 1)
    assert torch.get_num_threads() == before


def test_other_parts_of_the_program_keep_their_threads() -> None:
    outside = _threads_elsewhere()
    with cores.leaving_a_core():
        assert _threads_elsewhere() == outside


def _threads_elsewhere() -> int:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return seen[0]


def test_a_model_for_videos_is_opened_with_a_thread_less(tmp_path, monkeypatch) -> None:
    def opened(reference, checkpoints, **options):
        return reference, checkpoints, options, torch.get_num_threads()

    monkeypatch.setattr(cores, "load_model", opened)
    expected = ("fernet", tmp_path, {"engine": "onnx"}, max(1, torch.get_num_threads() - 1))
    assert cores.load_for_video("fernet", tmp_path, engine="onnx") == expected
