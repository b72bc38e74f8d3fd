"""From dropped photos to what the Predict page shows.

The networks run once for each photo, model and way of finding faces; moving the threshold only changes how their
answers are read.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from ferdash.inference.detector import Detector
    from ferdash.inference.predictor import FacePrediction, Photo

keyed = keys_of("prediction")
PREVIEW_SIDE = 1000
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


def predictions(files: list[Dropped], settings: Settings) -> list[Row]:
    """Every photo of the dropped files with its faces. Raises ModelError when a model or detector cannot be loaded."""
    if not files:
        return []
    models = [(reference, shared.model_stamp(reference)) for reference in settings.models]
    rows: list[Row] = []
    waiting = st.empty()
    for number, file in enumerate(files, start=1):
        if len(files) > 1:
            waiting.progress(number / len(files), text=f"Looking at {plain(file.name)} …")
        seen = [
            _seen(file.digest, file.name, file.data, reference, stamp, settings.mode) for reference, stamp in models
        ]
        rows += [Row(tuple(_read(photo, settings.threshold) for photo in same)) for same in zip(*seen, strict=True)]
    waiting.empty()
    return rows


# Of this tab alone: photos are nobody else's, and leave memory with it.
@st.cache_resource(max_entries=256, show_spinner="Looking for faces …", scope="session")
def _seen(digest: str, name: str, _data: bytes, reference: str, stamp: int, mode: str) -> "list[Photo]":
    from ferdash.inference.images import read_images
    from ferdash.inference.predictor import predict_photos

    del digest, stamp  # these stand for the photo and the model in the cache's key
    return predict_photos(
        read_images([(name, _data)]),
        shared.model(reference),
        _detector("centerface" if mode == "whole" else mode, checkpoints_root()),
        whole=True if mode == "whole" else None,
        preview_side=PREVIEW_SIDE,
    )


def forget() -> None:
    """Let go of every photo and face that this tab has seen."""
    _seen.clear()
    explanation.forget()


@st.cache_resource(show_spinner="Loading the face detector …")
def _detector(name: str, checkpoints: Path) -> "Detector":
    from ferdash.inference.detector import load_detector

    return load_detector(name, checkpoints)


def _read(photo: "Photo", threshold: float) -> "Photo":
    return replace(photo, faces=[replace(face, threshold=threshold) for face in photo.faces])


def table(rows: list[Row], settings: Settings) -> pd.DataFrame:
    """One row for each face and model, and one for each photo without a face."""
    from ferdash.inference.predictor import to_table

    tables = [
        to_table([row.by_model[place] for row in rows], reference) for place, reference in enumerate(settings.models)
    ]
    return pd.concat(tables, ignore_index=True)


def document(rows: list[Row], settings: Settings) -> dict[str, Any]:
    """The same as plain data for JSON."""
    from ferdash.inference.predictor import to_document

    return {
        "threshold": settings.threshold,
        "models": {
            reference: to_document([row.by_model[place] for row in rows])
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
            _draw_picture(first)
        for place, (column, photo, reference) in enumerate(zip(columns, row.by_model, settings.models, strict=True)):
            with column:
                if len(row.by_model) > 1:
                    st.caption(plain(shared.model_title(reference)))
                _draw_cards(photo, reference, f"{number}-{place}")


def _draw_picture(photo: "Photo") -> None:
    from ferdash.inference.drawing import draw_boxes

    picture = draw_boxes(photo.preview, photo.faces, photo.preview_scale)
    found = ", ".join(f"face {face.number} {_verdict(face)}" for face in photo.faces) or "no face found"
    st.image(picture, width="stretch", output_format="JPEG", alt=f"{photo.name}: {found}")


def _draw_cards(photo: "Photo", reference: str, place: str) -> None:
    with st.container(horizontal=True):
        for face in photo.faces:
            key = face_cards.keyed(f"{place}-{face.number}")
            with st.container(border=True, width=CARD_PX, gap="xsmall", key=key):
                face_cards.draw(_card(face))
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


def _card(face: "FacePrediction") -> str:
    whole = face.face.detector == "whole"
    how = "the whole picture" if whole else f"the detector is {percent(face.face.confidence)} sure"
    return face_cards.card(face, note=f"48 x 48 pixels, as the model sees it; {how}")


def _verdict(face: "FacePrediction") -> str:
    return "uncertain" if face.uncertain else face.emotion


def _problem_sentence(photo: "Photo") -> str:
    from ferdash.inference.predictor import NO_FACE

    if photo.problem != NO_FACE:
        return str(photo.problem)
    return (
        f"No face was found in {photo.name}. If a face fills the picture, choose “The picture is a face” in Settings."
    )
