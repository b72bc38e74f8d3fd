"""Learning from teachers: what earlier models see in each training image, mixed into its label.

Hinton et al., "Distilling the Knowledge in a Neural Network" (2015); with a teacher of the student's own shape it is
Furlanello et al., "Born-Again Neural Networks" (2018). The teachers look at ten crops of each image once, before
training: that costs one pass instead of one for every epoch, and ten crops score better than one.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ferdash import former_names
from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.files import write_atomic
from ferdash.models.loading import load_model
from ferdash.models.tta import average_probabilities, ten_crops

BATCH = 512
VOTES = "votes"
"""Name of the teacher that knows the raters' votes (see ferdash.training.raters); `votes:MODEL` is the one that knows
MODEL's features of the image besides."""

OOF = "oof"
"""`oof:GROUP` are the networks of a cross-validation of that name, each asked about the images that it has not learned
(see ferdash.training.out_of_fold)."""

LOOKS = 10
"""How often a teacher looks at each image."""

TEACHER_PROBS = "teacher_probs.npy"
"""File of a run folder that holds the table of `teacher_table`."""


def teacher_table(
    references: list[str],
    images: np.ndarray,
    *,
    checkpoints: Path,
    kept: Path,
    on_progress: Callable[[int, int], None],
    tables: Callable[[], Mapping[str, np.ndarray]] | None = None,
) -> np.ndarray:
    """The teachers' mean probabilities of each training image, float32 (N, 7).

    references: model references, files of tables (see `is_table`), or names in what `tables` answers, each float32
    (N, 7); it is asked only when the table is made. images: uint8 (N, H, W). kept: file that holds the table; it is
    read when it is there, so that a resumed run learns from the same numbers, and written when it is not.
    on_progress(done, total) is called after every batch.

    Raises ModelError when a teacher cannot be loaded, or a table does not fit the images.
    """
    if (made := made_table(kept.parent, kept.name)) is not None:
        found: np.ndarray = np.load(made)
        return found
    given = dict(tables() if tables else {})
    files = [_read_table(Path(name), len(images)) for name in references if is_table(name)]
    # Temperatures were fitted on validation, of which training must not know anything.
    networks = [name for name in references if not is_table(name) and name not in given]
    models = [load_model(name, checkpoints, calibrated=False) for name in networks]
    total = np.zeros((len(images), len(EMOTIONS)), dtype=np.float64) + sum(files)
    total += sum(given[name] for name in references if name in given)
    for start in range(0, len(images) if models else 0, BATCH):
        rows = slice(start, start + BATCH)
        total[rows] += len(models) * average_probabilities(models, ten_crops(np.asarray(images[rows])))
        on_progress(min(start + BATCH, len(images)), len(images))
    table = (total / len(references)).astype(np.float32)
    write_atomic(kept, lambda file: np.save(file, table))
    return table


def made_table(folder: Path, name: str = TEACHER_PROBS) -> Path | None:
    """The table that a run's folder holds, also under the name of an earlier version; None where there is none."""
    found = (folder / known for known in (name, former_names.TEACHER_PROBS))
    return next((path for path in found if path.is_file()), None)


def model_behind(reference: str) -> str:
    """The model that a teacher looks at images with; empty for the raters' votes alone, a table and folds."""
    name, _, model = reference.partition(":")
    if name == VOTES:
        return model
    return "" if is_table(reference) or is_folds(reference) else reference


def is_folds(reference: str) -> bool:
    """Whether a teacher is a cross-validation."""
    return reference.partition(":")[0] == OOF


def is_table(reference: str) -> bool:
    """Whether a teacher is a file of probabilities: a .npy with one row of seven, in the order of EMOTIONS, for each
    image of the training split, in the dataset's order."""
    return reference.endswith(".npy")


def _read_table(path: Path, count: int) -> np.ndarray:
    file = path.expanduser()
    if file.exists() and not file.is_file():
        raise ModelError(f"The teacher's table {path} is no file.")
    try:
        # Mapped, so that a file that claims to be enormous takes no memory.
        table = np.load(file, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # a damaged header makes NumPy's reader raise nearly anything
        raise ModelError(f"The teacher's table {path} cannot be read: {str(error)[:200]}") from error
    if not isinstance(table, np.ndarray) or table.dtype.kind not in "fiu":
        raise ModelError(f"The teacher's table {path} is no array of numbers.")
    if table.shape != (count, len(EMOTIONS)):
        raise ModelError(
            f"The teacher's table {path} has the shape {table.shape}; this run trains on {count:,} images of seven "
            f"emotions, so it must be ({count}, {len(EMOTIONS)})."
        )
    if not (np.isfinite(table).all() and (table >= 0).all() and np.allclose(table.sum(axis=1), 1, atol=1e-3)):
        raise ModelError(f"The teacher's table {path} holds rows that are no probabilities: each must sum to 1.")
    found: np.ndarray = table
    return found
