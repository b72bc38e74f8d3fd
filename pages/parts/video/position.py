"""Which frame of a video is shown."""

from bisect import bisect_left

import streamlit as st

from pages.parts.common.keys import keys_of

keyed = keys_of("video")
FRAME, TURN = keyed("frame"), keyed("turn-of-frame")


def asked() -> int | None:
    """The frame that the address names."""
    text = st.query_params.get(FRAME, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def at(frames: list[int]) -> int:
    """The frame that is shown, one of `frames`, which rise: the chosen one, else the one in the address."""
    wanted = st.session_state.get(FRAME)
    if wanted is None:
        wanted = asked()
    frame = nearest(frames, wanted if wanted is not None else frames[0])
    st.session_state[FRAME] = frame
    return frame


def go(frame: int) -> None:
    """Have the player show that frame."""
    stay(frame)
    st.session_state[TURN] = turn() + 1


def stay(frame: int) -> None:
    """Know that the player shows that frame."""
    st.session_state[FRAME] = frame


def turn() -> int:
    """Grows whenever the player is to go somewhere; where it went by itself since then is its own affair."""
    return int(st.session_state.get(TURN, 0))


def forget() -> None:
    """Another analysis begins where its address says."""
    for name in ("frame", "person"):
        st.session_state.pop(keyed(name), None)


def nearest(frames: list[int], wanted: int) -> int:
    """That of `frames`, which rise, which is nearest to the wanted one."""
    place = bisect_left(frames, wanted)
    around = frames[max(0, place - 1) : place + 1] or frames[-1:]
    return min(around, key=lambda frame: abs(frame - wanted))
