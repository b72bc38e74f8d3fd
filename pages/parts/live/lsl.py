"""The Lab Streaming Layer beside the camera: what goes out under which name, and whose markers come in."""

from dataclasses import dataclass

import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.common.rights import is_local

from ferdash.live.lsl import CHANNELS, MARKERS, NAME, TYPE, is_installed

keyed = keys_of("live")


@dataclass(frozen=True)
class Streams:
    """name: of the stream of faces. markers: name of the stream of markers; empty for all of their type."""

    name: str
    markers: str


def choose() -> Streams | None:
    """What is asked for; None where nothing is to be sent."""
    with st.expander("Lab Streaming Layer", icon=":material/sensors:"):
        if not is_local():
            st.caption("Only the computer that runs this app can stream; this app answers others too.")
            return None
        there = is_installed()
        if not there:
            st.caption("Needs pylsl: `pip install 'ferdash[lsl]'`, and start the app again.")
        on = st.toggle(
            "Send to LSL",
            key=keyed("lsl"),
            disabled=not there,
            help="Track, seven probabilities, confidence and time of each face, for LabRecorder and the like.",
        )
        left, right = st.columns(2)
        name = left.text_input("Name of the stream", NAME, key=keyed("lsl-name"), max_chars=60, disabled=not on)
        markers = right.text_input(
            "Markers from the stream",
            key=keyed("lsl-markers"),
            max_chars=60,
            disabled=not on,
            placeholder=f"all of type {MARKERS}",
            help="Such as PsychoPy's: while you record, they become markers of the recording.",
        )
        streams = Streams(name.strip() or NAME, markers.strip())
        if on:
            _draw_sent(streams.name)
    return streams if on and there else None


def _draw_sent(name: str) -> None:
    """What goes out, and how others find it."""
    st.warning(
        "Probabilities of every face, not its picture, go to whoever listens in this network.",
        icon=":material/sensors:",
    )
    st.caption(
        f"The stream is called **{plain(name)}** and is of type {TYPE}, with {len(CHANNELS)} channels; LabRecorder "
        "lists it after “Update”. In Python, on any computer of this network:"
    )
    found = f'import pylsl\n\ninlet = pylsl.StreamInlet(pylsl.resolve_byprop("name", {name!r})[0])'
    st.code(f"{found}\nsample, time_s = inlet.pull_sample()  # track, seven probabilities, ...", language="python")
