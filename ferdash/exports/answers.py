"""What runs say of the images that are scored: all of validation but what their dataset leaves out."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ferdash.data.dataset import open_dataset
from ferdash.data.exclusions import FILE_NAME, excluded_kinds, scored_rows
from ferdash.errors import DatasetError
from ferdash.runs.compare import Answers
from ferdash.runs.store import Run


def without_excluded(each: Answers, data: Path) -> Answers:
    """The answers without images of findings that the dataset under the data root leaves out of scores; the same ones
    where that would leave nothing."""
    keep = scored_rows(data, each.dataset, each.dataset_hash, each.rows)
    if keep.all() or not keep.any():
        return each
    return replace(each, rows=each.rows[keep], labels=each.labels[keep], probabilities=each.probabilities[keep])


def left_out(name: str, content: str, data: Path) -> str:
    """The findings that a dataset of that name and content hash leaves out of scores, in words; empty for none."""
    if not (data / name / FILE_NAME).is_file():
        return ""
    with suppress(DatasetError):  # a dataset that is gone leaves nothing out
        dataset = open_dataset(data, name)
        if dataset.hash == content:
            return ", ".join(kind.replace("_", " ") for kind in excluded_kinds(dataset))
    return ""


def left_out_words(runs: Iterable[Run], data: Path) -> str:
    """What the datasets of some runs leave out of scores, in a sentence; empty for nothing."""
    kinds = {}
    for name, content in dict.fromkeys((run.record["dataset"]["name"], run.record["dataset"]["hash"]) for run in runs):
        if found := left_out(str(name), str(content), data):
            kinds[name] = found
    if not kinds:
        return ""
    named = "; ".join(f"{words} of {name}" for name, words in kinds.items())
    return (
        f"Compared without what the audit found and the dataset leaves out of scores: {named}. Scores of an epoch are "
        "of all images."
    )
