"""FaceDataset: grey 48 x 48 faces with labels and splits, imported once and opened in milliseconds.

On disk a dataset is a folder: `images.npy` (uint8, N x 48 x 48, memory-mapped), `table.parquet` (one row an image),
`votes.npy` when raters' votes are known, and `meta.json`. A folder without meta.json is not a dataset: it is written
last, in a folder that is renamed into place, so that a half-finished import is never seen.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from ferdash import former_names
from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import EMOTIONS, SPLITS
from ferdash.errors import DatasetError
from ferdash.files import reason_of, write_json
from ferdash.leftovers import workspace
from ferdash.shapes import Needed, fitting, read_json

RESERVED = ("analyses", former_names.ANALYSES_FOLDER, "corrections")
"""What else lies beside the datasets."""

_SUFFIXES = (".npy", ".parquet", ".json")
"""Of what the folder of a dataset holds: images, table, votes, facts, audit."""

_META: dict[str, Any] = {"hash": Needed(str), "origin": str, "imported_at": str, "images": int, "notes": [str]}

IMAGE_SIZE = 48
FORMAT = 1

OLD_VOTES = (
    "The raters' votes of this dataset were kept by an earlier version, without those for contempt, unknown and not a "
    "face, and are not used. Import it again, with fer2013new.csv, to have them."
)

ALTERED = "This is an altered copy of FER2013."
"""How the note about one begins (see `ferdash.data.alterations`)."""


@dataclass(frozen=True)
class FaceDataset:
    """An opened dataset.

    images: uint8 (N, 48, 48), read-only memory map.
    table: N rows with `label` (int, position in EMOTIONS), `split` (one of SPLITS), `source` (name the image came
        under) and `content_hash` (of the decoded pixels; equal hashes are pixel-identical images).
    votes: uint8 (N, 10), how many raters chose each of VOTE_CLASSES (see `ferdash.data.votes`), a row of zeros where
        unknown; None without votes.
    meta: name, dataset hash, origin, time of import.
    """

    folder: Path
    images: np.ndarray
    table: pd.DataFrame
    votes: np.ndarray | None
    meta: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def hash(self) -> str:
        """Identifies the content: the pixels, label and split of every image, in order, wherever they came from."""
        return str(self.meta["hash"])

    @property
    def altered(self) -> str:
        """The sentence that the import noted where this is an altered copy of FER2013; empty otherwise."""
        return next((note for note in self.meta.get("notes", []) if note.startswith(ALTERED)), "")

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def labels(self) -> np.ndarray:
        """int64 (N,), positions in EMOTIONS."""
        found: np.ndarray = self.table["label"].to_numpy(dtype=np.int64)
        return found

    def rows(self, split: str) -> np.ndarray:
        """int64 row numbers of one split, in table order; empty where the split is. Raises DatasetError if unknown."""
        if split not in SPLITS:
            raise DatasetError(f"There is no split “{split}”; choose one of {', '.join(SPLITS)}.")
        return np.flatnonzero((self.table["split"] == split).to_numpy())

    def counts(self) -> pd.DataFrame:
        """Images per emotion (rows, all seven) and split (columns, all three), zeros included."""
        return self._counts.copy()

    @cached_property
    def _counts(self) -> pd.DataFrame:
        table = pd.crosstab(self.table["label"], self.table["split"])
        table = table.reindex(index=range(len(EMOTIONS)), columns=list(SPLITS), fill_value=0)
        table.index = pd.Index(EMOTIONS, name="emotion")
        table.columns.name = "split"
        return table

    def duplicates_training(self) -> np.ndarray:
        """bool (N,): images outside train whose pixels are identical to those of a training image, or to those of its
        mirror image: who has learned the one knows the other."""
        found: np.ndarray = self._identical_to_training | self.mirrors_training
        return found

    @cached_property
    def mirrors_training(self) -> np.ndarray:
        """bool (N,): images outside train that are the mirror image of a training image, and identical to none."""
        rows = np.flatnonzero(~self._is_train & ~self._identical_to_training)
        mirrored = np.zeros(len(self), dtype=bool)
        if len(rows):
            mirrored[rows] = np.isin(content_hashes(self.images[rows][:, :, ::-1]), list(self._training_hashes))
        return mirrored

    @cached_property
    def _is_train(self) -> np.ndarray:
        found: np.ndarray = (self.table["split"] == "train").to_numpy()
        return found

    @cached_property
    def _training_hashes(self) -> set[str]:
        return set(self.table.loc[self._is_train, "content_hash"])

    @cached_property
    def _identical_to_training(self) -> np.ndarray:
        found: np.ndarray = self.table["content_hash"].isin(self._training_hashes).to_numpy() & ~self._is_train
        return found


def content_hashes(images: np.ndarray) -> list[str]:
    """A hash for each image of a uint8 (N, H, W) array; equal exactly when the pixels are."""
    return [hashlib.blake2b(image.tobytes(), digest_size=12).hexdigest() for image in images]


def dataset_hash(table: pd.DataFrame) -> str:
    """Hash over every image's pixels, label and split, in row order."""
    digest = hashlib.blake2b(digest_size=8)
    for label, split, content in zip(table["label"], table["split"], table["content_hash"], strict=True):
        digest.update(f"{content} {label} {split}\n".encode())
    return digest.hexdigest()


