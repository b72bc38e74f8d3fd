"""The “Wrong?” button of a face: pick the right emotion, note why the face may be used, and undo.

Every page that shows a face with its probabilities can draw it; what it keeps is a matter of ferdash.data.corrections.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from pages.parts.common import shared

from ferdash.data import corrections
from ferdash.data.corrections import Correction
from ferdash.emotions import EMOTIONS
from ferdash.paths import data_root

FORM_PX = 360
KEPT = (
    "This face, 48 x 48 pixels, is then kept on this computer with your answer, to train a model with. It can be taken "
    "back at any time."
)


@st.fragment
def draw(
    crop: np.ndarray,
    probabilities: np.ndarray,
    source: str,
    timestamp_s: float | None,
    track: int | None,
    model: str,
    key: str,
    *,
    draw_page: bool = False,
) -> None:
    """The button of one face, or what was answered before with its undo. Only this part is drawn again, unless
    draw_page says that the page shows what was corrected elsewhere too.

    crop: uint8 grey (48, 48). probabilities: (7,). source: name of the photo or video. timestamp_s, track: the place in
    a video, None for a photo. model: reference of the model that was asked. key: differs for every face on the page.
    """
    turn = st.session_state.get(f"{key}-turn", 0)
    undone, kept_now = (st.session_state.pop(f"{part}-changed", False) for part in (key, f"{key}-{turn}"))
    if draw_page and (undone or kept_now):
        st.rerun()
    with shared.calm_errors():
        kept = corrections.find_correction(data_root(), crop, source=source, timestamp_s=timestamp_s, track=track)
        if kept is not None:
            _draw_kept(kept, key)
            return
        popover = st.popover("Wrong?", icon=":material/edit:", type="tertiary", key=f"{key}-open-{turn}")
        with popover, st.container(width=FORM_PX):
            keep = partial(
                corrections.correct,
                data_root(),
                crop,
                source=source,
                probabilities=probabilities,
                model=model,
                timestamp_s=timestamp_s,
                track=track,
            )
            _draw_form(keep, EMOTIONS[int(np.argmax(probabilities))], f"{key}-{turn}")


def _draw_form(keep: Callable[..., Correction], shown: str, key: str) -> None:
    right = st.pills(f"The model says {shown}. What is right?", EMOTIONS, wrap=True, key=f"{key}-right")
    st.text_input(
        "Why may this face be used?",
        placeholder="it is me; she agreed on 3 May; …",
        help="A note for yourself, kept with the face. Ask people before you train with their faces.",
        key=f"{key}-consent",
    )
    st.button(
        "Keep the correction",
        type="primary",
        disabled=right is None,
        key=f"{key}-keep",
        on_click=_keep,
        args=(keep, key),
    )
    st.caption(KEPT)


def _draw_kept(kept: Correction, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/check: Corrected to **{kept.new_label}**", width="content")
        st.button(
            "Undo", type="tertiary", icon=":material/undo:", key=f"{key}-undo", on_click=_undo, args=(kept.id, key)
        )


def _keep(keep: Callable[..., Correction], key: str) -> None:
    # As a callback, so that the card is drawn with the answer already kept, whether it alone is drawn or the page.
    with shared.calm_errors():
        keep(new_label=st.session_state[f"{key}-right"], consent=st.session_state[f"{key}-consent"])
        st.session_state[f"{key}-changed"] = True


def _undo(correction_id: str, key: str) -> None:
    with shared.calm_errors():
        corrections.remove_correction(data_root(), correction_id)
    st.session_state[f"{key}-changed"] = True
    # Fresh widgets: the form opens as it was at first, not with the answer that was just taken back.
    st.session_state[f"{key}-turn"] = st.session_state.get(f"{key}-turn", 0) + 1


def faces_of(root: Path, kept: list[Correction]) -> np.ndarray:
    """uint8 (N, 48, 48): the corrected faces. Raises DatasetError when one is missing."""
    return np.stack([corrections.face_of(root, correction) for correction in kept])
