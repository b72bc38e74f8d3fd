"""Video: analyses over time as a library, and each of them as a viewer of frames, curves and changes."""

import streamlit as st

from pages import shared, video_compare, video_library, video_viewer


def draw_page() -> None:
    """What the address asks for: a session, a comparison of two, or the library."""
    if session_id := st.query_params.get("session"):
        video_viewer.draw(session_id)
    elif pair := st.query_params.get("compare"):
        video_compare.draw(pair.split(","))
    else:
        video_library.draw()


with shared.calm_errors():
    draw_page()