def save_dataset(
    root: Path,
    name: str,
    *,
    images: np.ndarray,
    labels: np.ndarray,
    splits: list[str],
    sources: list[str],
    origin: str,
    votes: np.ndarray | None = None,
    notes: list[str] | None = None,
) -> FaceDataset:
    """Write a new dataset under `root` and open it. Nothing is left behind when anything fails.

    Rows are put in a fixed order (split, then source name), so that the same files give the same dataset hash
    whatever order an archive lists them in. `origin` says in words where the images came from; `notes` are sentences
    about the import that a person should see (files left out, splits drawn).

    votes: as in FaceDataset.

    Raises DatasetError for a bad or taken name, for an empty dataset, and where it cannot be written.
    """
    require_free_name(root, name)
    if len(images) == 0:
        raise DatasetError("No image was found there, so there is nothing to import.")
    table = pd.DataFrame(
        {
            "label": np.asarray(labels, dtype=np.int8),
            "split": pd.Categorical(splits, categories=list(SPLITS), ordered=True),
            "source": sources,
            "content_hash": content_hashes(images),
        }
    )
    order = table.sort_values(["split", "source"], kind="stable").index.to_numpy()
    table = table.loc[order].reset_index(drop=True)
    meta = {
        "format": FORMAT,
        "hash": dataset_hash(table),
        "origin": origin,
        "imported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "images": len(table),
        "notes": notes or [],
    }
    try:
        root.mkdir(parents=True, exist_ok=True)
        with workspace(root, "importing") as place:
            draft = place / "dataset"
            draft.mkdir()
            np.save(draft / "images.npy", np.ascontiguousarray(images[order], dtype=np.uint8))
            table.to_parquet(draft / "table.parquet", index=False)
            if votes is not None:
                np.save(draft / "votes.npy", votes[order].astype(np.uint8))
            write_json(draft / "meta.json", meta)
            draft.rename(root / name)
    except OSError as error:
        raise DatasetError(f"The dataset “{name}” cannot be written to {root} ({reason_of(error)}).") from error
    return open_dataset(root, name)


def open_dataset(root: Path, name: str) -> FaceDataset:
    """Open a dataset by name. The images are mapped, not read. Raises DatasetError when it is missing or damaged."""
    folder = _dataset_folder(root, name)
    try:
        meta = fitting(read_json(folder / "meta.json"), _META, {})
        if "hash" not in meta:
            raise ValueError("meta.json is not what ferdash writes there")
        images = _mapped(folder / "images.npy")
        table = pd.read_parquet(folder / "table.parquet")
        _require_columns(table)
        votes_file = folder / "votes.npy"
        votes = np.load(votes_file) if votes_file.is_file() else None
        meta = {"origin": "unknown", "imported_at": "", "images": len(table)} | meta
        notes = list(meta.get("notes") or [])
    except (OSError, ValueError, EOFError, TokenError, SyntaxError, TypeError, ArrowException) as error:
        raise DatasetError(f"The dataset “{name}” is damaged ({error}). Delete it and import it again.") from error
    if images.dtype != np.uint8 or len(images) != len(table) or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise DatasetError(
            f"The dataset “{name}” is damaged: {len(images)} images for {len(table)} rows. Delete and import it again."
        )
    if votes is not None and (votes.dtype != np.uint8 or votes.shape != (len(table), len(VOTE_CLASSES))):
        # Earlier versions kept shares among the seven emotions, from which the counts cannot be had back.
        votes = None
        notes.append(OLD_VOTES)
    return FaceDataset(folder=folder, images=images, table=table, votes=votes, meta=meta | {"notes": notes})


