"""Pictures in a folder per emotion, with or without a folder per split above: Kaggle's fer2013, RAF-DB's, one's own."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import numpy as np

from ferdash.data.dataset import IMAGE_SIZE, content_hashes
from ferdash.data.sources.archive import Member
from ferdash.data.sources.faces import Faces, decode_face
from ferdash.data.sources.splits import ALL_THREE, VALIDATION_OF_TRAIN, draw_splits
from ferdash.emotions import EMOTIONS, emotion_index
from ferdash.errors import DatasetError, LabelError

IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm"))

_SPLIT_FOLDERS: dict[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "publictest": "validation",
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}

_REPORT_EVERY = 256


def is_image(member: Member) -> bool:
    """Whether the name says that this is a picture."""
    return PurePosixPath(member.name).suffix.lower() in IMAGE_SUFFIXES


def read_image_tree(members: Sequence[Member], progress: Callable[[int, int], None]) -> Faces:
    """Read every picture; `progress` is called with (pictures done, pictures in all).

    The emotion is the name of the folder that a picture lies in, the split that of the folder above. Raises
    DatasetError naming the first file that has no known emotion, no split where others have one, or cannot be read.
    """
    pictures = [member for member in members if is_image(member)]
    labels = np.array([_label(picture.name) for picture in pictures], dtype=np.int64)
    splits = _given_splits([picture.name for picture in pictures])
    images = np.empty((len(pictures), IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    resized = 0
    for row, picture in enumerate(pictures):
        images[row], was_resized = decode_face(picture.read(), picture.name)
        resized += was_resized
        if row % _REPORT_EVERY == 0:
            progress(row, len(pictures))
    progress(len(pictures), len(pictures))
    notes = []
    others = [member.name for member in members if not is_image(member)]
    if len(others) == 1:
        notes.append(f"1 file that is no picture was left out: “{others[0]}”.")
    elif others:
        notes.append(f"{len(others):,} files that are no pictures were left out, such as “{others[0]}”.")
    if resized:
        pictures_were = "picture was" if resized == 1 else "pictures were"
        notes.append(f"{resized:,} {pictures_were} resized to {IMAGE_SIZE} x {IMAGE_SIZE} pixels.")
    splits, note = _complete_splits(splits, images, labels)
    return Faces(images, labels, splits, [picture.name for picture in pictures], notes=notes + note)


def _label(name: str) -> int:
    folder = PurePosixPath(name).parent.name
    if not folder:
        raise DatasetError(
            f"“{name}” lies in no folder, so it has no emotion. Put pictures into folders named {', '.join(EMOTIONS)}."
        )
    try:
        return emotion_index(folder)
    except LabelError as error:
        raise DatasetError(
            f"“{name}” lies in the folder “{folder}”, which is none of the seven emotions ({', '.join(EMOTIONS)}). "
            "Rename or remove that folder."
        ) from error


def _given_splits(names: Sequence[str]) -> list[str] | None:
    """The split that each name states, or None where no name states any."""
    splits = [_stated_split(name) for name in names]
    if not any(splits):
        return None
    for name, split in zip(names, splits, strict=True):
        if split is None:
            raise DatasetError(
                f"“{name}” lies in no split, while other pictures lie in train or test folders. "
                "Put all emotion folders under train, validation or test, or none of them."
            )
    return [split for split in splits if split]


def _stated_split(name: str) -> str | None:
    path = PurePosixPath(name)
    # Kaggle's test folder holds both official halves, told apart only by their names.
    if path.name.startswith("PublicTest"):
        return "validation"
    if path.name.startswith("PrivateTest"):
        return "test"
    return _SPLIT_FOLDERS.get(path.parent.parent.name.lower())


def _complete_splits(splits: list[str] | None, images: np.ndarray, labels: np.ndarray) -> tuple[list[str], list[str]]:
    """The splits with what the source lacks drawn, and the sentences that say so."""
    if splits is None:
        drawn = draw_splits(content_hashes(images), labels, ALL_THREE)
        return drawn, [
            "The source has no splits, so they were drawn: 80 % train, 10 % validation, 10 % test of each emotion, "
            "identical images always together."
        ]
    if "validation" in splits or "train" not in splits:
        return splits, []
    train = np.flatnonzero(np.array(splits) == "train")
    drawn = draw_splits(content_hashes(images[train]), labels[train], VALIDATION_OF_TRAIN)
    complete = np.array(splits, dtype=object)
    complete[train] = drawn
    return complete.tolist(), [
        f"The source has no validation split, so {Counter(drawn)['validation']:,} of its {len(train):,} training "
        "images were taken for it: 10 % of each emotion, identical images always together."
    ]
