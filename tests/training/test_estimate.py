from pathlib import Path

from ferdash.data.dataset import open_dataset
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.training.config import TrainConfig, override
from ferdash.training.estimate import estimate


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
