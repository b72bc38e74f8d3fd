"""Overview: what this is, a photo to try, what is loaded, and how far its answers can be trusted."""

import streamlit as st

from pages.parts.common import samples, shared
from pages.parts.common import uploads as photos
from pages.parts.common.keys import keys_of
from pages.parts.overview import cards
from pages.parts.overview.words import LIMITS, MEASURED

keyed = keys_of("overview")

STYLE = """<style>
.stVerticalBlock[class*="st-key-overview-card-"] h2 { padding: 0 0 .4rem; font-size: 1rem; overflow-wrap: anywhere; }
</style>"""


def draw_door() -> None:
    """The drop zone and two pictures to click: either way leads to the answer."""
    zone, pictures = st.columns([5, 3], gap="medium", vertical_alignment="bottom")
    with zone:
        arrived = photos.drop_zone("Drop photos of faces here", key=keyed("drop"))
    with pictures, shared.calm_errors():
        arrived = samples.draw(key=keyed("samples")) or arrived
    if arrived:
        st.switch_page(shared.page_path("predict"))


def draw_cards() -> None:
    """Dataset, model and latest run; one that cannot be read says so and leaves the others."""
    drawn = {"dataset": cards.draw_dataset, "model": cards.draw_model, "run": cards.draw_run}
    for column, (name, draw) in zip(st.columns(3), drawn.items(), strict=True):
        card = column.container(border=True, height="stretch", gap="xsmall", key=keyed(f"card-{name}"))
        with card, shared.calm_errors():
            draw()


st.html(STYLE)
st.title("ferdash", anchor=False)
st.markdown(
    "See which emotions a face shows, and train and compare the models that say so: "
    "**everything happens on this computer; no picture and no result leaves it.**"
)
draw_door()
draw_cards()
measured, limits = st.columns(2, gap="medium")
measured.expander("How scores are measured here", icon=":material/straighten:").markdown(MEASURED)
limits.expander("What emotion recognition cannot do", icon=":material/gpp_maybe:").markdown(LIMITS)
