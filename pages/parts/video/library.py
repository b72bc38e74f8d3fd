"""The library: what was analysed, as cards, and under way; and the ways in for something new."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.pager import page_number
from pages.parts.common.plain import plain
from pages.parts.common.rights import require_deletion
from pages.parts.video import analyses as video_analyses
from pages.parts.video import new as video_new
from pages.parts.video import position

from ferdash.analyses import store as analyses
from ferdash.analyses.store import AT_WORK, Analysis, list_analyses
from ferdash.errors import FerdashError
from ferdash.exports.facts import STATES, length_of
from ferdash.paths import analyses_root
from ferdash.wording import counted, duration

keyed = keys_of("video")

ACROSS = 3
SHOWN = 24
THUMBNAIL_PX = 88
CAN_GO_ON = ("stopped", "failed", "interrupted")
SIGNS = {
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
    "interrupted": ":material/power_off:",
    "damaged": ":material/broken_image:",
}


def draw() -> None:
    """The whole library."""
    position.forget()
    st.title("Video")
    video_new.draw()
    everything = list_analyses(analyses_root())
    if at_work := [one.id for one in everything if one.state in AT_WORK]:
        draw_progress(at_work[::-1])  # in the order in which they are taken
    kept = [one for one in everything if one.state not in AT_WORK]
    if not kept:
        st.caption(
            "Each analysis will stay here as a card: open it to see the frames with their faces, how every emotion "
            "rises and falls, and what changed when. Nothing leaves this computer."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(counted(len(kept), "analysis", "analyses"), anchor=False)
        _draw_compare([one for one in kept if st.session_state.get(keyed(f"compare-{one.id}"))])
    number = page_number(-(-len(kept) // SHOWN), "analyses")
    shown = kept[(number - 1) * SHOWN : number * SHOWN]
    for start in range(0, len(shown), ACROSS):
        for column, analysis in zip(st.columns(ACROSS), shown[start : start + ACROSS], strict=False):
            # With a key of its own, a card that goes takes its widgets along instead of lending them to the next one.
            with column, st.container(border=True, key=keyed(f"card-{analysis.id}")), shared.calm_errors():
                _draw_card(analysis)


def _draw_card(analysis: Analysis) -> None:
    info = analysis.info
    head = st.container(horizontal=True, gap="small")
    thumbnail = _first_thumbnail(analysis)
    if thumbnail is not None:
        head.image(str(thumbnail), width=THUMBNAIL_PX, alt=f"the first person of {analysis.name}")
    else:
        head.markdown("## :material/movie:", width="content")
    with head.container(width="stretch"):
        st.markdown(f"**{plain(analysis.name)}**")
        if info["state"] != "damaged":
            with shared.calm_errors():  # what it holds may be damaged all the same, and the card can delete it
                st.caption(_words(analysis))
    if info["state"] != "done":
        sign = SIGNS.get(info["state"], ":material/help:")
        st.markdown(f"{sign} {STATES[info['state']]}: {plain(_why(info))}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if info["state"] != "damaged" and st.button("Open", type="primary", key=keyed(f"open-{analysis.id}")):
            video_analyses.show(analysis.id)
        draw_continue(analysis)
        draw_menu(analysis)
        st.checkbox("Compare", key=keyed(f"compare-{analysis.id}"), disabled=info["state"] == "damaged")


def draw_continue(analysis: Analysis) -> None:
    """A button to go on with an analysis that ended early."""
    if (
        analysis.kind not in ("live", "imported")
        and analysis.state in CAN_GO_ON
        and st.button("Continue", icon=":material/play_arrow:", key=keyed(f"go-on-{analysis.id}"))
    ):
        video_analyses.jobs().resume(analysis.id)
        st.rerun()


def draw_menu(analysis: Analysis) -> None:
    """Rename and delete, the latter with a second question."""
    with st.popover("", icon=":material/more_horiz:", help="Rename or delete", key=keyed(f"menu-{analysis.id}")):
        if analysis.record:
            with st.form(keyed(f"renaming-{analysis.id}"), border=False):
                name = st.text_input("Name", analysis.name, key=keyed(f"name-{analysis.id}"), max_chars=120)
                if st.form_submit_button("Rename", key=keyed(f"rename-{analysis.id}")) and name.strip():
                    analyses.rename(analyses_root(), analysis.id, name)
                    st.rerun()
            st.divider()
        sure = st.checkbox("Yes, delete it for good", key=keyed(f"sure-{analysis.id}"))
        if st.button("Delete", icon=":material/delete:", key=keyed(f"delete-{analysis.id}"), disabled=not sure):
            with shared.calm_errors():
                require_deletion()
                analyses.delete(analyses_root(), analysis.id)
                shared.announce(f"{analysis.name} is deleted.")
                video_analyses.show()
        st.caption("A video that was not copied into the analysis stays where it is.")


def _draw_compare(chosen: list[Analysis]) -> None:
    if len(chosen) == 2:
        if st.button("Compare the two", icon=":material/compare_arrows:", type="primary"):
            # The earlier one is what the later one is held against.
            first, second = sorted(chosen, key=lambda one: one.id)
            video_analyses.show(compare=f"{first.id},{second.id}")
    elif chosen:
        more = "one more" if len(chosen) == 1 else "only two"
        st.caption(f"Tick {more} to compare.", width="content")


@st.fragment(run_every=1.0)
def draw_progress(at_work: list[str]) -> None:
    """Every analysis at work or waiting; the whole page again as soon as one of them has ended."""
    with shared.calm_errors():
        for analysis_id in at_work:
            analysis = video_analyses.open_(analysis_id)
            if analysis.state not in AT_WORK:
                st.rerun()
            _draw_job(analysis)


def _draw_job(analysis: Analysis) -> None:
    from ferdash.analyses.execution import progress_of

    info, progress = analysis.info, progress_of(analysis)
    if analysis.kind == "live":
        recorded = "" if progress is None else f", {duration(progress.timestamp_s)}"
        st.caption(f"Live is recording **{plain(analysis.name)}**{recorded}")
        return
    stopping = video_analyses.jobs().stopping == analysis.id
    with st.container(border=True, key=keyed(f"job-{analysis.id}")):
        bar, button = st.columns([6, 1], vertical_alignment="center")
        if stopping:
            share = progress.share if progress is not None else 0.0
            bar.progress(share, text=f"**{plain(analysis.name)}**: stopping; what it has so far is kept …")
        elif info["state"] == "queued":
            bar.progress(0.0, text=f"**{plain(analysis.name)}** waits for its turn")
        elif progress is None:
            bar.progress(0.0, text=f"**{plain(analysis.name)}**: getting ready …")
        else:
            left = f", {duration(progress.eta_s)} left" if progress.eta_s is not None else ""
            words = f"{progress.frames:,} of about {counted(progress.total, 'frame')}, {progress.speed:.1f} x real time"
            bar.progress(progress.share, text=f"**{plain(analysis.name)}**: {words}{left}")
        if button.button(
            "Stopping …" if stopping else "Stop",
            key=keyed(f"cancel-{analysis.id}"),
            width="stretch",
            help="Keeps what it has so far.",
            disabled=stopping,
        ):
            try:
                video_analyses.jobs().cancel(analysis.id)
                st.rerun(scope="fragment")
            except FerdashError:
                st.caption("It is at work in another process, such as a terminal, and can be stopped there.")


def _words(analysis: Analysis) -> str:
    """Length, people, dominant emotion and date."""
    info, glance = analysis.info, video_analyses.glance(analysis)
    parts = [length_of(info), counted(glance.people, "person", "people")]
    if origin := analysis.record.get("origin"):
        parts.append(f"imported from {origin['tool']}")
    if glance.dominant:
        parts.append(f"mostly {glance.dominant}")
    made = str(info.get("created_at", ""))[:16].replace("T", " ")
    return " · ".join(parts) + (f"  \n{made}" if made else "")


def _why(info: dict[str, Any]) -> str:
    done = counted(int(info.get("frames", 0)), "frame")
    return str(info.get("error") or f"{done} analysed so far.")


def _first_thumbnail(analysis: Analysis) -> Path | None:
    found = sorted((analysis.folder / "thumbs").glob("track-*.jpg"), key=lambda path: int(path.stem.split("-")[1]))
    return found[0] if found else None
