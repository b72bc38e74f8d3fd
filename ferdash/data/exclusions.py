"""Which of the audit's findings are left out of scores: a choice of the dataset's, kept beside it, in exclusions.json.

It is part of the protocol: a score says which findings were left out, and is comparable only with scores of exactly the
same images. Training is not touched, since a run's own validation is of the images that its record names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferdash.data.audit import Finding, audit_dataset, read_audit
from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.errors import DatasetError
from ferdash.files import write_json
from ferdash.shapes import Needed, fitting, read_json
from ferdash.wording import count

FORMAT = 1
FILE_NAME = "exclusions.json"

_SHAPE: dict[str, Any] = {"format": Needed(int), "hash": Needed(str), "kinds": Needed([str])}


@dataclass(frozen=True)
class Weight:
    """What a finding does to scores. split: the held-out split with the largest share of such images; images: how many
    it has; points: by how many percentage points of accuracy they can move a score on it, at most."""

    split: str
    images: int
    points: float

    @property
    def words(self) -> str:
        if not self.images:
            return "no held-out image: no score changes"
        return f"{count(self.images)} of {self.split}: up to {self.points:.1f} points of accuracy"


def weight_of(finding: Finding, dataset: FaceDataset) -> Weight:
    """How far the images of a finding can move a score: as far as their share of a split."""
    weights = [Weight("validation", 0, 0.0)]
    for split in ("validation", "test"):
        images = finding.counts.get(split, 0)
        if images:
            weights.append(Weight(split, images, 100 * images / len(dataset.rows(split))))
    return max(weights, key=lambda weight: weight.points)


def excluded_kinds(dataset: FaceDataset) -> tuple[str, ...]:
    """Kinds of the findings that are left out of scores, in the audit's order; empty for none."""
    try:
        kept = fitting(read_json(dataset.folder / FILE_NAME), _SHAPE)
    except (FileNotFoundError, ValueError):
        return ()
    if kept is None or (kept["format"], kept["hash"]) != (FORMAT, dataset.hash):
        return ()
    return tuple(kept["kinds"])


def exclude(dataset: FaceDataset, kinds: Iterable[str]) -> tuple[str, ...]:
    """Leave exactly these findings out of scores from now on; none to leave everything in. Returns them in the audit's
    order. Raises DatasetError for one that the audit does not know."""
    known = [finding.kind for finding in audit_dataset(dataset).findings]
    wanted = set(kinds)
    if unknown := sorted(wanted - set(known)):
        raise DatasetError(f"The audit has no finding “{unknown[0]}”; there are {', '.join(known)}.")
    kept = [kind for kind in known if kind in wanted]
    write_json(dataset.folder / FILE_NAME, {"format": FORMAT, "hash": dataset.hash, "kinds": kept})
    return tuple(kept)


def is_excluded(dataset: FaceDataset) -> np.ndarray:
    """bool (N,): whether an image of the dataset is left out of scores."""
    mask = np.zeros(len(dataset), dtype=bool)
    kinds = excluded_kinds(dataset)
    report = read_audit(dataset) if kinds else None
    if kinds and report is None:
        report = audit_dataset(dataset)
    for finding in report.findings if report is not None else ():
        if finding.kind in kinds:
            mask[finding.rows] = True
    return mask


def scored_rows(root: Path, name: str, dataset_hash: str, rows: np.ndarray) -> np.ndarray:
    """bool (N,): which of the dataset's rows, int64 (N,), are scored; all of them where nothing is left out, or the
    dataset of that name and content is not here."""
    everything = np.ones(len(rows), dtype=bool)
    if not (root / name / FILE_NAME).is_file():
        return everything
    try:
        dataset = open_dataset(root, name)
    except DatasetError:
        return everything
    return everything if dataset.hash != dataset_hash else ~is_excluded(dataset)[rows]
