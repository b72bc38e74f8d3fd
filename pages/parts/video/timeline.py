"""The curves of one person with everything that happened, under the frame that is shown."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.video import position

from ferdash.dynamics.summary import TrackSummary

if TYPE_CHECKING:
    from ferdash.exports.files import AnalysisResults

keyed = keys_of("video")
CHART = keyed("timeline")

SMOOTHING_HELP = (
    "“some” is Savitzky-Golay over 0.4 s, which keeps peaks; exports have it too. “little” and “much” are exponential, "
    "of 0.1 s and 0.6 s. Which emotion is dominant is read from the smoothed curves, changes from the measured ones."
)


def draw(
    results: "AnalysisResults", track: TrackSummary, frame: int, time_s: float, smoothings: list[str], smoothing: str
) -> None:
    """The curves with everything that happened, and a cursor; a click in them moves the viewer there."""
    from ferdash.plots.timeline import timeline

    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Show as", ["Lines", "Area"], default="Lines", required=True, key=keyed("timeline-kind")
        )
        st.session_state.setdefault(keyed("smoothing"), smoothing)
        chosen = st.select_slider("Smoothing", smoothings, key=keyed("smoothing"), width=240, help=SMOOTHING_HELP)
        relative = st.toggle(
            "Relative to neutral",
            key=keyed("timeline-relative"),
            disabled=track.relative is None,
            help="What differs from this neutral baseline. Set that with “Set baseline” beside a frame.",
        )
    if chosen != smoothing:
        st.rerun()
    figure = timeline(
        track.smoothed,
        raw=track.series if kind == "Lines" and smoothing != "none" else None,
        baseline=track.baseline if relative else None,
        stacked=kind == "Area",
        changes=track.moments,
        marks=results.analysis.marks(),
        cursor_s=time_s,
    )
    # Only points that could be seen can be clicked; these are there, but not to be seen. As the pointer is matched by
    # time alone, a click anywhere counts.
    figure.update_traces(mode="lines+markers", marker={"size": 7, "opacity": 0}, selector={"mode": "lines"})
    figure.update_layout(clickmode="event+select", dragmode=False, hovermode="x unified", hoverdistance=-1)
    st.plotly_chart(figure, config=shared.PLOT, key=CHART, on_select=_follow_click, selection_mode="points")
    st.caption(
        "Click into the curves or on a pin to see that frame; the arrow keys step from frame to frame, P and N from "
        "change to change. Pins are changes that last, and that noise alone would not make."
    )


def _follow_click() -> None:
    points = st.session_state[CHART]["selection"]["points"]
    frames = [point["customdata"] for point in points if point.get("customdata") is not None]
    if frames:
        first = frames[0]
        position.go(int(first[0] if isinstance(first, list) else first))
