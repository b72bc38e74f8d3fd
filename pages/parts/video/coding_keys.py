"""The keys 1 to 7 while the film plays: the browser collects, and tells at each pause, so that nothing interrupts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from ferdash.emotions import EMOTIONS

MOST_BOXES = 5000
"""So many places of a face are told to the browser; in a longer film every second, third ... of them."""

_HTML = '<div class="now" role="status" aria-live="polite"></div><ol class="keys"></ol><p class="last"></p>'
_CSS = """
:host, div { font: 14px/1.5 var(--st-font); color: var(--st-text-color); }
.now { font-size: 17px; font-weight: 600; min-height: 1.6em; }
.keys { margin: 6px 0; padding-left: 24px; columns: 2; }
.last { opacity: .8; min-height: 1.5em; }
"""
_component = st.components.v2.component(
    "ferdash.coding", html=_HTML, css=_CSS, js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def listen(frames: pd.DataFrame, person: int, *, key: str) -> list[dict[str, Any]]:
    """What was said from the last start of the film to its pause, once: emotion, start_s, end_s of each. frames: of the
    analysis; of several people, the one who is coded has a box in the film."""
    st.markdown("Start the film, and press the number of what you see, each time it changes. 0 says nothing.")
    boxes, gap_s = boxes_of(frames, person) if frames["track"].nunique() > 1 else ([], 0.0)
    data = {"emotions": list(EMOTIONS), "boxes": boxes, "gap_s": gap_s, "person": person}
    found = _component(data=data, key=key, on_coded_change=lambda: None).coded
    return list(found or [])


def boxes_of(frames: pd.DataFrame, person: int) -> tuple[list[list[float]], float]:
    """Time in s, left, top, right and bottom in pixels of a person's face, in order of time, and for how many seconds
    each holds when there is no next."""
    own = frames[(frames["track"] == person).fillna(False) & frames["x0"].notna()]
    if own.empty:
        return [], 0.0
    every = -(-len(own) // MOST_BOXES)
    steps = np.diff(frames["timestamp_s"].drop_duplicates())
    places = own[["timestamp_s", "x0", "y0", "x1", "y1"]].astype(float).iloc[::every]
    return places.round(3).to_numpy().tolist(), 1.5 * every * float(np.median(steps)) if len(steps) else 1.0
