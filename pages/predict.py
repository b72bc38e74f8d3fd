"""Predict: drop photos, see each face with its seven emotion probabilities."""

import json
from dataclasses import dataclass

import cv2
import numpy as np
import streamlit as st

from ferdash.data.demo import draw_photo
from ferdash.emotions import EMOTIONS
from ferdash.inference.detector import DETECTORS
from ferdash.inference.drawing import draw_boxes
from ferdash.inference.predictor import UNCERTAIN_BELOW, Photo, to_document, to_table
from ferdash.wording import counted
from pages import face_cards, photos, readings, shared

PER_PAGE = 12
SAMPLE = ("happy", "surprise", "angry")
DETECTOR_NAMES = {"haar": "Haar, built in", "yunet": "YuNet"}


@dataclass(frozen=True)
class Settings:
    """compare: reference of a second model, or None."""

    threshold: float
    detector: str
    whole: bool
    compare: str | None


def draw_ways_in() -> None:
    """The drop zone, and beside it a drawn sample and the camera."""
    photos.drop_zone("Drop photos here, or a zip of them", key="predict-drop")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Try a drawn sample", icon=":material/draw:"):
            sample = draw_photo(list(SAMPLE), np.random.default_rng(len(photos.photos())), width=960, height=540)
            photos.add_photo("drawn sample.png", cv2.imencode(".png", sample[:, :, ::-1])[1].tobytes())
        if photos.photos() and st.button("Clear all", icon=":material/clear_all:"):
            photos.clear_photos()
            st.rerun()
        camera = st.toggle("Use the camera", help="Takes one picture; it goes to this app and nowhere else.")
    if camera and (snapshot := st.camera_input("Take a picture", width=480)):
        photos.add_photo("snapshot.jpg", snapshot.getvalue())


def draw_settings(reference: str) -> Settings:
    """What can be set; all of it is in the address."""
    with st.expander("Settings", icon=":material/tune:"):
        threshold, detector, compare = st.columns(3, gap="large")
        share = threshold.slider(
            "Call a face uncertain below",
            0,
            100,
            round(100 * UNCERTAIN_BELOW),
            format="%d %%",
            key="threshold",
            bind="query-params",
            help="Where the highest of the seven probabilities is lower than this, no emotion is named.",
        )
        found_by = detector.segmented_control(
            "Find faces with",
            DETECTORS,
            default=DETECTORS[0],
            required=True,
            format_func=lambda name: DETECTOR_NAMES.get(name, name),
            key="detector",
            bind="query-params",
            help="YuNet copes better with turned and covered faces; its file (230 kB) is downloaded on first use.",
        )
        whole = detector.toggle(
            "Each picture is one face",
            key="whole",
            bind="query-params",
            help="For faces that are cut out already. Pictures up to 64 pixels are always taken so.",
        )
        others = [entry.reference for entry in shared.models() if entry.reference != reference]
        second = compare.selectbox(
            "Compare with",
            others,
            index=None,
            placeholder="no other model",
            format_func=shared.model_title,
            key="compare",
            bind="query-params",
        )
    return Settings(share / 100, found_by or DETECTORS[0], whole, second)


def draw_missing_model(reference: str) -> bool:
    """Say that a model must be downloaded first. True when the person has asked for that."""
    st.info(
        f"{shared.model_title(reference)} is not on this computer yet. It can be downloaded from the Hugging Face Hub, "
        "or choose another model in the sidebar.",
        icon=":material/download:",
    )
    return st.button("Download and use it", type="primary")


