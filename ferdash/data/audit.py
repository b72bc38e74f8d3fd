"""What is wrong with a dataset before any model sees it: duplicates, leaks, contradicting labels, empty images.

The findings are kept beside the dataset, in audit.json, and belong to its hash: the next audit only reads them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ferdash.data.alterations import alteration
from ferdash.data.dataset import FaceDataset, content_hashes
from ferdash.data.grouping import components, groups_of, repeated, rows_of
from ferdash.data.near_duplicates import near_duplicate_pairs
from ferdash.data.statistics import image_quality
from ferdash.data.votes import majority_class
from ferdash.emotions import EMOTIONS, SPLITS
from ferdash.files import write_json
from ferdash.shapes import Needed, fitting, read_json

FORMAT = 4
FILE_NAME = "audit.json"

LOW_CONTRAST = 12.0
"""Standard deviation in grey levels below which a face can hardly be seen; a photograph has 40 and more."""

ONE_SHADE = 0.7
"""Share of pixels of the very same grey level. Looked at by eye on FER2013: above it are the notices and warning signs
that web sites show instead of a removed photograph, below it faces in front of white begin."""

_CHUNK = 1024


@dataclass(frozen=True)
class Finding:
    """One kind of fault.

    rows: sorted int64 row numbers of the images that have it. groups: the row numbers of images that belong together,
    among them images that are in order themselves, such as the training image that a test image is a copy of; every
    row is in one group. counts: how many of the rows lie in each split.
    """

    kind: str
    title: str
    explanation: str
    rows: np.ndarray
    groups: tuple[np.ndarray, ...]
    counts: dict[str, int]

    @property
    def count(self) -> int:
        return len(self.rows)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "title": self.title,
            "explanation": self.explanation,
            "count": self.count,
            "counts": self.counts,
            "rows": self.rows.tolist(),
            "groups": [group.tolist() for group in self.groups],
        }


@dataclass(frozen=True)
class AuditReport:
    """All findings, the gravest first; those with no image are there too, with a count of 0. altered: how a copy of
    FER2013 differs from the original, in a sentence; empty where it does not, or it is another dataset."""

    dataset_hash: str
    findings: tuple[Finding, ...]
    altered: str = ""

    def finding(self, kind: str) -> Finding:
        """The finding of one kind. Raises KeyError when the audit has none of that name."""
        found = {finding.kind: finding for finding in self.findings}
        return found[kind]


def audit_dataset(dataset: FaceDataset, progress: Callable[[int, int], None] | None = None) -> AuditReport:
    """Audit a dataset, or read its audit where that has been done.

    `progress` is called with (images compared, images in all) while near duplicates are sought, which is what takes
    the time.
    """
    kept = read_audit(dataset)
    if kept is not None:
        return kept
    pairs = _near_pairs(dataset, progress)
    altered = alteration(dataset.images, dataset.labels, dataset.table["split"].to_numpy(dtype=str))
    report = AuditReport(dataset.hash, (*_exact(dataset), *_near(dataset, pairs), *_single(dataset)), altered)
    findings = [finding.as_dict() for finding in report.findings]
    # Where the folder cannot be written to, the audit is simply done again next time.
    with suppress(OSError):
        content = {"format": FORMAT, "hash": dataset.hash, "altered": altered, "findings": findings}
        write_json(dataset.folder / FILE_NAME, content)
    return report


_SHAPE: dict[str, Any] = {
    "format": Needed(int),
    "hash": Needed(str),
    "altered": Needed(str),
    "findings": Needed(
        [
            {
                **dict.fromkeys(("kind", "title", "explanation"), Needed(str)),
                "rows": Needed([int]),
                "groups": Needed([[int]]),
                "counts": Needed({str: int}),
            }
        ]
    ),
}


def read_audit(dataset: FaceDataset) -> AuditReport | None:
    """The audit kept with a dataset; None when there is none of this content and format."""
    file = dataset.folder / FILE_NAME
    try:
        written = read_json(file)
        kept = fitting(written, _SHAPE)
    except (FileNotFoundError, ValueError):
        return None
    # A part of an audit would say that the rest is sound.
    if kept is None or kept != written or (kept["format"], kept["hash"]) != (FORMAT, dataset.hash):
        return None
    findings = tuple(_from_dict(entry) for entry in kept["findings"])
    rows = np.concatenate([row for finding in findings for row in (finding.rows, *finding.groups)] or [np.zeros(0)])
    in_range = not len(rows) or (rows.min() >= 0 and rows.max() < len(dataset))
    return AuditReport(dataset.hash, findings, kept["altered"]) if in_range else None


def _from_dict(entry: dict[str, Any]) -> Finding:
    groups = tuple(np.array(group, dtype=np.int64) for group in entry["groups"])
    rows = np.array(entry["rows"], dtype=np.int64)
    return Finding(entry["kind"], entry["title"], entry["explanation"], rows, groups, entry["counts"])


# --- identical pixels -----------------------------------------------------------------------------------------------


def _exact(dataset: FaceDataset) -> Iterator[Finding]:
    content = _content_numbers(dataset)
    split = _split_numbers(dataset)
    groups = groups_of(content)
    train, validation = SPLITS.index("train"), SPLITS.index("validation")
    in_train = np.isin(content, content[split == train])
    in_validation = np.isin(content, content[split == validation])
    yield _finding(
        dataset,
        "leaks",
        "Held-out images identical to a training image",
        "These validation or test images are pixel for pixel in the training set, so a score on them partly measures "
        "memory.",
        np.flatnonzero(in_train & (split != train)),
        groups,
    )
    yield _finding(
        dataset,
        "mirrored_leaks",
        "Held-out images that mirror a training image",
        "Turned left to right, they are pixel for pixel in the training set. A model that is trained on mirrored "
        "images, as most are, has seen these validation or test images too.",
        np.flatnonzero(dataset.mirrors_training),
        _mirror_groups(dataset),
    )
    yield _finding(
        dataset,
        "held_out_leaks",
        "Test images identical to a validation image",
        "What is chosen on validation has already seen these test images.",
        np.flatnonzero(in_validation & (split == SPLITS.index("test"))),
        groups,
    )
    yield _finding(
        dataset,
        "label_conflicts",
        "Identical images with different labels",
        "The same picture is labelled as two or more emotions, so at least one of the labels is wrong.",
        rows_of(group for group in groups if len(set(dataset.labels[group])) > 1),
        groups,
    )
    yield _finding(
        dataset,
        "duplicates",
        "Identical images within a split",
        "The same picture is there more than once and counts more than once, in training as in a score.",
        np.flatnonzero(repeated(content * len(SPLITS) + split)),
        groups,
    )


def _mirror_groups(dataset: FaceDataset) -> list[np.ndarray]:
    """Each held-out mirror image with the training images that it mirrors."""
    hashes, is_train = dataset.table["content_hash"].to_numpy(), (dataset.table["split"] == "train").to_numpy()
    mirrors = np.flatnonzero(dataset.mirrors_training)
    of = dict[str, list[int]]()
    for row, content in zip(mirrors, content_hashes(dataset.images[mirrors][:, :, ::-1]), strict=True):
        of.setdefault(content, []).append(int(row))
    return [np.sort([*rows, *np.flatnonzero(is_train & (hashes == content))]) for content, rows in of.items()]


# --- nearly identical pixels ----------------------------------------------------------------------------------------


def _near_pairs(dataset: FaceDataset, progress: Callable[[int, int], None] | None) -> np.ndarray:
    """Pairs of rows, each the first of its content, that are near duplicates of one another."""
    firsts = np.unique(_content_numbers(dataset), return_index=True)[1]
    found: np.ndarray = firsts[near_duplicate_pairs(dataset.images[firsts], progress)]
    return found


def _near(dataset: FaceDataset, pairs: np.ndarray) -> Iterator[Finding]:
    content, split, labels = _content_numbers(dataset), _split_numbers(dataset), dataset.labels
    groups = [rows for rows in groups_of(components(content, pairs)) if len(set(content[rows])) > 1]
    is_leaked = dataset.duplicates_training()
    train = SPLITS.index("train")
    yield _finding(
        dataset,
        "near_leaks",
        "Held-out images nearly identical to a training image",
        "The same photograph, with another crop, brightness, compression or watermark, is in the training set.",
        rows_of(rows[(split[rows] != train) & ~is_leaked[rows]] for rows in groups if (split[rows] == train).any()),
        groups,
    )
    yield _finding(
        dataset,
        "near_conflicts",
        "Nearly identical images with different labels",
        "Versions of one photograph are labelled as different emotions, so at least one of the labels is wrong.",
        rows_of(rows for rows in groups if len(set(labels[rows])) > 1),
        groups,
    )
    yield _finding(
        dataset,
        "near_duplicates",
        "Nearly identical images within a split",
        "Versions of one photograph are in the same split and count as if they were different faces.",
        rows_of(_more_than_one_content(rows, content, split) for rows in groups),
        groups,
    )


def _more_than_one_content(rows: np.ndarray, content: np.ndarray, split: np.ndarray) -> np.ndarray:
    """Those of `rows` whose split has another of `rows` with other pixels."""
    in_split = [rows[split[rows] == number] for number in range(len(SPLITS))]
    return np.concatenate([part for part in in_split if len(set(content[part])) > 1] or [rows[:0]])


# --- one image at a time --------------------------------------------------------------------------------------------


def _single(dataset: FaceDataset) -> Iterator[Finding]:
    contrast = image_quality(dataset.images)["contrast"].to_numpy()
    yield _finding(
        dataset,
        "blank",
        "Empty images, or almost without contrast",
        "There is no face to be seen in them, so whatever their label says cannot be learned.",
        np.flatnonzero(contrast < LOW_CONTRAST),
    )
    yield _finding(
        dataset,
        "placeholders",
        "Images that are mostly one shade, probably not faces",
        "Most of their pixels have the very same grey, as in a notice that the photograph was removed.",
        np.flatnonzero((contrast >= LOW_CONTRAST) & (_commonest_share(dataset.images) >= ONE_SHADE)),
    )
    if dataset.votes is None:
        return
    yield from _rated(dataset, dataset.votes)


def _rated(dataset: FaceDataset, votes: np.ndarray) -> Iterator[Finding]:
    """What the raters say against the labels. votes: uint8 (N, 10)."""
    chosen = majority_class(votes)
    is_emotion = (chosen >= 0) & (chosen < len(EMOTIONS))
    yield _finding(
        dataset,
        "raters_overrule",
        "Images whose raters mostly chose another emotion",
        "Over half of all raters agreed on an emotion that is not the label.",
        np.flatnonzero(is_emotion & (chosen != dataset.labels)),
    )
    yield _finding(
        dataset,
        "raters_none",
        "Images that show none of the seven emotions, say the raters",
        "Over half of all raters chose contempt, or could not tell, or saw no face.",
        np.flatnonzero(chosen >= len(EMOTIONS)),
    )
    yield _finding(
        dataset,
        "raters_disagree",
        "Images on which the raters disagree",
        "Nothing got over half of the raters' votes, so people do not agree on what these faces show either.",
        np.flatnonzero(votes.any(axis=1) & (chosen < 0)),
    )


def _commonest_share(images: np.ndarray) -> np.ndarray:
    """float (N,): the share of each image's pixels that have its most frequent grey level."""
    parts = []
    for start in range(0, len(images), _CHUNK):
        flat = images[start : start + _CHUNK].reshape(-1, images[0].size)
        # One histogram for all images of the chunk: image i counts in bins 256 i to 256 i + 255.
        levels = flat + 256 * np.arange(len(flat))[:, None]
        histograms = np.bincount(levels.ravel(), minlength=256 * len(flat)).reshape(len(flat), 256)
        parts.append(histograms.max(axis=1) / flat.shape[1])
    return np.concatenate(parts)


