"""One analysis: its head, the people in it, and below them the viewer and everything that is said of one person."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.video import analyses as video_analyses
from pages.parts.video import charts as video_charts
from pages.parts.video import coding as video_coding
from pages.parts.video import export as video_export
from pages.parts.video import frame as video_frame
from pages.parts.video import library as video_library
from pages.parts.video import timeline as video_timeline
from pages.parts.video import units as video_units

from ferdash.analyses.store import AT_WORK, Analysis
from ferdash.dynamics.smoothing import SmoothingSettings
from ferdash.dynamics.summary import Summary, SummarySettings
from ferdash.emotions import EMOTIONS
from ferdash.exports.facts import KINDS, STATES, facts_of, imported_from, length_of, part_of, without_result
from ferdash.wording import counted

keyed = keys_of("video")

SMOOTHING = {
    "none": SmoothingSettings("none"),
    "little": SmoothingSettings("exponential", tau_s=0.1),
    "some": SmoothingSettings(),
    "much": SmoothingSettings("exponential", tau_s=0.6),
}
"""Which emotion is dominant follows from the smoothed curves."""


# On a phone the actions are one line, which is swiped, and what is said of the whole film follows the player: the
# picture and its bars are what somebody came for.
STYLE = """<style>
@media (max-width: 640px) {
  .st-key-video-head > [data-testid="stLayoutWrapper"]:has(> .st-key-video-actions) { flex: 1 1 100% !important; }
  .st-key-video-actions { flex-wrap: nowrap !important; overflow-x: auto; position: relative; padding: 3px 0; }
  .st-key-video-actions > * { flex: none !important; }
  .st-key-video-viewer [data-testid="stLayoutWrapper"]:has(> :is(.st-key-video-facts, .st-key-video-finding)) {
    order: 1;
  }
}
</style>"""


def draw(analysis_id: str) -> None:
    """The whole page of an analysis."""
    analysis = video_analyses.open_(analysis_id)
    video_analyses.draw_said()
    _draw_state(analysis, analysis.info)
    smoothing = st.session_state.get(keyed("smoothing"), video_timeline.USUAL_SMOOTHING)
    settings = SummarySettings(smoothing=SMOOTHING[smoothing])
    results = video_analyses.results(analysis, settings)
    if results.frames.empty:
        _draw_head(analysis)
        st.info("No frame is analysed yet.", icon=":material/hourglass_empty:")
        return
    if video_coding.is_open():
        _draw_head(analysis)
        video_coding.draw(results)
        return
    person = _person(results.summary)

    def draw_head(actions: Callable[[], None]) -> None:
        _draw_head(analysis, actions)
        if video_coding.is_open():
            st.rerun()  # the switch stands in the head, and the head in a part that is drawn again by itself
        _draw_finding(results.summary)
        _draw_people(analysis, results.summary, person)

    st.html(STYLE)
    with st.container(key=keyed("viewer")):
        video_frame.draw(results, person, list(SMOOTHING), smoothing, draw_head)
    if person is not None:
        video_charts.draw(results, person)
        video_units.draw(analysis, person)


def _draw_head(analysis: Analysis, actions: Callable[[], None] = lambda: None) -> None:
    """Name and what can be done, in one line; what it is, and the switch to another way of using it, below."""
    info = analysis.info
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=keyed("head")):
        if st.button("", icon=":material/arrow_back:", type="tertiary", help="All analyses", key=keyed("all")):
            video_analyses.show()
        st.title(plain(analysis.name), width="content", anchor=False)
        st.space("stretch")
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", width="content", key=keyed("actions")
        ):
            actions()
            video_library.draw_menu(analysis)
            video_export.draw(analysis)
    facts = facts_of(analysis)
    kind = KINDS.get(analysis.kind, "")
    parts = [kind, length_of(info), facts.get("Picture"), part_of(info.get("settings") or {})]
    parts += [imported_from(analysis) or f"model {facts['Model']}", facts.get("Made", facts.get("Imported"))]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=keyed("facts")):
        st.caption(plain(" · ".join(filter(None, parts))), width="stretch")
        video_coding.draw_switch()


def _draw_state(analysis: Analysis, info: dict[str, Any]) -> None:
    done = counted(int(info.get("frames", 0)), "frame")
    if info["state"] in AT_WORK:
        video_library.draw_progress([analysis.id])
        st.caption(f"What follows is about the first {done}.")
    elif info["state"] == "failed":
        st.error(
            f"{plain(info.get('error'))} What was analysed before, {done}, is kept below.", icon=":material/error:"
        )
    elif info["state"] != "done":
        st.warning(f"This analysis was {STATES[info['state']]} after {done}.", icon=":material/stop_circle:")
    video_library.draw_continue(analysis)
    if info.get("note"):
        st.warning(plain(info["note"]), icon=":material/info:")


def _draw_finding(summary: Summary) -> None:
    with st.container(key=keyed("finding")):
        st.markdown(" ".join(filter(None, (summary.sentence, without_result(summary)))))


def _person(summary: Summary) -> int | None:
    """The chosen person: by a button, else by the address, else who was seen longest; None where nobody was seen."""
    people = list(summary.tracks)
    if not people:
        return None
    chosen: int | None = st.session_state.get(keyed("person"))
    if chosen not in people:
        asked = st.query_params.get(keyed("person"), "")
        longest = max(people, key=lambda track: len(summary.tracks[track].series))
        chosen = int(asked) if asked.isdecimal() and int(asked) in people else longest
        st.session_state[keyed("person")] = chosen
    return chosen


def _draw_people(analysis: Analysis, summary: Summary, chosen: int | None) -> None:
    """A button for each person, beside the face, where there are several."""
    if len(summary.tracks) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=keyed("people")):
        for track, one in summary.tracks.items():
            if thumbnail := analysis.thumbnail(track):
                st.image(str(thumbnail), width=38, alt=f"person {track}")
            dominant = f"mostly {one.dominant}" if one.dominant in EMOTIONS else "no result"
            st.button(
                f"Person {track}",
                key=keyed(f"person-{track}"),
                type="primary" if track == chosen else "secondary",
                help=dominant,
                on_click=video_analyses.change,
                args=(_choose, track),
            )


def _choose(track: int) -> None:
    st.session_state[keyed("person")] = track
