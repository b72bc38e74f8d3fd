"""From dropped photos to what the Predict page shows.

The networks run once for each photo, model and way of finding faces: the faces of all photos that are new go through
the model together. Moving the threshold only changes how their answers are shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import correction as corrections
from pages.parts.common import explanation, face_cards, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.common.uploads import Dropped

from ferdash.paths import checkpoints_root
from ferdash.wording import percent

if TYPE_CHECKING:
    from ferdash.errors import ImageError
    from ferdash.inference.detector import Detector
    from ferdash.inference.photos import ClassifiedFace, Photo

keyed = keys_of("photo-cards")
PREVIEW_SIDE = 1000
MOST_KEPT = 256
"""Files whose faces one tab keeps."""

_Key = tuple[str, str, str, int, str]
"""digest and name of a file, model, its stamp, and how faces are found."""

CARD_PX = 350


@dataclass(frozen=True)
class Settings:
    """models: references, one or two. mode: a detector, or whole (each picture is a face). threshold: 0 to 1."""

    models: tuple[str, ...]
    mode: str
    threshold: float


@dataclass(frozen=True)
class Row:
    """One photo as each of the chosen models sees it, in their order."""

    by_model: tuple["Photo", ...]


def classified(files: list[Dropped], settings: Settings) -> list[Row]:
    """Every photo of the dropped files with its faces. Raises ModelError when a model or detector cannot be loaded."""
    if not files:
        return []
    by_model = [_seen(files, reference, settings.mode) for reference in settings.models]
    return [Row(tuple(same)) for same in zip(*by_model, strict=True)]


def _seen(files: list[Dropped], reference: str, mode: str) -> "list[Photo]":
    """The photos of the files, in their order; those of new files are classified together and kept for this tab."""
    from ferdash.inference.images import read_images
    from ferdash.inference.photos import classify_photos

    known, stamp = _known(), shared.model_stamp(reference)
    keys = [(file.digest, file.name, reference, stamp, mode) for file in files]
    new = {key: file for key, file in zip(keys, files, strict=True) if key not in known}
    waiting = st.empty()
    owners: list[_Key] = []
    done: list[str] = []

    def read() -> "Iterator[tuple[str, np.ndarray | ImageError]]":
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
            _detector("centerface" if mode == "whole" else mode, checkpoints_root()),
            whole=True if mode == "whole" else None,
            preview_side=PREVIEW_SIDE,
            on_photo=show,
        )
        known |= {key: [] for key in new}
        for key, photo in zip(owners, photos, strict=True):
            known[key].append(photo)
    waiting.empty()
    found = [photo for key in keys for photo in known[key]]
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


@st.cache_resource(show_spinner="Loading the face detector …")
def _detector(name: str, checkpoints: Path) -> "Detector":
    from ferdash.inference.detector import load_detector

    return load_detector(name, checkpoints)


def table(rows: list[Row], settings: Settings) -> pd.DataFrame:
    """One row for each face and model, and one for each photo without a face."""
    from ferdash.inference.photos import to_table

    tables = [
        to_table([row.by_model[place] for row in rows], reference, settings.threshold)
        for place, reference in enumerate(settings.models)
    ]
    return pd.concat(tables, ignore_index=True)


def document(rows: list[Row], settings: Settings) -> dict[str, Any]:
    """The same as plain data for JSON."""
    from ferdash.inference.photos import to_document

    return {
        "threshold": settings.threshold,
        "models": {
            reference: to_document([row.by_model[place] for row in rows], settings.threshold)
            for place, reference in enumerate(settings.models)
        },
    }


def draw_row(row: Row, settings: Settings, number: int) -> None:
    """A photo at the left, a card for each face at the right; with two models, their cards side by side. number: of the
    row on the page."""
    first = row.by_model[0]
    with st.container(border=True):
        st.markdown(f"**{plain(first.name)}**")
        if first.problem:
            st.warning(plain(_problem_sentence(first)), icon=":material/info:")
        if first.preview is None:
            return
        widths = [5, 8] if len(row.by_model) == 1 else [4, 4, 4]
        picture, *columns = st.columns(widths, gap="medium")
        with picture:
            _draw_picture(first, settings.threshold)
        for place, (column, photo, reference) in enumerate(zip(columns, row.by_model, settings.models, strict=True)):
            with column:
                if len(row.by_model) > 1:
                    st.caption(plain(shared.model_title(reference)))
                _draw_cards(photo, reference, settings.threshold, f"{number}-{place}")


def _draw_picture(photo: "Photo", threshold: float) -> None:
    from ferdash.inference.drawing import draw_boxes

    if photo.preview is None:
        return
    picture = draw_boxes(photo.preview, photo.faces, photo.preview_scale, threshold)
    found = ", ".join(f"face {face.number} {_verdict(face, threshold)}" for face in photo.faces) or "no face found"
    st.image(picture, width="stretch", output_format="JPEG", alt=f"{photo.name}: {found}")


def _draw_cards(photo: "Photo", reference: str, threshold: float, place: str) -> None:
    with st.container(horizontal=True):
        for face in photo.faces:
            key = face_cards.keyed(f"{place}-{face.number}")
            with st.container(border=True, width=CARD_PX, gap="xsmall", key=key):
                face_cards.draw(_card(face, threshold))
                corrections.draw(
                    face.crop,
                    face.probabilities,
                    photo.name,
                    None,
                    None,
                    reference,
                    keyed(f"wrong-{place}-{face.number}"),
                )
                explanation.draw(face, reference, place)


def _card(face: "ClassifiedFace", threshold: float) -> str:
    whole = face.face.detector == "whole"
    how = "the whole picture" if whole else f"the detector is {percent(face.face.confidence)} sure"
    return face_cards.card(face, threshold=threshold, note=f"48 x 48 pixels, as the model sees it; {how}")


def _verdict(face: "ClassifiedFace", threshold: float) -> str:
    return "uncertain" if face.uncertain(threshold) else face.emotion


def _problem_sentence(photo: "Photo") -> str:
    from ferdash.inference.photos import NO_FACE

    if photo.problem != NO_FACE:
        return str(photo.problem)
    return (
        f"No face was found in {photo.name}. If a face fills the picture, choose “The picture is a face” in Settings."
    )
