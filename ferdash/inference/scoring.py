"""A model on a dataset's split: probabilities of every image, and what follows from them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ferdash.data.dataset import FaceDataset
from ferdash.data.exclusions import excluded_kinds, is_excluded
from ferdash.data.votes import majority, targets
from ferdash.errors import EvaluationError
from ferdash.evaluation.intervals import Interval, bootstrap_intervals
from ferdash.evaluation.metrics import Metrics, compute_metrics
from ferdash.evaluation.protocol import Protocol, fingerprint, stratified_rows
from ferdash.evaluation.raters import RaterScores, compare_with_raters
from ferdash.evaluation.temperature import apply_temperature
from ferdash.models.calibration import Calibration
from ferdash.models.emotion_model import EmotionModel
from ferdash.runs.predictions import write_table

BATCH = 256
"""Faces read and classified between two reports of progress."""


@dataclass(frozen=True)
class Scored:
    """A model's scores, with all that is needed to check them.

    rows: int64 (N,), rows of the dataset, ascending. labels: int64 (N,). probabilities: float32 (N, 7).
    duplicates: bool (N,), images that are pixel-identical to a training image or its mirror image. intervals: by the
    names of the scores in `metrics`. calibration: how the probabilities were scaled, None where they are as the
    network gives them. votes: uint8 (N, 10), see `ferdash.data.votes`, None where the dataset has none; raters: what
    follows from them.
    """

    protocol: Protocol
    rows: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    duplicates: np.ndarray
    metrics: Metrics
    intervals: dict[str, Interval]
    calibration: Calibration | None = None
    votes: np.ndarray | None = None
    raters: RaterScores | None = None

    def to_dict(self) -> dict[str, Any]:
        """Protocol (in words too), calibration, metrics, intervals and the comparison with raters as plain data for
        JSON: what evaluation.json holds."""
        return {
            "described": self.protocol.describe(),
            "protocol": self.protocol.to_dict(),
            "calibration": self.calibration and self.calibration.to_dict(),
            "metrics": self.metrics.to_dict(),
            "intervals": {name: asdict(interval) for name, interval in self.intervals.items()},
            "raters": self.raters and self.raters.to_dict(),
        }


def score(
    model: EmotionModel,
    dataset: FaceDataset,
    split: str,
    *,
    per_class: int = 0,
    exclude_duplicates: bool = False,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Classify the images of a split, with the model's test-time augmentation, and score the result.

    per_class: 0 for the whole split, else at most so many images of each emotion, drawn by `seed`; the draw comes
    before duplicates are left out, so that the images without them are some of the images with them.
    on_progress(done, total) is called after every batch.

    Images of findings that the dataset leaves out of scores (`ferdash.data.exclusions`) are not among them.

    Raises DatasetError for an unknown split, and EvaluationError when no image is left to score.
    """
    rows = dataset.rows(split)
    rows = stratified_rows(rows, dataset.labels[rows], per_class=per_class, seed=seed)
    if len(rows) == 0:
        raise EvaluationError(f"The {split} split of “{dataset.name}” has no image; choose another split.")
    kinds = excluded_kinds(dataset)
    if kinds:
        rows = rows[~is_excluded(dataset)[rows]]
        if len(rows) == 0:
            raise EvaluationError(
                f"Every image of the {split} split of “{dataset.name}” is left out of scores as {', '.join(kinds)}; "
                "leave less out (Dataset page, Audit)."
            )
    duplicates = dataset.duplicates_training()[rows]
    protocol = Protocol(
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        split=split,
        images=len(rows),
        per_class=per_class,
        seed=seed if per_class else 0,
        duplicates_included=True,
        duplicates=int(duplicates.sum()),
        tta=model.tta,
        rows=fingerprint(rows),
        mirrored=int(dataset.mirrors_training[rows].sum()),
        excluded=kinds,
    )
    probabilities = _classify(model, dataset, rows, on_progress or (lambda done, total: None))
    votes = None if dataset.votes is None else dataset.votes[rows]
    scored = _scored(protocol, rows, dataset.labels[rows], probabilities, duplicates, votes, model.calibration)
    # Duplicates are classified all the same: in other batches the last digits of the rest would differ.
    return without_duplicates(scored) if exclude_duplicates else scored


def without_duplicates(scored: Scored) -> Scored:
    """The same scores without the images that duplicate a training image, from the probabilities already there: what
    `score` gives with exclude_duplicates.

    Raises EvaluationError when no image is left.
    """
    keep = ~scored.duplicates
    if not keep.any():
        raise EvaluationError("Every one of these images is also a training image, so there is nothing else to score.")
    rows = scored.rows[keep]
    protocol = replace(
        scored.protocol, images=len(rows), duplicates_included=False, duplicates=0, mirrored=0, rows=fingerprint(rows)
    )
    votes = None if scored.votes is None else scored.votes[keep]
    arrays = rows, scored.labels[keep], scored.probabilities[keep], scored.duplicates[keep], votes
    return _scored(protocol, *arrays, scored.calibration)


def recalibrated(scored: Scored, calibration: Calibration) -> Scored:
    """What `score` gives with a model of that calibration, from the probabilities that it gave without any."""
    probabilities = apply_temperature(scored.probabilities, calibration.temperature).astype(np.float32)
    arrays = scored.rows, scored.labels, probabilities, scored.duplicates, scored.votes
    return _scored(scored.protocol, *arrays, calibration)


def write_predictions(scored: Scored, path: Path) -> None:
    """Write every image's row in the dataset, label and seven probabilities to a Parquet file, as a run folder has it.

    Raises EvaluationError when the file cannot be written.
    """
    try:
        write_table(path, rows=scored.rows, labels=scored.labels, probabilities=scored.probabilities)
    except OSError as error:
        raise EvaluationError(f"The predictions cannot be written to {path} ({error}).") from error


def _classify(
    model: EmotionModel, dataset: FaceDataset, rows: np.ndarray, report: Callable[[int, int], None]
) -> np.ndarray:
    batches = []
    for start in range(0, len(rows), BATCH):
        batches.append(model.probabilities(dataset.images[rows[start : start + BATCH]]))
        report(min(start + BATCH, len(rows)), len(rows))
    return np.concatenate(batches)


def _scored(
    protocol: Protocol,
    rows: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    duplicates: np.ndarray,
    votes: np.ndarray | None,
    calibration: Calibration | None,
) -> Scored:
    return Scored(
        protocol=protocol,
        rows=rows,
        labels=labels,
        probabilities=probabilities,
        duplicates=duplicates,
        metrics=compute_metrics(y_true=labels, probabilities=probabilities),
        intervals=bootstrap_intervals(y_true=labels, probabilities=probabilities),
        calibration=calibration,
        votes=votes,
        raters=None if votes is None else _raters(labels, probabilities, votes),
    )


def _raters(labels: np.ndarray, probabilities: np.ndarray, votes: np.ndarray) -> RaterScores | None:
    return compare_with_raters(
        probabilities=probabilities, labels=labels, votes=votes, majority=majority(votes), targets=targets(votes)
    )
