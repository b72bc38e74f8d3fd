"""A dataset small enough to train on in a second: each emotion is a bright square at a place of its own, in noise."""

from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import FaceDataset, open_dataset, save_dataset
from ferdash.emotions import EMOTIONS
from ferdash.training.config import TrainConfig, from_dict

PER_EMOTION = {"train": 16, "validation": 4, "test": 4}


def make_squares(root: Path, name: str = "squares", seed: int = 0) -> FaceDataset:
    rng = np.random.default_rng(seed)
    images, labels, splits, sources = [], [], [], []
    for split, count in PER_EMOTION.items():
        for label in range(len(EMOTIONS)):
            for number in range(count):
                image = rng.integers(0, 120, (48, 48), dtype=np.uint8)
                image[4 + 5 * label : 12 + 5 * label, 6 * label : 6 * label + 10] = 230
                images.append(image)
                labels.append(label)
                splits.append(split)
                sources.append(f"{split}/{EMOTIONS[label]}/{number:03d}.png")
    return save_dataset(
        root, name, images=np.stack(images), labels=np.array(labels), splits=splits, sources=sources, origin="squares"
    )


@pytest.fixture(scope="session")
def squares_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("squares")
    make_squares(root)
    return root


@pytest.fixture
def tiny_config() -> TrainConfig:
    """A small FerNet with everything random switched on: dropout, augmentation, mixup, averaging."""
    return from_dict(
        {
            "dataset": "squares",
            "epochs": 2,
            "batch_size": 16,
            "ema": 0.9,
            "network": {"width": 4, "depths": [1, 1], "dropout": 0.2},
            "optimizer": {"lr": 5e-3, "clip": 1.0},
            "schedule": {"name": "cosine", "warmup_epochs": 0.5},
            "augment": {"flip": 0.5, "rotation": 10, "shift": 0.05, "brightness": 0.2, "erasing": 0.3, "mixup": 0.2},
            "checkpoint": {"every_batches": 2, "keep_last": 20},
            "compute": {"threads": 1, "device": "cpu", "precision": "float32"},
        }
    )


@pytest.fixture
def voted_root(squares_root: Path, tmp_path: Path) -> Path:
    """A data root with `voted`: the squares, and ten raters who all agree with the label."""
    squares = open_dataset(squares_root, "squares")
    votes = np.zeros((len(squares), 10), dtype=np.uint8)
    votes[np.arange(len(squares)), squares.labels] = 10
    save_dataset(
        tmp_path / "voted-data",
        "voted",
        images=np.asarray(squares.images),
        labels=squares.labels,
        splits=squares.table["split"].tolist(),
        sources=squares.table["source"].tolist(),
        origin="squares",
        votes=votes,
    )
    return tmp_path / "voted-data"
