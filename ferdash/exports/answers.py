"""What runs say of the images that are scored: all of validation but what their dataset leaves out."""

from dataclasses import replace
from pathlib import Path

from ferdash.data.exclusions import scored_rows
from ferdash.runs.compare import Answers


def without_excluded(each: Answers, data: Path) -> Answers:
    """The answers without images of findings that the dataset under the data root leaves out of scores; the same ones
    where that would leave nothing."""
    keep = scored_rows(data, each.dataset, each.dataset_hash, each.rows)
    if keep.all() or not keep.any():
        return each
    return replace(each, rows=each.rows[keep], labels=each.labels[keep], probabilities=each.probabilities[keep])
