"""The library: what was analysed, as cards, and under way; and the ways in for something new."""

from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.video import new as video_new
from pages.parts.video import sessions as video_sessions

from ferdash.analyses import store as sessions
from ferdash.analyses.store import AT_WORK, Session, list_sessions
from ferdash.errors import FerdashError
from ferdash.exports.facts import STATES, length_of
from ferdash.paths import sessions_root
from ferdash.wording import counted, duration

keyed = keys_of("video")

ACROSS = 3
SHOWN = 24
CAN_GO_ON = ("stopped", "failed", "interrupted")
SIGNS = {"stopped": ":material/stop_circle:", "failed": ":material/error:", "interrupted": ":material/power_off:"}


def draw() -> None:
    """The whole library."""
    st.title("Video")
    video_new.draw()
    everything = list_sessions(sessions_root())
    _draw_jobs([one.id for one in everything if one.state in AT_WORK])
    kept = [one for one in everything if one.state not in AT_WORK]
    if not kept:
        st.caption(
            "Each analysis will stay here as a card: open it to see the frames with their faces, how every emotion "
            "rises and falls, and what changed when. Nothing leaves this computer."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(f"{counted(len(kept), 'session')}", anchor=False)
        _draw_compare([one for one in kept if st.session_state.get(keyed(f"compare-{one.id}"))])
    pages = -(-len(kept) // SHOWN)
    number = st.pagination(pages, key=keyed(f"sessions-page-{pages}")) if pages > 1 else 1
    shown = kept[(number - 1) * SHOWN : number * SHOWN]
    for start in range(0, len(shown), ACROSS):
        for column, session in zip(st.columns(ACROSS), shown[start : start + ACROSS], strict=False):
            with column, st.container(border=True), shared.calm_errors():
                _draw_card(session)


def _draw_card(session: Session) -> None:
    info = session.info
    left, right = st.columns([1, 2], gap="small")
    thumbnail = _first_thumbnail(session)
    if thumbnail is not None:
        left.image(str(thumbnail), width="stretch")
    else:
        left.markdown("## :material/movie:")
    with right:
        st.markdown(f"**{plain(session.name)}**")
        st.caption(_words(session))
    if info["state"] != "done":
        sign = SIGNS.get(info["state"], ":material/help:")
        st.markdown(f"{sign} {STATES[info['state']]}: {plain(_why(info))}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if info["state"] != "damaged" and st.button("Open", type="primary", key=keyed(f"open-{session.id}")):
            video_sessions.show(session.id)
        if (
            session.kind != "live"
            and info["state"] in CAN_GO_ON
            and st.button("Continue", icon=":material/play_arrow:", key=keyed(f"go-on-{session.id}"))
        ):
            video_sessions.jobs().resume(session.id)
            st.rerun()
        draw_menu(session)
        st.checkbox("Compare", key=keyed(f"compare-{session.id}"), disabled=info["state"] == "damaged")


def draw_menu(session: Session) -> None:
    """Rename and delete, the latter with a second question."""
    with st.popover("", icon=":material/more_horiz:", help="Rename or delete", key=keyed(f"menu-{session.id}")):
        if session.record:
            with st.form(keyed(f"renaming-{session.id}"), border=False):
                name = st.text_input("Name", session.name, key=keyed(f"name-{session.id}"), max_chars=120)
                if st.form_submit_button("Rename", key=keyed(f"rename-{session.id}")) and name.strip():
                    sessions.rename(sessions_root(), session.id, name)
                    st.rerun()
            st.divider()
        sure = st.checkbox("Yes, delete it for good", key=keyed(f"sure-{session.id}"))
        if st.button("Delete", icon=":material/delete:", key=keyed(f"delete-{session.id}"), disabled=not sure):
            with shared.calm_errors():
                sessions.delete(sessions_root(), session.id)
                shared.announce(f"{session.name} is deleted.")
                video_sessions.show()
        st.caption("A video that was not copied into the session stays where it is.")


def _draw_compare(chosen: list[Session]) -> None:
    if len(chosen) == 2:
        if st.button("Compare the two", icon=":material/compare_arrows:", type="primary"):
            # The earlier one is what the later one is held against.
            first, second = sorted(chosen, key=lambda one: one.id)
            video_sessions.show(compare=f"{first.id},{second.id}")
    elif chosen:
        more = "one more" if len(chosen) == 1 else "only two"
        st.caption(f"Tick {more} to compare.", width="content")


def _draw_jobs(at_work: list[str]) -> None:
    if at_work:
        _draw_progress(at_work)


@st.fragment(run_every=1.0)
def _draw_progress(at_work: list[str]) -> None:
    """Every analysis at work or waiting; the whole page again as soon as one of them has ended."""
    with shared.calm_errors():
        for session_id in at_work:
            session = video_sessions.open_(session_id)
            if session.state not in AT_WORK:
                st.rerun()
            _draw_job(session)


def _draw_job(session: Session) -> None:
    from ferdash.analyses.execution import progress_of

    info, progress = session.info, progress_of(session)
    with st.container(border=True):
        bar, button = st.columns([6, 1], vertical_alignment="center")
        if info["state"] == "queued":
            bar.progress(0.0, text=f"**{plain(session.name)}** waits for its turn")
        elif progress is None:
            bar.progress(0.0, text=f"**{plain(session.name)}**: getting ready …")
        else:
            left = f", {duration(progress.eta_s)} left" if progress.eta_s is not None else ""
            words = f"{progress.frames:,} of about {counted(progress.total, 'frame')}, {progress.speed:.1f} x real time"
            bar.progress(progress.share, text=f"**{plain(session.name)}**: {words}{left}")
        if button.button(
            "Cancel", key=keyed(f"cancel-{session.id}"), width="stretch", help="Keeps what it has so far."
        ):
            try:
                video_sessions.jobs().cancel(session.id)
            except FerdashError:
                st.caption("It is at work in another process, such as a terminal, and can be stopped there.")


def _words(session: Session) -> str:
    """Length, people, leading emotion and date."""
    info, glance = session.info, video_sessions.glance(session)
    parts = [length_of(info), counted(glance.people, "person", "people")]
    if glance.dominant:
        parts.append(f"mostly {glance.dominant}")
    made = str(info.get("created_at", ""))[:16].replace("T", " ")
    return " · ".join(parts) + (f"  \n{made}" if made else "")


def _why(info: dict) -> str:
    done = counted(int(info.get("frames", 0)), "frame")
    return str(info.get("error") or f"{done} analysed so far.")


def _first_thumbnail(session: Session) -> Path | None:
    found = sorted((session.folder / "thumbs").glob("track-*.jpg"), key=lambda path: int(path.stem.split("-")[1]))
    return found[0] if found else None
