"""Predict: drop photos, see each face with its seven emotion probabilities."""

import json

import cv2
import numpy as np
import streamlit as st

from pages.parts.common import photo_cards, shared
from pages.parts.common import uploads as photos
from pages.parts.common.keys import keys_of
from pages.parts.common.photo_cards import Row, Settings
from pages.parts.common.plain import plain

from ferdash.data.demo import draw_photo
from ferdash.emotions import EMOTIONS
from ferdash.wording import cells, counted

keyed = keys_of("predict")

PER_PAGE = 12
SAMPLE = ["happy", "surprise", "angry"]
MODES = {"centerface": "CenterFace", "yunet": "YuNet", "haar": "Haar cascade", "whole": "The picture is a face"}
UNCERTAIN_BELOW_PERCENT = 40


def draw_ways_in() -> None:
    """The drop zone, and under it a drawn sample and the camera."""
    if photos.drop_zone("Drop photos here, or a zip of them", key=keyed("drop")):
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Try a drawn sample", icon=":material/draw:"):
            sample = draw_photo(SAMPLE, np.random.default_rng(len(photos.dropped())), width=960, height=540)
            photos.add("drawn sample.png", cv2.imencode(".png", sample[:, :, ::-1])[1].tobytes())
        if photos.dropped() and st.button("Clear all", icon=":material/clear_all:"):
            photos.clear()
            photo_cards.forget()
            st.rerun()
        camera = st.toggle("Use the camera", help="Takes one picture, which goes to this app and nowhere else.")
    if camera and photos.camera(key=keyed("camera")):
        st.rerun()


def draw_settings(reference: str) -> Settings:
    """What can be set; all of it stands in the address."""
    with st.expander("Settings", icon=":material/tune:"):
        threshold_column, mode_column, compare_column = st.columns(3, gap="large")
        with threshold_column:
            threshold = st.slider(
                "Call a face uncertain below",
                0,
                100,
                UNCERTAIN_BELOW_PERCENT,
                format="%d %%",
                key=keyed("threshold"),
                bind="query-params",
                help="Where the highest of the seven probabilities is lower, no emotion is named.",
            )
        with mode_column:
            mode = st.segmented_control(
                "Find faces with",
                list(MODES),
                default="centerface",
                required=True,
                format_func=MODES.__getitem__,
                wrap=True,
                key=keyed("faces"),
                bind="query-params",
                help="CenterFace comes with ferdash and finds tilted, dim and half-covered faces too. YuNet's file "
                "(230 kB) is downloaded on first use. The Haar cascade of 2001 sees upright faces only. "
                "Pictures up to 64 pixels are always taken for one face.",
            )
        with compare_column:
            second = st.selectbox(
                "Compare with",
                [entry.reference for entry in shared.models() if entry.reference != reference],
                index=None,
                placeholder="no other model",
                format_func=shared.model_title,
                key=keyed("compare"),
                bind="query-params",
            )
    return Settings((reference, second) if second else (reference,), mode or "centerface", threshold / 100)


def draw_missing_model(reference: str) -> None:
    """Say that a model is not on this computer, with a button that downloads it."""
    st.info(
        f"{plain(shared.model_title(reference))} is not on this computer yet. It can be downloaded from the Hugging "
        "Face Hub; or choose another model.",
        icon=":material/download:",
    )
    if st.button("Download and use it", type="primary"):
        shared.download_model(reference)
        st.rerun()


def draw_results(rows: list[Row], settings: Settings) -> None:
    """How many faces, every photo, page by page, and the table of all."""
    first = [row.by_model[0] for row in rows]
    unreadable = sum(photo.preview is None for photo in first)
    faces = counted(sum(len(photo.faces) for photo in first), "face")
    left_out = f"; {counted(unreadable, 'file')} could not be read" if unreadable else ""
    st.markdown(f"**{faces}** in {counted(len(first) - unreadable, 'photo')}{left_out}.")
    pages = -(-len(rows) // PER_PAGE)
    number = st.pagination(pages, key=keyed(f"photos-page-{pages}")) if pages > 1 else 1
    start = (number - 1) * PER_PAGE
    for place, row in enumerate(rows[start : start + PER_PAGE], start):
        photo_cards.draw_row(row, settings, place)
    draw_table(rows, settings)


def draw_table(rows: list[Row], settings: Settings) -> None:
    """All faces in one table, and both downloads."""
    table = photo_cards.table(rows, settings)
    document = json.dumps(photo_cards.document(rows, settings), indent=2, ensure_ascii=False)
    st.subheader("All faces")
    shares = ["probability", *EMOTIONS]
    columns = {name: st.column_config.NumberColumn(format="%.1f%%") for name in shares}
    model = ["model"] if len(settings.models) > 1 else []
    st.dataframe(
        table.assign(**{name: 100 * table[name] for name in shares}),
        hide_index=True,
        column_order=["file", "face", *model, "emotion", "note", *shares],
        column_config=columns | {"note": st.column_config.TextColumn(width="medium")},
        placeholder="",
    )
    with st.container(horizontal=True):
        for label, name, mime, content in (
            ("Download CSV", "faces.csv", "text/csv", cells(table).to_csv(index=False)),
            ("Download JSON", "faces.json", "application/json", document),
        ):
            st.download_button(label, content.encode(), name, mime, on_click="ignore", icon=":material/download:")


def draw_page() -> None:
    """The whole page."""
    st.title("Predict")
    draw_ways_in()
    reference = shared.model_reference()
    if reference is None:
        st.info("Choose a model in the sidebar first.", icon=":material/neurology:")
        return
    settings = draw_settings(reference)
    if missing := [name for name in settings.models if not shared.model_is_here(name)]:
        draw_missing_model(missing[0])
        return
    if not photos.dropped():
        st.caption(
            "Each face will appear here with its seven probabilities. Photos stay in this tab's memory, on this "
            "computer, and leave it with “Clear all” or two minutes after the tab is closed."
        )
        return
    draw_results(photo_cards.classified(photos.dropped(), settings), settings)


with shared.calm_errors():
    draw_page()
