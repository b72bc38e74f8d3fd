"""One analysis: its head, the people in it, and below them the viewer and everything that is said of one person."""

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
from pages.parts.video import units as video_units

from ferdash.analyses.store import AT_WORK, Analysis
from ferdash.dynamics.smoothing import SmoothingSettings
from ferdash.dynamics.summary import Summary, SummarySettings
from ferdash.emotions import EMOTIONS
from ferdash.exports.facts import KINDS, STATES, facts_of, imported_from, length_of, part_of
from ferdash.video.frame_table import REASONS
from ferdash.wording import counted

keyed = keys_of("video")

ACROSS = 8
SMOOTHING = {
    "none": SmoothingSettings("none"),
    "little": SmoothingSettings("exponential", tau_s=0.1),
    "some": SmoothingSettings(),
    "much": SmoothingSettings("exponential", tau_s=0.6),
}
"""Which emotion is dominant follows from the smoothed curves, so the usual choice is that of exports and commands."""


def draw(analysis_id: str) -> None:
    """The whole page of an analysis."""
    analysis = video_analyses.open_(analysis_id)
    video_analyses.draw_said()
    _draw_head(analysis)
    smoothing = st.session_state.get(keyed("smoothing"), "some")
    settings = SummarySettings(smoothing=SMOOTHING[smoothing])
    results = video_analyses.results(analysis, settings)
    if results.frames.empty:
        st.info("No frame is analysed yet.", icon=":material/hourglass_empty:")
        return
    if video_coding.is_open():
        video_coding.draw(results)
        return
    _draw_finding(results.summary)
    person = _draw_people(analysis, results.summary)
    video_frame.draw(results, person, list(SMOOTHING), smoothing)
    if person is not None:
        video_charts.draw(results, person)
        video_units.draw(analysis, person)


def _draw_head(analysis: Analysis) -> None:
    info = analysis.info
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("All analyses", icon=":material/arrow_back:", type="tertiary"):
            video_analyses.show()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(analysis.name), width="content", anchor=False)
        video_library.draw_menu(analysis)
        video_export.draw(analysis)
        video_coding.draw_switch()
    facts = facts_of(analysis)
    kind = KINDS.get(analysis.kind, "")
    parts = [kind, length_of(info), facts.get("Picture"), part_of(info.get("settings") or {})]
    parts += [imported_from(analysis) or f"model {facts['Model']}", facts.get("Made", facts.get("Imported"))]
    st.caption(plain(" · ".join(filter(None, parts))))
    _draw_state(analysis, info)


def _draw_state(analysis: Analysis, info: dict[str, Any]) -> None:
    done = counted(int(info.get("frames", 0)), "frame")
    if info["state"] in AT_WORK:
        st.info(
            f"This is {STATES[info['state']]}; what follows is about the first {done}.",
            icon=":material/hourglass_top:",
        )
    elif info["state"] == "failed":
        st.error(
            f"{plain(info.get('error'))} What was analysed before, {done}, is kept below.", icon=":material/error:"
        )
    elif info["state"] != "done":
        st.warning(
            f"This analysis was {STATES[info['state']]} after {done}. The library has a button to resume it.",
            icon=":material/stop_circle:",
        )
    if info.get("note"):
        st.warning(plain(info["note"]), icon=":material/info:")


def _draw_finding(summary: Summary) -> None:
    missing = [f"{counted(number, 'row')}: {REASONS[reason]}" for reason, number in summary.reasons.items()]
    st.markdown(summary.sentence + (f"  \nWithout a result: {'; '.join(missing)}." if missing else ""))


def _draw_people(analysis: Analysis, summary: Summary) -> int | None:
    """The chosen person; None where nobody was seen."""
    people = list(summary.tracks)
    if not people:
        return None
    if keyed("person") not in st.session_state:
        asked = st.query_params.get(keyed("person"), "")
        longest = max(people, key=lambda track: len(summary.tracks[track].series))
        st.session_state[keyed("person")] = int(asked) if asked.isdigit() and int(asked) in people else longest
    if st.session_state[keyed("person")] not in people:
        st.session_state[keyed("person")] = people[0]
    chosen = st.session_state[keyed("person")]
    if len(people) == 1:
        return people[0]
    st.query_params[keyed("person")] = str(chosen)
    for start in range(0, len(people), ACROSS):
        for column, track in zip(st.columns(ACROSS), people[start : start + ACROSS], strict=False):
            with column:
                if thumbnail := analysis.thumbnail(track):
                    st.image(str(thumbnail), width=72)
                st.button(
                    f"Person {track}",
                    key=keyed(f"person-{track}"),
                    type="primary" if track == chosen else "secondary",
                    width="stretch",
                    on_click=_choose,
                    args=(track,),
                )
                dominant = summary.tracks[track].dominant
                st.caption(f"mostly {dominant}" if dominant in EMOTIONS else "no result")
    found: int | None = chosen
    return found


def _choose(track: int) -> None:
    st.session_state[keyed("person")] = track
