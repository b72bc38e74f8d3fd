"""Pictures in a folder per emotion, with or without a folder per split above: Kaggle's fer2013, RAF-DB's, one's own."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import numpy as np

from ferdash.data.dataset import IMAGE_SIZE, content_hashes
from ferdash.data.sources.archive import Member
from ferdash.data.sources.faces import Faces, decode_face, left_out_notes
from ferdash.data.sources.options import DEFAULT_OPTIONS, ImportOptions
from ferdash.data.sources.split_names import settle_eval, split_named
from ferdash.data.sources.splits import ALL_THREE, VALIDATION_OF_TRAIN, draw_splits
from ferdash.emotions import EMOTIONS, emotion_index
from ferdash.errors import DatasetError, LabelError
from ferdash.pictures import PICTURE_SUFFIXES, Look, look
from ferdash.wording import counted

LARGE_PIXELS = 1_000_000
MAX_LARGE_PIXELS = 2_000_000_000
"""Pictures of at least LARGE_PIXELS may have so many together: they take about 10 s to decode. Faces that were cut out
are smaller, and are not counted."""

_REPORT_EVERY = 256


def is_image(member: Member) -> bool:
    """Whether the name says that this is a picture."""
    return PurePosixPath(member.name).suffix.lower() in PICTURE_SUFFIXES


def read_image_tree(
    members: Sequence[Member], progress: Callable[[int, int], None], options: ImportOptions = DEFAULT_OPTIONS
) -> Faces:
    """Read every picture; `progress` is called with (pictures done, pictures in all).

    The emotion is the name of the folder that a picture lies in, the split that of a folder above; or the other way
    about. Raises DatasetError naming the first file that has no known emotion, no split where others have one, or
    cannot be read, and where the folders above the emotions differ without naming splits.
    """
    others = [member.name for member in members if not is_image(member)]
    pictures, left_out = _without_left_out([member for member in members if is_image(member)], options)
    names = [picture.name for picture in pictures]
    labels = np.array([_label(name) for name in names], dtype=np.int64)
    splits = _given_splits(names, options)
    images, notes = _decode(pictures, progress)
    if len(others) == 1:
        notes.insert(0, f"1 file that is no picture was left out: “{others[0]}”.")
    elif others:
        notes.insert(0, f"{len(others):,} files that are no pictures were left out, such as “{others[0]}”.")
    splits, note = _complete_splits(splits, images, labels)
    return Faces(images, labels, splits, names, notes=[*left_out_notes(left_out), *notes, *note])


def _without_left_out(pictures: Sequence[Member], options: ImportOptions) -> tuple[list[Member], Counter[str]]:
    """The pictures of the classes that are wanted, and how many each of the others has."""
    folder_of = {picture: PurePosixPath(picture.name).parent.name for picture in pictures}
    kept = [picture for picture in pictures if not options.leaves_out(folder_of[picture])]
    return kept, Counter(folder for folder in folder_of.values() if options.leaves_out(folder))


def _decode(pictures: Sequence[Member], progress: Callable[[int, int], None]) -> tuple[np.ndarray, list[str]]:
    """The pictures as faces, and what of them a person should know.

    How many of 16 bits a deep picture uses is decided over all of them, so that one that happens to be dark is not
    brightened.
    """
    images = np.empty((len(pictures), IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    looks: list[Look | None] = []
    large = 0
    for row, picture in enumerate(pictures):
        data = picture.read()
        seen = look(data)
        looks.append(seen)
        if seen is not None and (pixels := seen.width * seen.height) >= LARGE_PIXELS:
            large += pixels
            if large > MAX_LARGE_PIXELS:
                raise DatasetError(
                    f"The pictures up to “{picture.name}” have {large / 1e6:,.0f} million pixels, far more than faces "
                    "need. Make them smaller first."
                )
        images[row] = decode_face(data, picture.name, seen)
        if row % _REPORT_EVERY == 0:
            progress(row, len(pictures))
    deep = [row for row, seen in enumerate(looks) if seen is not None and seen.bits is not None]
    bits = max((seen.bits for seen in looks if seen is not None and seen.bits is not None), default=16)
    for row in deep:
        if looks[row].bits != bits:  # type: ignore[union-attr]
            images[row] = decode_face(pictures[row].read(), pictures[row].name, looks[row], bits)
    progress(len(pictures), len(pictures))
    return images, _size_notes([seen for seen in looks if seen is not None]) + _bits_notes(len(deep), bits)


def _size_notes(looks: Sequence[Look]) -> list[str]:
    resized = sum((seen.width, seen.height) != (IMAGE_SIZE, IMAGE_SIZE) for seen in looks)
    if not resized:
        return []
    oblong = sum(seen.width != seen.height for seen in looks)
    was = "was" if resized == 1 else "were"
    are = "is" if oblong == 1 else "are"
    beyond = f" {oblong:,} of them {are} not square; the border goes on to the square around it." if oblong else ""
    return [f"{counted(resized, 'picture')} {was} resized to {IMAGE_SIZE} x {IMAGE_SIZE} pixels.{beyond}"]


def _bits_notes(deep: int, bits: int) -> list[str]:
    if not deep or bits == 16:
        return []
    has = "has" if deep == 1 else "have"
    return [
        f"{counted(deep, 'picture')} {has} 16 bits a pixel but {'uses' if deep == 1 else 'use'} only {bits} of them."
    ]


def _label(name: str) -> int:
    folder = PurePosixPath(name).parent
    if not folder.name:
        raise DatasetError(
            f"“{name}” lies in no folder, so it has no emotion. Put pictures into folders named {', '.join(EMOTIONS)}."
        )
    try:
        return emotion_index(folder.name)
    except LabelError as error:
        if split_named(folder.name) and _is_emotion(folder.parent.name):
            return emotion_index(folder.parent.name)
        raise DatasetError(
            f"“{name}” lies in the folder “{folder.name}”, which is none of the seven emotions "
            f"({', '.join(EMOTIONS)}). Rename that folder, or leave “{folder.name}” out."
        ) from error


def _is_emotion(name: str) -> bool:
    try:
        emotion_index(name)
    except LabelError:
        return False
    return True


def _given_splits(names: Sequence[str], options: ImportOptions) -> list[str] | None:
    """The split that each name states, or None where no name states any, or they are to be drawn."""
    if options.draw_splits:
        return None
    splits = settle_eval([_stated_split(name, options) for name in names])
    if not any(splits):
        _require_one_place(names)
        return None
    for name, split in zip(names, splits, strict=True):
        if split is None:
            raise DatasetError(
                f"“{name}” lies in no split, while other pictures lie in train or test folders. "
                "Put all emotion folders under train, validation or test, or none of them."
            )
    return [split for split in splits if split]


def _require_one_place(names: Sequence[str]) -> None:
    """Raise DatasetError where emotion folders lie in several places, which may be splits by names not known here."""
    places = sorted({PurePosixPath(name).parent.parent.as_posix() for name in names})
    if len(places) > 1:
        raise DatasetError(
            f"The emotion folders lie in {len(places):,} places, such as “{places[0]}” and “{places[1]}”, and nothing "
            "says which of them is train, validation or test. Say which split each is, or have the splits drawn."
        )


def _stated_split(name: str, options: ImportOptions) -> str | None:
    path = PurePosixPath(name)
    # Kaggle's test folder holds both official halves, told apart only by their names.
    if path.name.startswith("PublicTest"):
        return "validation"
    if path.name.startswith("PrivateTest"):
        return "test"
    folders = [folder.name for folder in path.parents]
    return next((split for folder in folders if (split := options.split_of(folder) or split_named(folder))), None)


def _complete_splits(splits: list[str] | None, images: np.ndarray, labels: np.ndarray) -> tuple[list[str], list[str]]:
    """The splits with what the source lacks drawn, and the sentences that say so."""
    if splits is None:
        drawn = draw_splits(content_hashes(images), labels, ALL_THREE)
        return drawn, [
            "The source has no splits, so they were drawn: 80% train, 10% validation, 10% test of each emotion, "
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
        "images were taken for it: 10% of each emotion, identical images always together."
    ]
