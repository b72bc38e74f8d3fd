"""What a dataset consists of: counts, imbalance, mean faces, and each image's light, contrast and sharpness."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ferdash.data.dataset import FaceDataset
from ferdash.data.sharpness import sharpness
from ferdash.emotions import EMOTIONS, SPLITS

REPORT_COUNTS: dict[str, dict[str, int]] = {
    "angry": {"train": 3995, "test": 958},
    "disgust": {"train": 436, "test": 111},
    "fear": {"train": 4097, "test": 1024},
    "happy": {"train": 7215, "test": 1774},
    "neutral": {"train": 4965, "test": 1233},
    "sad": {"train": 4830, "test": 1247},
    "surprise": {"train": 3171, "test": 831},
}
"""Table 3.2 of the report this project implements. Its test set is PublicTest and PrivateTest together, which here are
validation and test."""

_CHUNK = 4096
_QUALITY = ("intensity", "contrast", "sharpness")


@dataclass(frozen=True)
class Summary:
    """A dataset in a few numbers. imbalance_ratio: images of the most frequent emotion in train for each of the
    rarest one that train has (of the whole dataset where there is no train). leaks: images outside train that are
    pixel-identical to a training image; mirrored_leaks: those that are its mirror image. label_conflicts: images that
    are pixel-identical to one with another label."""

    images: int
    distinct_images: int
    images_per_split: dict[str, int]
    most_frequent: str
    rarest: str
    imbalance_ratio: float
    leaks: int
    mirrored_leaks: int
    label_conflicts: int
    has_votes: bool


def summarise(dataset: FaceDataset) -> Summary:
    """The summary of a dataset."""
    counts = dataset.counts()
    decisive = counts["train"] if counts["train"].any() else counts.sum(axis=1)
    present = decisive[decisive > 0]
    return Summary(
        images=len(dataset),
        distinct_images=int(dataset.table["content_hash"].nunique()),
        images_per_split={split: int(counts[split].sum()) for split in SPLITS},
        most_frequent=str(present.idxmax()),
        rarest=str(present.idxmin()),
        imbalance_ratio=imbalance_ratio(decisive.to_numpy()),
        leaks=int((dataset.duplicates_training() & ~dataset.mirrors_training).sum()),
        mirrored_leaks=int(dataset.mirrors_training.sum()),
        label_conflicts=int((dataset.table.groupby("content_hash")["label"].transform("nunique") > 1).sum()),
        has_votes=dataset.votes is not None,
    )


def imbalance_ratio(counts: np.ndarray) -> float:
    """The largest count over the smallest that is not 0.

    >>> round(imbalance_ratio(np.array([3995, 436, 4097, 7215, 4965, 4830, 3171])), 1)
    16.5
    """
    present = counts[counts > 0]
    return float(present.max() / present.min())


def shares(dataset: FaceDataset) -> pd.DataFrame:
    """Each emotion's share of each split, in the shape of `dataset.counts()`: columns sum to 1, or to 0 where a split
    is empty."""
    counts = dataset.counts()
    return counts / counts.sum().clip(lower=1)


def compare_with_report(dataset: FaceDataset) -> pd.DataFrame:
    """Images per emotion here and in the report's table 3.2, with the differences.

    One row an emotion, then a row "total". Columns: train, report_train, train_difference, held_out, report_test,
    held_out_difference; held_out is validation and test together, as the report's test set is.
    """
    counts = dataset.counts()
    report = pd.DataFrame.from_dict(REPORT_COUNTS, orient="index")
    table = pd.DataFrame(
        {
            "train": counts["train"],
            "report_train": report["train"],
            "train_difference": counts["train"] - report["train"],
            "held_out": counts["validation"] + counts["test"],
            "report_test": report["test"],
            "held_out_difference": counts["validation"] + counts["test"] - report["test"],
        }
    ).rename_axis("emotion")
    table.loc["total"] = table.sum()
    return table


def mean_faces(dataset: FaceDataset, split: str | None = None) -> np.ndarray:
    """uint8 (7, 48, 48): the mean image of each emotion, of one split or of all; black where there is none.

    Raises DatasetError for an unknown split.
    """
    rows = np.arange(len(dataset)) if split is None else dataset.rows(split)
    labels = dataset.labels[rows]
    sums = np.zeros((len(EMOTIONS), dataset.images[0].size))
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        pixels = dataset.images[rows[part]].reshape(len(rows[part]), -1).astype(np.float32)
        # One matrix product adds every image to its emotion's sum.
        sums += (labels[part][None, :] == np.arange(len(EMOTIONS))[:, None]).astype(np.float32) @ pixels
    means = sums / np.maximum(np.bincount(labels, minlength=len(EMOTIONS)), 1)[:, None]
    return np.round(means).astype(np.uint8).reshape(len(EMOTIONS), *dataset.images.shape[1:])


def image_quality(images: np.ndarray) -> pd.DataFrame:
    """How light, rich in contrast and sharp each image of a uint8 (N, H, W) array is, one row an image.

    intensity: mean grey level, 0 to 255. contrast: standard deviation of the grey levels. sharpness: variance of the
    Laplacian (Pech-Pacheco et al. 2000, Diatom autofocusing in brightfield microscopy); noise raises it too.
    """
    parts = [_quality(np.asarray(images[start : start + _CHUNK])) for start in range(0, len(images), _CHUNK)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_QUALITY), dtype=np.float32)


def _quality(images: np.ndarray) -> pd.DataFrame:
    flat = images.reshape(len(images), -1).astype(np.float32)
    return pd.DataFrame(dict(zip(_QUALITY, (flat.mean(axis=1), flat.std(axis=1), sharpness(images)), strict=True)))
