"""One picture instead of a stream, for when the camera's stream cannot reach the app."""

import streamlit as st

from pages.parts.common import shared, snapshot
from pages.parts.common.answers import Settings
from pages.parts.common.keys import keys_of

from ferdash.inference.photos import UNCERTAIN_BELOW

keyed = keys_of("live")


def draw(reference: str, *, needed: bool) -> None:
    """A snapshot and what the model says of it; opened where the stream cannot work. needed: whether it cannot."""
    with st.expander("No stream? Take a single picture instead", icon=":material/photo_camera:", expanded=needed):
        st.caption(
            "A snapshot needs the camera too, but no stream: it works where a network lets none through. Without any "
            "camera, drop a photo on the Predict page."
        )
        st.page_link(shared.page_path("predict"), label="Go to Predict", icon=":material/familiar_face_and_zone:")
        if st.toggle("Turn the camera on for a snapshot", key=keyed("snapshot")):
            snapshot.draw(Settings((reference,), "centerface", UNCERTAIN_BELOW), key=keyed("camera"))
