"""The minutes with a GPU are too few to find out then that the script of the record has a fault."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import open_dataset
from ferdash.training.config import override
from ferdash.training.recipes import get_recipe

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return runpy.run_path(str(BENCHMARKS / "record.py"))


def test_a_dataset_travels_as_it_is(record: dict, demo_root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(demo_root, "demo")
    record["pack"](dataset, tmp_path / "packed", 1)
    arrived = record["unpack"](tmp_path / "packed", tmp_path / "data")
    assert arrived.hash == dataset.hash
    assert np.array_equal(arrived.images, dataset.images)


def test_speeds_are_measured_of_both_on_the_device_and_of_ours_on_the_processor(
    record: dict, demo_root: Path, tmp_path: Path
) -> None:
    settings = ["dataset=demo", *record["COMMON"], *record["SMALL"], "compute.threads=1"]
    config = override(get_recipe("fernet").config(), settings)
    found = record["speeds"](open_dataset(demo_root, "demo"), config, tmp_path, rehearse=True)
    assert set(found) == {"ferdash", "Trainer, 0 workers", "ferdash on the processor"}
    assert min(found.values()) > 0
