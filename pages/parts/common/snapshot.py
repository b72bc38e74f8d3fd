"""A single picture from the camera, and what the models say of it beside it."""

import streamlit as st

from pages.parts.common import answers, photo_cards, uploads
from pages.parts.common.answers import Settings
from pages.parts.common.keys import keys_of

keyed = keys_of("snapshot")


def draw(settings: Settings, *, key: str) -> int | None:
    """Draw the camera and the answer; the snapshot's number among the tab's files, None before there is one."""
    camera, answer = st.columns(2, gap="medium")
    with camera:
        taken = uploads.camera(key=key)
    if taken is not None:
        st.session_state[keyed(key)] = taken.number
        st.rerun()
    last = [file for file in uploads.dropped() if file.number == st.session_state.get(keyed(key))]
    with answer:
        photo_cards.draw_style()
        for row in answers.classified(last, settings):
            photo_cards.draw_row(row, settings)
    return last[0].number if last else None
