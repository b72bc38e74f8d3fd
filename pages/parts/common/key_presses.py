"""Keys of the keyboard, each acted on once and in order, however fast they come.

The shortcut of a button is a click, and of all clicks that come while a script runs Streamlit keeps one.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import streamlit as st

Acts = Mapping[str, Callable[[], None]]

_component = st.components.v2.component(
    "ferdash.key_presses",
    html="<div></div>",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


def hear(acts: Acts, *, key: str) -> None:
    """Call what belongs to each key that is pressed, before the next script begins. acts: by the browser's names, such
    as "ArrowLeft"; letters are small. Keys that are typed into a field, or move what has the focus, do not count."""
    heard = f"{key}-heard"
    _component(
        data={"name": key, "keys": list(acts), "heard": st.session_state.get(heard, 0)},
        key=key,
        on_pressed_change=partial(_act, acts, key, heard),
    )


def _act(acts: Acts, key: str, heard: str) -> None:
    for number, name in st.session_state[key].pressed or []:
        if number > st.session_state.get(heard, 0):
            st.session_state[heard] = number
            acts[name]()
