"""Video: analyses over time as a library, and each of them as a viewer of frames, curves and changes."""

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.video import compare as video_compare
from pages.parts.video import library as video_library
from pages.parts.video import viewer as video_viewer

keyed = keys_of("video")


def draw_page() -> None:
    """What the address asks for: an analysis, a comparison of two, or the library."""
    if analysis_id := st.query_params.get(keyed("analysis")):
        video_viewer.draw(analysis_id)
    elif pair := st.query_params.get(keyed("compare")):
        video_compare.draw(pair.split(","))
    else:
        video_library.draw()


with shared.calm_errors():
    draw_page()