# --- groups ---------------------------------------------------------------------------------------------------------


def _finding(
    dataset: FaceDataset,
    kind: str,
    title: str,
    explanation: str,
    rows: np.ndarray,
    groups: Iterable[np.ndarray] | None = None,
) -> Finding:
    """A finding with those of `groups` that hold one of its rows; each row is its own group where None."""
    rows = np.unique(rows)
    wanted = set(rows.tolist())
    concerned = (
        rows[:, None] if groups is None else [group for group in groups if not wanted.isdisjoint(group.tolist())]
    )
    per_split = dataset.table["split"].iloc[rows].value_counts()
    counts = {split: int(per_split.get(split, 0)) for split in SPLITS if per_split.get(split, 0)}
    return Finding(kind, title, explanation, rows, tuple(concerned), counts)


def _content_numbers(dataset: FaceDataset) -> np.ndarray:
    """int64 (N,): equal numbers for pixel-identical images."""
    return np.unique(dataset.table["content_hash"].to_numpy(dtype=str), return_inverse=True)[1]


def _split_numbers(dataset: FaceDataset) -> np.ndarray:
    """int64 (N,): position of each image's split in SPLITS."""
    found: np.ndarray = dataset.table["split"].map(SPLITS.index).to_numpy(dtype=np.int64)
    return found
