"""A model on faces that are made worse: the passes over a split behind `ferdash.evaluation.robustness`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from ferdash.data.dataset import FaceDataset
from ferdash.data.votes import majority
from ferdash.errors import EvaluationError
from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from ferdash.evaluation.protocol import Protocol, fingerprint
from ferdash.evaluation.robustness import Robustness, summarise
from ferdash.inference.scoring import BATCH, Scored, score
from ferdash.models.emotion_model import EmotionModel

Truth = Literal["label", "majority"]
"""What counts as right: the dataset's label, or what over half of the raters said."""

PASSES = 1 + len(CORRUPTIONS) * len(STRENGTHS)
"""Over the images: once as they are, then each kind in each strength."""


def measure_robustness(
    model: EmotionModel,
    dataset: FaceDataset,
    split: str,
    *,
    per_class: int = 0,
    exclude_duplicates: bool = False,
    seed: int = 0,
    truth: Truth = "label",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Robustness:
    """Classify a split as it is and under every corruption, the images chosen as `score` does.

    truth: with `majority`, images without one are left out. on_progress(done, total), in images over all passes, is
    called after every batch.

    Raises as `score` does, and EvaluationError when the truth is to be the majority and no votes are known.
    """
    if truth == "majority" and dataset.votes is None:
        raise EvaluationError(f"No raters' votes are known for “{dataset.name}”; measure against its labels.")
    given = score(
        model,
        dataset,
        split,
        per_class=per_class,
        exclude_duplicates=exclude_duplicates,
        seed=seed,
        on_progress=lambda done, images: on_progress(done, images * PASSES),
    )
    protocol, rows, labels, clean = _against(truth, given, dataset)
    worse = np.empty((len(CORRUPTIONS), len(STRENGTHS), len(rows)), dtype=bool)
    total, done = PASSES * len(rows), len(rows)
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        faces = np.asarray(dataset.images[rows[part]])
        for row, kind in enumerate(CORRUPTIONS):
            for column, strength in enumerate(STRENGTHS):
                probabilities = model.probabilities(corrupt(faces, kind, strength))
                worse[row, column, part] = probabilities.argmax(axis=1) == labels[part]
                done += len(faces)
                on_progress(done, total)
    return summarise(protocol, clean == labels, worse, truth)


def _against(truth: Truth, given: Scored, dataset: FaceDataset) -> tuple[Protocol, np.ndarray, np.ndarray, np.ndarray]:
    """The protocol, the rows, what is right there and what the model says there, of the images that have a truth."""
    predicted = given.probabilities.argmax(axis=1)
    if truth == "label" or dataset.votes is None:
        return given.protocol, given.rows, given.labels, predicted
    labels = majority(dataset.votes[given.rows])
    known = labels >= 0
    if not known.any():
        raise EvaluationError("Over half of the raters agree on none of these images, so there is nothing to score.")
    rows = given.rows[known]
    duplicates = int(given.duplicates[known].sum())
    protocol = replace(given.protocol, images=len(rows), duplicates=duplicates, rows=fingerprint(rows))
    return protocol, rows, labels[known], predicted[known]
