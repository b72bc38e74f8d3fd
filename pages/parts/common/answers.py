"""From dropped photos to what the models say of their faces.

The networks run once for each photo, model and way of finding faces: the faces of all photos that are new go through
the model together. Moving the threshold only changes how their answers are shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.parts.common import explanation, shared, uploads
from pages.parts.common.plain import plain
from pages.parts.common.uploads import Dropped

from ferdash.data.corrections import labels_in_photos
from ferdash.paths import checkpoints_root, data_root

if TYPE_CHECKING:
    from ferdash.errors import ImageError
    from ferdash.inference.detector import Detector
    from ferdash.inference.photos import ClassifiedFace, Photo
    from ferdash.pictures import Picture

PREVIEW_SIDE = 1000
MOST_KEPT = 256
"""Files whose faces one tab keeps."""

_Key = tuple[str, str, str, int, str]
"""digest and name of a file, model, its stamp, and how faces are found."""


@dataclass(frozen=True)
class Settings:
    """models: references, one or two. mode: a detector, or whole (each picture is a face). threshold: 0 to 1."""

    models: tuple[str, ...]
    mode: str
    threshold: float


@dataclass(frozen=True)
class Row:
    """One photo of a dropped file, as each of the chosen models sees it, in their order."""

    file: Dropped
    by_model: tuple["Photo", ...]

    @property
    def photo(self) -> "Photo":
        return self.by_model[0]

    @property
    def faces(self) -> "list[tuple[ClassifiedFace, ...]]":
        """Each face as each model sees it; where it is does not depend on the model."""
        return list(zip(*(photo.faces for photo in self.by_model), strict=True))


def classified(files: list[Dropped], settings: Settings) -> list[Row]:
    """Every photo of the dropped files with its faces. Raises ModelError when a model or detector cannot be loaded."""
    if not files:
        return []
    by_model = [_seen(files, reference, settings.mode) for reference in settings.models]
    rows = [Row(same[0][0], tuple(photo for _, photo in same)) for same in zip(*by_model, strict=True)]
    return [row for row in rows if not uploads.is_hidden(row.file, row.photo.name)]


def _seen(files: list[Dropped], reference: str, mode: str) -> "list[tuple[Dropped, Photo]]":
    """The photos of the files, in their order; those of new files are classified together and kept for this tab."""
    from ferdash.inference.images import read_images
    from ferdash.inference.photos import classify_photos

    known, stamp = _known(), shared.model_stamp(reference)
    keys = [(file.digest, file.name, reference, stamp, mode) for file in files]
    new = {key: file for key, file in zip(keys, files, strict=True) if key not in known}
    waiting = st.empty()
    owners: list[_Key] = []
    done: list[str] = []

    def read() -> "Iterator[tuple[str, Picture | ImageError]]":
        for key, file in new.items():
            for photo in read_images([(file.name, file.data)]):  # an archive holds several
                owners.append(key)
                yield photo

    def show(name: str) -> None:
        done.append(name)
        if len(new) > 1:
            waiting.progress(min(1.0, len(done) / len(new)), text=f"Looking at {plain(name)} …")

    if new:
        photos = classify_photos(
            read(),
            shared.model(reference),
            detector("centerface" if mode == "whole" else mode),
            whole=True if mode == "whole" else None,
            preview_side=PREVIEW_SIDE,
            on_photo=show,
        )
        known |= {key: [] for key in new}
        for key, photo in zip(owners, photos, strict=True):
            known[key].append(photo)
    waiting.empty()
    found = [(file, photo) for key, file in zip(keys, files, strict=True) for photo in known[key]]
    for key in list(known)[: max(0, len(known) - MOST_KEPT)]:
        del known[key]
    return found


# Of this tab alone: photos are nobody else's, and leave memory with it.
@st.cache_resource(show_spinner=False, scope="session")
def _known() -> "dict[_Key, list[Photo]]":
    return {}


def forget() -> None:
    """Let go of every photo and face that this tab has seen."""
    _known.clear()
    explanation.forget()


def detector(name: str) -> "Detector":
    """What finds faces, loaded once for all visitors. Raises ModelError when it cannot be."""
    return _detector(name, checkpoints_root())


@st.cache_resource(show_spinner="Loading the face detector …")
def _detector(name: str, checkpoints: Path) -> "Detector":
    from ferdash.inference.detector import load_detector

    return load_detector(name, checkpoints)


def table(rows: list[Row], settings: Settings) -> pd.DataFrame:
    """One row for each face and model, and one for each photo without a face."""
    from ferdash.inference.photos import to_table

    corrected = labels_in_photos(data_root())
    tables = [
        to_table([row.by_model[place] for row in rows], reference, settings.threshold, corrected)
        for place, reference in enumerate(settings.models)
    ]
    return pd.concat(tables, ignore_index=True)


def document(rows: list[Row], settings: Settings) -> dict[str, Any]:
    """The same as plain data for JSON."""
    from ferdash.inference.photos import to_document

    corrected = labels_in_photos(data_root())
    return {
        "threshold": settings.threshold,
        "models": {
            reference: to_document([row.by_model[place] for row in rows], settings.threshold, corrected)
            for place, reference in enumerate(settings.models)
        },
    }
