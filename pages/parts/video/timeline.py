"""How the curves under the picture are drawn: the few choices, in a menu."""

from typing import Any

import streamlit as st

from pages.parts.common.keys import keys_of

from ferdash.dynamics.summary import TrackSummary

keyed = keys_of("video")

USUAL_SMOOTHING = "some"
"""That of exports and commands."""

SMOOTHING_HELP = (
    "“some” is Savitzky-Golay over 0.4 s, which keeps peaks; exports have it too. “little” and “much” are exponential, "
    "of 0.1 s and 0.6 s. Which emotion is dominant is read from the smoothed curves, changes from the measured ones."
)


def draw_options(track: TrackSummary, smoothings: list[str], smoothing: str) -> dict[str, Any]:
    """The menu; what was chosen, as `player_data` takes it."""
    with st.popover("Options", icon=":material/tune:", width="content"):
        # What was chosen stays through a run that does not draw the menu, such as that of another tab.
        kind = st.segmented_control(
            "Show as",
            ["Lines", "Area"],
            default="Lines",
            required=True,
            key=keyed("timeline-kind"),
            persist_state="session",
        )
        chosen = st.select_slider(
            "Smoothing",
            smoothings,
            USUAL_SMOOTHING,
            key=keyed("smoothing"),
            persist_state="session",
            help=SMOOTHING_HELP,
        )
        relative = st.toggle(
            "Relative to neutral",
            key=keyed("timeline-relative"),
            persist_state="session",
            disabled=track.baseline is None,
            help="What differs from this neutral baseline. Set that with “Set baseline” above.",
        )
    if chosen != smoothing:
        st.rerun()
    return {"stacked": kind == "Area", "relative": relative, "measured": smoothing != "none"}
