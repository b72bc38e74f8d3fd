"""A photo with a card for each of its faces, as Predict and Live show it."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.common import boxed, explanation, face_cards, shared, uploads
from pages.parts.common import correction as corrections
from pages.parts.common.answers import Row, Settings
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.wording import percent

if TYPE_CHECKING:
    from ferdash.inference.photos import ClassifiedFace, Photo

keyed = keys_of("photo-cards")

ONE_PX, MANY_PX = 200, 320
"""Height that a picture has at most: beside another photo, and where it has the width for itself."""

ENLARGED_SIDE = 1000

# Blocks share the width there is: photos of one face stand two beside each other where that leaves each of them room
# for its picture beside the bars, which is over 900 pixels.
STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-block-"]) { flex: 1 1 100% !important; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-block-half-"]) { flex: 1 1 444px !important;
  min-width: min(100%, 444px); }
@media (min-width: 1360px) {
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-block-half-"]) { max-width: calc(50% - .5rem); }
}
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-picture-"]) { flex: 1 1 280px !important; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-picture-half-"]) { flex: 1 1 130px !important; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-picture-many-"]) { flex: 1 1 250px !important;
  max-width: max(32%, 300px); }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-faces-"]) { flex: 2 1 300px !important; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-photo-cards-faces-half-"]) { flex: 2.2 1 250px !important; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-face-card-"]) { flex: 1 1 260px !important; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-face-card-pair-"]) { flex: 1 1 340px !important; }
[class*="st-key-photo-cards-icon-"] button p { position: absolute; width: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
[class*="st-key-photo-cards-icon-"] button { padding: 2px; min-height: 0; }
</style>"""


def draw_style() -> None:
    """What the cards look like; once on a page that draws them."""
    st.html(STYLE + boxed.STYLE + face_cards.STYLE)


def draw_row(row: Row, settings: Settings, *, wide: bool = True, asked_for: set[int] | None = None) -> None:
    """A photo, and a card for each of its faces; with two models their bars share a card. Needs `draw_style`.

    wide: has the page's width for itself. asked_for: numbers of the faces to show; None for all.
    """
    photo, place = row.photo, f"{row.file.number}-{photo_key(row)}"
    half = "half-" if not wide else "many-" if len(photo.faces) > 1 and len(row.by_model) == 1 else ""
    with st.container(border=True, gap="small", key=keyed(f"block-{half}{place}")):
        _draw_head(row, settings, place)
        if photo.problem:
            st.warning(plain(_problem_sentence(photo)), icon=":material/info:")
        if photo.preview is None:
            return
        with st.container(horizontal=True, gap="medium"):
            with st.container(key=keyed(f"picture-{half}{place}")):
                most = MANY_PX if wide else ONE_PX
                st.html(boxed.boxed(photo, settings.threshold, asked_for=asked_for, most_px=most))
            with st.container(key=keyed(f"faces-{half}{place}")), st.container(horizontal=True, gap="small"):
                for faces in row.faces:
                    if asked_for is None or faces[0].number in asked_for:
                        draw_face(row, faces, settings, border=wide)


def photo_key(row: Row) -> str:
    """Differs for every photo of a file, and holds no sign that the name of a class may not."""
    return f"{abs(hash(row.photo.name)):x}"


def _draw_head(row: Row, settings: Settings, place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{plain(row.photo.name)}**", width="stretch")
        with st.container(key=keyed(f"icon-{place}"), horizontal=True, width="content", gap="xsmall"):
            name = plain(row.photo.name)
            if row.photo.preview is not None and st.button(
                f"Enlarge {name}", icon=":material/zoom_in:", type="tertiary", key=keyed(f"enlarge-{place}")
            ):
                _enlarge(row, settings)
            st.button(
                f"Remove {name}",
                icon=":material/close:",
                type="tertiary",
                key=keyed(f"remove-{place}"),
                on_click=uploads.remove,
                args=(row.file, row.photo.name),
            )
    if same := uploads.same_as(row.file):
        st.caption(f"The same picture as {plain(', '.join(same))}.")


@st.dialog("Photo", width="large")
def _enlarge(row: Row, settings: Settings) -> None:
    st.html(boxed.STYLE + boxed.boxed(row.photo, settings.threshold, most_px=640, side=ENLARGED_SIDE))
    st.caption(plain(row.photo.name))


def draw_face(row: Row, faces: "tuple[ClassifiedFace, ...]", settings: Settings, *, border: bool = True) -> None:
    """The card of a face, as one model sees it or two, with what can be done about it."""
    first, place = faces[0], f"{row.file.number}-{photo_key(row)}"
    pair = "pair-" if len(faces) > 1 else ""
    with st.container(border=border, gap="xsmall", key=face_cards.keyed(f"{pair}{place}-{first.number}")):
        note = _note(first)
        if len(faces) > 1:
            st.html(face_cards.pair_card(faces[0], faces[1], note=note, threshold=settings.threshold))
        else:
            st.html(face_cards.card(first, note=note, threshold=settings.threshold))
        with st.container(horizontal=True, gap="small"):
            corrections.draw(
                first.crop,
                first.probabilities,
                row.photo.name,
                None,
                None,
                settings.models[0],
                keyed(f"wrong-{place}-{first.number}"),
                draw_page=True,
            )
            for face, reference in zip(faces, settings.models, strict=True):
                title = f" {plain(shared.model_title(reference))}" if len(faces) > 1 else ""
                explanation.draw(face, reference, place, title)


def _note(face: "ClassifiedFace") -> str:
    whole = face.face.detector == "whole"
    return "the whole picture" if whole else f"detector {percent(face.face.confidence)} sure"


def _problem_sentence(photo: "Photo") -> str:
    from ferdash.inference.photos import NO_FACE

    if photo.problem != NO_FACE:
        return str(photo.problem)
    return (
        f"No face was found in {photo.name}. If a face fills the picture, choose “The picture is a face” in Settings."
    )