def _mapped(path: Path) -> np.ndarray:
    """The array in a file, not read yet. Raises ValueError in words of ours where the file is cut short or none."""
    try:
        found: np.ndarray = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path.name} is cut short, or is no array") from error
    return found


def _require_columns(table: pd.DataFrame) -> None:
    """Raise ValueError for a table that is not as `save_dataset` writes it."""
    if missing := [name for name in ("label", "split", "source", "content_hash") if name not in table]:
        raise ValueError(f"table.parquet has no column {missing[0]}")
    if not pd.api.types.is_integer_dtype(table["label"]) or not table["label"].between(0, len(EMOTIONS) - 1).all():
        raise ValueError("table.parquet has a label that is none of the seven")
    for name in ("source", "content_hash"):
        table[name].to_numpy()  # text is only decoded when it is asked for
    if not table["split"].isin(SPLITS).all():
        raise ValueError("table.parquet has a split that is none")


def list_datasets(root: Path) -> list[str]:
    """Names of the datasets under `root`, sorted; empty when the folder does not exist."""
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if (entry / "meta.json").is_file() and entry.name[0] != ".")


def require_deletable(root: Path, name: str) -> Path:
    """The folder of a dataset that can be deleted, a damaged one too. Raises DatasetError when there is none of that
    name, or more than a dataset is in its folder."""
    folder = _dataset_folder(root, name)
    if others := sorted(entry.name for entry in folder.iterdir() if _is_foreign(entry)):
        raise DatasetError(
            f"The folder of “{name}” holds more than a dataset, such as {others[0]}, and was not deleted. Move that "
            "elsewhere first."
        )
    return folder


def delete_dataset(root: Path, name: str) -> None:
    """Remove a dataset for good. Raises DatasetError as `require_deletable` does, and when it cannot be removed."""
    folder = require_deletable(root, name)
    # Moved out of sight in one step, so that a removal that is interrupted leaves no half of a dataset.
    try:
        with workspace(root, "deleting") as grave:
            folder.rename(grave / name)
    except OSError as error:
        raise DatasetError(f"The dataset “{name}” cannot be deleted ({reason_of(error)}).") from error


def _is_foreign(entry: Path) -> bool:
    return not entry.name.startswith(".") and (entry.is_dir() or entry.suffix not in _SUFFIXES)


def check_name(name: str, noun: str = "dataset") -> None:
    """Raise DatasetError unless `name` is safe as a folder name everywhere. noun: of what it is to be the name."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise DatasetError(
            f"“{name}” cannot be the name of a {noun}: use up to 64 letters, digits, dots, dashes or underscores, "
            "starting with a letter or digit."
        )


def require_free_name(root: Path, name: str) -> None:
    """Raise DatasetError unless a new dataset under `root` can have this name."""
    check_name(name)
    if name.lower() in RESERVED:
        raise DatasetError(f"“{name}” cannot be the name of a dataset: ferdash keeps something else under it.")
    if (root / name).exists():
        raise DatasetError(f"There is already a dataset called “{name}”; choose another name or delete that one first.")


def _dataset_folder(root: Path, name: str) -> Path:
    check_name(name)
    if not (root / name / "meta.json").is_file():
        known = ", ".join(list_datasets(root)) or "none yet"
        raise DatasetError(f"There is no dataset called “{name}” (there are: {known}). Import one first.")
    return root / name
