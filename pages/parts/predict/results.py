"""The answers: photos with their cards, or a grid of faces, page by page."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.common import boxed, photo_cards, shared
from pages.parts.common.answers import Row, Settings
from pages.parts.common.gallery import Tile, gallery
from pages.parts.common.keys import keys_of
from pages.parts.common.pager import page_number
from pages.parts.common.plain import plain
from pages.parts.predict.view import View, faces_shown, photos_shown

from ferdash.data.corrections import labels_in_photos
from ferdash.data.dataset import content_hashes
from ferdash.drawing import UNCERTAIN_COLOUR
from ferdash.emotions import COLOURS
from ferdash.inference.verdicts import disagreement
from ferdash.paths import data_root
from ferdash.wording import percent

if TYPE_CHECKING:
    from pages.parts.predict.view import Faces

keyed = keys_of("predict")

PHOTOS_PER_PAGE, FACES_PER_PAGE = 12, 120


def draw(rows: list[Row], settings: Settings, view: View) -> None:
    """What is to be seen, in the way that was chosen."""
    if view.grid:
        _draw_grid(rows, settings, view)
    else:
        _draw_cards(rows, settings, view)


def _draw_cards(rows: list[Row], settings: Settings, view: View) -> None:
    photos = photos_shown(rows, view, settings.threshold)
    start = _page(len(photos), PHOTOS_PER_PAGE, "photos")
    photo_cards.draw_style()
    if len(settings.models) > 1:
        one, other = (plain(shared.model_title(reference)) for reference in settings.models)
        st.caption(f"Full bars are {one}, outlined ones {other}; the last figure is {other} minus {one}, in points.")
    with st.container(horizontal=True, gap="small"):
        for row, faces in photos[start : start + PHOTOS_PER_PAGE]:
            wide = len(photos) == 1 or len(row.photo.faces) > 1 or len(settings.models) > 1
            asked_for = {one[0].number for one in faces} if view.only else None
            photo_cards.draw_row(row, settings, wide=wide, asked_for=asked_for)


def _draw_grid(rows: list[Row], settings: Settings, view: View) -> None:
    faces = faces_shown(rows, view, settings.threshold)
    start = _page(len(faces), FACES_PER_PAGE, "faces")
    shown = faces[start : start + FACES_PER_PAGE]
    if not shown:
        st.caption("No face was found.")
        return
    crops = np.stack([one[0].crop for _, one in shown])
    corrected = labels_in_photos(data_root())
    said = [
        corrected.get((digest, row.photo.name))
        for digest, (row, _) in zip(content_hashes(crops) if corrected else [""] * len(shown), shown, strict=True)
    ]
    tiles = [_tile(row, one, settings, label) for (row, one), label in zip(shown, said, strict=True)]
    clicked = gallery(crops, tiles, key=keyed("grid"), tile_px=92)
    st.caption("Click a face to see its photo and all seven probabilities.")
    if clicked is not None and clicked < len(shown):
        _show(*shown[clicked], settings)


def _tile(row: Row, faces: "Faces", settings: Settings, corrected: str | None) -> Tile:
    verdicts = [face.verdict(settings.threshold) for face in faces]
    name = " | ".join(dict.fromkeys(verdicts))
    note = percent(faces[0].probability)
    if len(faces) > 1:
        note = f"{percent(disagreement(faces[0].probabilities, faces[1].probabilities))} apart"
    if corrected:
        note = f"corrected: {corrected}"
    detail = f"{row.photo.name}, face {faces[0].number}, {note}"
    return Tile(name, detail, COLOURS.get(verdicts[0], UNCERTAIN_COLOUR), note, dashed=verdicts[0] not in COLOURS)


@st.dialog("Face", width="large")
def _show(row: Row, faces: "Faces", settings: Settings) -> None:
    photo_cards.draw_style()
    picture, card = st.columns([2, 3], gap="medium")
    with picture:
        st.caption(plain(row.photo.name))
        st.html(boxed.boxed(row.photo, settings.threshold, asked_for={faces[0].number}))
    with card:
        photo_cards.draw_face(row, faces, settings)


def _page(number: int, per_page: int, what: str) -> int:
    """The place of the first that is shown; draws the pager where one page is not enough."""
    return per_page * (page_number(-(-number // per_page), what) - 1)
