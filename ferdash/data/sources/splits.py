"""Drawing a split where the source has none: stratified by emotion, decided by content, so duplicates stay together."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

VALIDATION_OF_TRAIN: dict[str, float] = {"train": 0.9, "validation": 0.1}
ALL_THREE: dict[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}


def draw_splits(hashes: Sequence[str], labels: np.ndarray, shares: Mapping[str, float]) -> list[str]:
    """A split for each image, every emotion divided by `shares` (summing to 1) as nearly as its images allow.

    Pixel-identical images (equal `hashes`) always get the same split, also when their labels differ. The draw depends
    on nothing but the content: the order of the images, their names and any seed play no part.
    """
    table = pd.DataFrame({"hash": list(hashes), "label": np.asarray(labels)})
    groups = table.groupby("hash", sort=True)["label"].agg(label="min", size="size")
    by_label = groups.groupby("label")["size"]
    # A content hash is as good as a random number, so its order within an emotion is the lot that is drawn. A group
    # goes where its middle falls, which rounds to the nearest whole group.
    middle = (by_label.cumsum() - groups["size"] / 2) / by_label.transform("sum")
    bounds = np.cumsum(list(shares.values()))[:-1]
    split_of_group = pd.Series(np.array(list(shares))[np.searchsorted(bounds, middle)], index=groups.index)
    found: list[str] = split_of_group[table["hash"]].tolist()
    return found
