"""The Explain button of a face card, and the heat maps behind it."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of

if TYPE_CHECKING:
    from ferdash.inference.photos import ClassifiedFace

keyed = keys_of("explanation")

PICTURE_PX = 140


@dataclass(frozen=True)
class Explained:
    """A heat map over a face, uint8 RGB, and what it says."""

    picture: np.ndarray
    sentence: str


@st.fragment
def draw(face: "ClassifiedFace", reference: str, place: str, title: str = "") -> None:
    """The button of one face and, once it was pressed, its heat maps. place: differs for every card on the page; only
    this card is drawn again when its button is pressed. title: of the model, where a card has several."""
    digest = blake2b(face.crop.tobytes(), digest_size=6).hexdigest()
    key = keyed(f"{place}-{face.number}-{digest}-{reference}")
    shown = st.session_state.get(f"{key}-shown", False)
    label = f"Hide the explanation{title}" if shown else f"Explain{title}"
    st.button(label, key=key, type="tertiary", icon=":material/visibility:", on_click=_turn, args=(f"{key}-shown",))
    if not shown:
        return
    with shared.calm_errors():
        maps = _explain(face.crop, reference, shared.model_stamp(reference), face.emotion)
        with st.container(horizontal=True, gap="small"):
            for one in maps:
                with st.container(width=PICTURE_PX, gap="xsmall"):
                    st.image(one.picture, width=PICTURE_PX, output_format="PNG", alt=one.sentence)
                    st.caption(one.sentence)
        st.caption("This is what the model reacts to, which need not be what a person would look at.")


def _turn(key: str) -> None:
    st.session_state[key] = not st.session_state.get(key, False)


def forget() -> None:
    """Let go of every explained face of this tab."""
    _explain.clear()


@st.cache_data(max_entries=256, show_spinner="Covering the face part by part …", scope="session")
def _explain(crop: np.ndarray, reference: str, stamp: int, emotion: str) -> list[Explained]:
    del stamp  # part of the key: another model may have taken this one's place
    model = shared.model(reference)
    in_torch = shared.model_in_torch(reference)
    from ferdash.inference.explain import grad_cam, has_feature_maps, occlusion_map
    from ferdash.plots.errors import explanation_overlay

    fall = occlusion_map(model, crop, emotion)
    sentence = f"Covering the bright part lowers “{emotion}” by up to {100 * fall.max():.1f} points."
    if not fall.any():
        sentence = f"No part is needed: whichever is covered, “{emotion}” does not fall."
    maps = [Explained(explanation_overlay(crop, fall), sentence)]
    if has_feature_maps(in_torch):
        heat = grad_cam(in_torch, crop, emotion)
        words = f"Where its last features speak for “{emotion}” (Grad-CAM)."
        maps.append(Explained(explanation_overlay(crop, heat), words))
    return maps
