"""Learning from teachers: what earlier models see in each training image, mixed into its label.

Hinton et al., "Distilling the Knowledge in a Neural Network" (2015); with a teacher of the student's own shape it is
Furlanello et al., "Born-Again Neural Networks" (2018). The teachers look at ten crops of each image once, before
training: that costs one pass instead of one for every epoch, and ten crops score better than one.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ferdash.files import write_atomic
from ferdash.models.loading import load_model
from ferdash.models.views import average_probabilities, ten_crops

BATCH = 512
LOOKS = 10
"""How often a teacher looks at each image."""

TAUGHT = "taught.npy"
"""File of a run folder that holds the table of `teacher_table`."""


def teacher_table(
    references: list[str],
    images: np.ndarray,
    *,
    checkpoints: Path,
    kept: Path,
    on_progress: Callable[[int, int], None],
) -> np.ndarray:
    """The teachers' mean probabilities of each training image, float32 (N, 7).

    references: model references. images: uint8 (N, H, W). kept: file that holds the table; it is read when it is
    there, so that a resumed run learns from the same numbers, and written when it is not.
    on_progress(done, total) is called after every batch.

    Raises ModelError when a teacher cannot be loaded.
    """
    if kept.is_file():
        return np.load(kept)
    # Temperatures were fitted on validation, of which training must not know anything.
    teachers = [load_model(reference, checkpoints, calibrated=False) for reference in references]
    parts = []
    for start in range(0, len(images), BATCH):
        parts.append(average_probabilities(teachers, ten_crops(np.asarray(images[start : start + BATCH]))))
        on_progress(min(start + BATCH, len(images)), len(images))
    table = np.concatenate(parts)
    write_atomic(kept, lambda file: np.save(file, table))
    return table
