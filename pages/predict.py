"""Predict: drop photos, see each face with its seven emotion probabilities."""

import streamlit as st

from pages.parts.common import answers, samples, shared, snapshot
from pages.parts.common import uploads as photos
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.predict import export, results, settings, view

keyed = keys_of("predict")


def draw_ways_in() -> bool:
    """The drop zone, and the camera; two pictures to try while there is nothing else. Whether the camera is on."""
    anything = bool(photos.dropped())
    zone, pictures = (st.container(), st.empty()) if anything else st.columns([5, 3], vertical_alignment="bottom")
    with zone:
        if photos.drop_zone("Drop photos here, or a zip of them", key=keyed("drop"), show_label=not anything):
            st.rerun()
    if not anything:
        with pictures:
            if samples.draw(key=keyed("samples")):
                st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        camera = st.toggle("Use the camera", help="Takes one picture, which goes to this app and nowhere else.")
        if anything and st.button("Clear all", icon=":material/clear_all:", type="tertiary"):
            photos.clear()
            answers.forget()
            st.rerun()
        draw_undo()
    return camera


def draw_undo() -> None:
    """The way back from what was removed last."""
    if said := photos.removed_words():
        st.markdown(f":material/check_circle: {plain(said)}", width="content")
        st.button("Undo", icon=":material/undo:", type="tertiary", key=keyed("undo"), on_click=photos.undo)


def draw_page() -> None:
    """The whole page."""
    st.title("Predict", anchor=False)
    photos.keep_over_reloads()
    camera = draw_ways_in()
    reference = shared.model_reference()
    if reference is None:
        st.info("Choose a model in the sidebar first.", icon=":material/neurology:")
        return
    in_use = settings.reference_in_use(reference)
    if in_use is None:
        return
    chosen = settings.draw(in_use)
    beside = snapshot.draw(chosen, key=keyed("camera")) if camera else None
    if not photos.dropped():
        st.caption(
            "Each face will appear here with its seven probabilities. Photos stay in this tab's memory, on this "
            "computer, and leave it a minute after “Clear all” or two minutes after the tab is closed."
        )
        return
    rows = answers.classified(photos.dropped(), chosen)
    shown = view.draw(rows, chosen)
    results.draw([row for row in rows if row.file.number != beside], chosen, shown)
    export.draw(rows, chosen)


with shared.calm_errors():
    draw_page()
