"""Which frame of a video is shown, and which is next."""

from bisect import bisect_left, bisect_right

import streamlit as st

from pages.parts.common.keys import keys_of

keyed = keys_of("video")


def asked() -> int | None:
    """The frame that the address names."""
    text = st.query_params.get(keyed("frame"), "")
    return int(text) if text.isdigit() else None


def go(frame: int | None) -> None:
    """Show that frame from the next run on."""
    if frame is not None:
        st.session_state[keyed("frame")] = frame


def nearest(frames: list[int], wanted: int) -> int:
    """That of `frames`, which rise, which is nearest to the wanted one."""
    place = bisect_left(frames, wanted)
    around = frames[max(0, place - 1) : place + 1] or frames[-1:]
    return min(around, key=lambda frame: abs(frame - wanted))


def before(events: list[int], frame: int) -> int | None:
    """The last of `events`, which rise, before a frame."""
    place = bisect_left(events, frame)
    return events[place - 1] if place else None


def after(events: list[int], frame: int) -> int | None:
    """The first of `events`, which rise, after a frame."""
    place = bisect_right(events, frame)
    return events[place] if place < len(events) else None
