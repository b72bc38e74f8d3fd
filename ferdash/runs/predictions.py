"""What a model answered to every image of a split, as a table from which any score can be computed again."""

from pathlib import Path

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.files import write_atomic


def write_table(path: Path, *, rows: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> None:
    """A Parquet file of int64 (N,) dataset rows, int64 (N,) labels and float (N, 7) probabilities. Raises OSError."""
    table = pd.DataFrame(np.asarray(probabilities, dtype=np.float32), columns=list(EMOTIONS))
    table.insert(0, "label", labels)
    table.insert(0, "row", rows)
    write_atomic(path, lambda file: table.to_parquet(file, index=False))


def write_predictions(
    folder: Path, split: str, *, rows: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> None:
    """Save the probabilities of a split in a run's folder, as `write_table` does."""
    write_table(folder / "predictions" / f"{split}.parquet", rows=rows, labels=labels, probabilities=probabilities)


def read_predictions(folder: Path, split: str) -> pd.DataFrame:
    """The table of `write_predictions`. Raises RunError when there is none, or it cannot be read."""
    path = folder / "predictions" / f"{split}.parquet"
    if not path.is_file():
        raise RunError(f"Run {folder.name} has no predictions for {split}.")
    try:
        table = pd.read_parquet(path)
        _require_sane(table)
        return table
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"The predictions of run {folder.name} for {split} cannot be read ({error}).") from error


def _require_sane(table: pd.DataFrame) -> None:
    """Raise ValueError for a table that is not as `write_table` writes it."""
    if missing := [name for name in ("row", "label", *EMOTIONS) if name not in table]:
        raise ValueError(f"there is no column {missing[0]}")
    for name in ("row", "label"):
        if not pd.api.types.is_integer_dtype(table[name]) or (table[name] < 0).any():
            raise ValueError(f"{name} is not a number from 0 in every row")
    if (table["label"] >= len(EMOTIONS)).any():
        raise ValueError("a label is none of the seven")
    if not table[list(EMOTIONS)].to_numpy(dtype=np.float32).clip(0, 1).sum(axis=1).min(initial=1) > 0:
        raise ValueError("probabilities are missing")
