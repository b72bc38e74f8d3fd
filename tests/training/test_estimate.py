import time
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ferdash.data.dataset import open_dataset
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.training import estimate as estimates
from ferdash.training.config import TrainConfig, override
from ferdash.training.estimate import Estimate, estimate, fitting, in_words


def test_an_estimate_grows_with_epochs_and_counts_what_is_kept(squares_root: Path) -> None:
    dataset = open_dataset(squares_root, "squares")
    shape = FerNetConfig(width=8)
    weights = sum(tensor.nbytes for tensor in FerNetForImageClassification(shape).state_dict().values())
    base = ["dataset=squares", "batch_size=16", "compute.threads=1", "checkpoint.keep_last=2"]

    def of(*settings: str):
        config = override(TrainConfig(), base + list(settings))
        return estimate(config, dataset, FerNetForImageClassification(shape), Preprocess())

    short, long = of("epochs=1"), of("epochs=50")
    assert 10 * short.seconds < long.seconds
    assert short.disk_bytes == weights * 3 * 2 + weights
    assert of("epochs=1", "ema=0.9").disk_bytes == weights * 4 * 2 + 2 * weights
    assert short.memory_bytes > weights * 4 + dataset.images[: 7 * 16].nbytes


def test_a_larger_batch_needs_more_memory(squares_root: Path) -> None:
    dataset = open_dataset(squares_root, "squares")

    def memory(batch_size: int) -> int:
        config = override(TrainConfig(), ["dataset=squares", f"batch_size={batch_size}", "compute.threads=1"])
        network = FerNetForImageClassification(FerNetConfig(width=8))
        return estimate(config, dataset, network, Preprocess()).memory_bytes

    assert memory(64) > memory(16) * 1.5


def test_a_batch_is_halved_until_it_has_room() -> None:
    room = {"batch_bytes": 6400, "rest_bytes": 1000}
    assert fitting(64, 1, **room, free_bytes=7400) == (64, 1)
    assert fitting(64, 1, **room, free_bytes=7399) == (32, 2)
    assert fitting(64, 3, **room, free_bytes=1100) == (1, 192)
    assert fitting(64, 1, **room, free_bytes=1099) is None


def test_what_has_no_room_is_said_with_what_has() -> None:
    def said(free_bytes: int, fits: tuple[int, int] | None) -> str:
        return in_words(Estimate(120, 4_000_000_000, free_bytes, fits, 70_000_000, 1234.5), 60)

    plain = "About 2 min 0 s for 60 epochs, at 1,234 images/s, 4.0 GB of memory and 70 MB on disk."
    assert said(4_000_000_000, (64, 1)) == plain
    small = in_words(Estimate(1.0, 12_000_000, 10**9, (64, 1), 2_100_000_000, 10), 1)
    assert small == "About 1 s for 1 epoch, at 10 images/s, 12 MB of memory and 2.1 GB on disk."
    few = f"{plain} Only 3.0 GB of memory are free here"
    assert said(3_000_000_000, (32, 2)) == f"{few}; it fits with batch_size=32 and optimizer.accumulate=2."
    assert said(3_000_000_000, None).startswith(f"{few}, too little for one image at a time; choose a smaller")


@pytest.mark.parametrize("free", [0, 30_000_000])
def test_no_more_is_timed_than_has_room(squares_root: Path, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    timed, seconds = [], estimates._seconds_of_an_image

    def watched(*given, images: int, **rest) -> float:
        timed.append(images)
        return seconds(*given, images=images, **rest)

    monkeypatch.setattr(estimates, "_seconds_of_an_image", watched)
    monkeypatch.setattr(estimates, "free_bytes", lambda device: free)
    dataset = open_dataset(squares_root, "squares")
    config = override(TrainConfig(), ["dataset=squares", "batch_size=4000", "compute.threads=1"])
    found = estimate(config, dataset, FerNetForImageClassification(FerNetConfig(width=16)), Preprocess())
    assert found.free_bytes == free
    assert found.memory_bytes > 30_000_000
    assert timed[1:] == [found.fits[0] if found.fits else 1] * 2
    assert (found.fits is None) == (free == 0)


@pytest.mark.parametrize("held_up", range(estimates.TIMED_BATCHES))
def test_a_batch_held_up_by_another_program_does_not_count(held_up: int) -> None:
    calls = count()

    def scorer(state: object, rows: np.ndarray) -> None:
        if next(calls) == held_up:
            time.sleep(0.5)

    trainer = SimpleNamespace(scorer=scorer, state=None, validation=np.arange(9))
    assert estimates._evaluation_seconds(trainer) < 0.25
