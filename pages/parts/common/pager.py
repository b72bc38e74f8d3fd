"""Pages of faces, with the way to the next one above and below them."""

import streamlit as st

from pages.parts.common.keys import keys_of

keyed = keys_of("pager")


def page_number(pages: int, key: str, *, below: bool = False) -> int:
    """Draw one end of a pager and return the page, from 1; nothing is drawn of a single page. Both ends of one `key`
    turn together. below: that this is the lower end."""
    if pages < 2:
        return 1
    ends = keyed(f"{key}-{pages}-above"), keyed(f"{key}-{pages}-below")
    mine, other = ends[::-1] if below else ends
    return int(st.pagination(pages, key=mine, on_change=_follow, args=(mine, other)))


def _follow(mine: str, other: str) -> None:
    st.session_state[other] = st.session_state[mine]