def draw_photo_result(photo: Photo, others: Photo | None, titles: list[str], threshold: float) -> None:
    """One photo: the picture with numbered boxes at left, a card for each face at right."""
    if photo.preview is None:
        st.error(photo.problem or f"{photo.name} cannot be shown.", icon=":material/broken_image:")
        return
    with st.container(border=True):
        left, right = st.columns([5, 7], gap="medium")
        picture = draw_boxes(photo.preview, photo.faces, photo.preview_scale)
        words = ", ".join(f"{face.number} {face_cards.verdict(face.probabilities, threshold)}" for face in photo.faces)
        # A picture of 48 pixels is shown enlarged, but not across half the page.
        width = "stretch" if picture.shape[1] >= 300 else 240
        left.image(picture, width=width, output_format="JPEG", alt=f"{photo.name}: {words or photo.problem}")
        left.caption(f"{photo.name} · {photo.size[0]:,} x {photo.size[1]:,} pixels")
        with right:
            if photo.problem:
                st.warning(
                    f"No face was found in {photo.name}. If it shows one face that fills the picture, switch on "
                    "“Each picture is one face” in the settings.",
                    icon=":material/search_off:",
                )
            else:
                draw_faces(photo, others, titles, threshold)


def draw_faces(photo: Photo, others: Photo | None, titles: list[str], threshold: float) -> None:
    """The cards of a photo's faces; with a second model each face has two, one under the other."""
    cards = []
    for place, face in enumerate(photo.faces):
        x0, _, x1, _ = face.frame_xyxy
        note = f"{round(x1 - x0)} pixels wide in the photo"
        readers = [face] if others is None else [face, others.faces[place]]
        for reader, title in zip(readers, titles, strict=True):
            cards.append(
                face_cards.card(
                    face.number,
                    face.crop,
                    reader.probabilities,
                    threshold=threshold,
                    note=note if others is None else title,
                )
            )
    face_cards.draw_cards(cards)


def draw_table(results: dict[str, list[Photo]]) -> None:
    """All faces in one table, and both downloads."""
    import pandas as pd

    table = pd.concat([to_table(read, shared.model_title(name)) for name, read in results.items()], ignore_index=True)
    document = [{"model": name, "photos": to_document(read)} for name, read in results.items()]
    st.subheader("All faces")
    shares = {name: st.column_config.NumberColumn(format="percent") for name in ("probability", *EMOTIONS)}
    order = ["file", "face", "emotion", "probability", *EMOTIONS, "model", "note"]
    st.dataframe(table, hide_index=True, column_order=order, column_config=shares)
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            table.to_csv(index=False).encode(),
            "faces.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Download JSON",
            json.dumps(document, indent=2, ensure_ascii=False).encode(),
            "faces.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
        )


def draw_results(reference: str, settings: Settings) -> None:
    """Every photo, page by page, then the table."""
    references = [reference] if settings.compare is None else [reference, settings.compare]
    results = {
        name: readings.read(
            photos.photos(), name, detector=settings.detector, whole=settings.whole, threshold=settings.threshold
        )
        for name in references
    }
    first = results[reference]
    faces = sum(len(photo.faces) for photo in first)
    unreadable = sum(photo.preview is None for photo in first)
    readable = counted(len(first) - unreadable, "photo")
    left_out = f"; {counted(unreadable, 'file')} could not be read" if unreadable else ""
    st.markdown(f"**{counted(faces, 'face')}** in {readable}{left_out}.")
    face_cards.draw_style()
    pages = -(-len(first) // PER_PAGE)
    number = st.pagination(pages, key=f"photos-page-{pages}") if pages > 1 else 1
    titles = [shared.model_title(name) for name in references]
    for place in range((number - 1) * PER_PAGE, min(number * PER_PAGE, len(first))):
        others = results[references[1]][place] if len(references) > 1 else None
        draw_photo_result(first[place], others, titles, settings.threshold)
    if first:
        draw_table(results)


def draw_page() -> None:
    """The whole page."""
    st.title("Predict")
    draw_ways_in()
    reference = shared.model_reference()
    if reference is None:
        st.info("Choose a model in the sidebar first.", icon=":material/neurology:")
        return
    settings = draw_settings(reference)
    if not photos.photos():
        st.caption(
            "Each face will appear here with its seven emotion probabilities. Photos stay in this browser tab's session "
            "and are gone when it is closed."
        )
        return
    if shared.model_is_here(reference) or draw_missing_model(reference):
        draw_results(reference, settings)


with shared.calm_errors():
    draw_page()
