import os

import pytest
import torch

from ferdash.training.compute import set_threads


def test_processes_of_one_machine_share_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    try:
        assert set_threads(0) == 8
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
        assert set_threads(0) == 2
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
        assert set_threads(0) == 1
        assert set_threads(3) == 3  # asked for
    finally:
        torch.set_num_threads(before)
