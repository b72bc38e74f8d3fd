"""The card of one face: the crop as the model sees it, the emotion in words, and seven bars."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.common.keys import keys_of

from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.plots.mosaic import picture_url
from ferdash.wording import percent

if TYPE_CHECKING:
    from ferdash.inference.photos import ClassifiedFace

keyed = keys_of("face-card")
"""Makes the key of a container that holds a card: the style lets such containers share the width there is."""

# `currentColor` follows the light and the dark theme without asking which one is on.
STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .stVerticalBlock[class*="st-key-face-card-"]) { flex: 1 1 330px !important; }
.fer-card { display: grid; grid-template-columns: 104px 1fr; gap: 14px; align-items: start; }
.fer-card img { width: 104px; height: 104px; image-rendering: pixelated; border-radius: 8px; display: block; }
.fer-card figcaption { font-size: 11px; opacity: .7; margin-top: 4px; line-height: 1.3; }
.fer-card figure { margin: 0; }
.fer-title { font-weight: 600; font-size: 16px; margin: 0 0 6px; }
.fer-title small { font-weight: 400; font-size: 13px; opacity: .75; }
.fer-why { font-size: 13px; margin: 0 0 6px; line-height: 1.35; }
.fer-unsure { color: color-mix(in srgb, currentColor 60%, transparent); }
.fer-bars { display: grid; grid-template-columns: 60px 1fr 54px; gap: 3px 8px; align-items: center; font-size: 13px; }
.fer-track { height: 9px; border-radius: 5px; background: color-mix(in srgb, currentColor 9%, transparent); }
.fer-fill { height: 100%; border-radius: 5px; min-width: 2px; }
.fer-share { text-align: right; font-variant-numeric: tabular-nums; }
.fer-top { font-weight: 600; }
</style>"""


def card(face: "ClassifiedFace", *, note: str, threshold: float) -> str:
    """HTML of one card; `note` stands under the crop. threshold: a top probability below it names no emotion."""
    top = int(face.probabilities.argmax())
    title = f'<p class="fer-title">{face.number} · {face.emotion}</p>'
    uncertain = face.uncertain(threshold)
    if uncertain:
        title = (
            f'<p class="fer-title fer-unsure">{face.number} · uncertain <small>(most likely {face.emotion})</small></p>'
        )
    shares = bars(face.probabilities, top, sure=not uncertain)
    return (
        f'<article class="fer-card" aria-label="face {face.number}">'
        f'<figure><img src="{picture_url(face.crop)}" alt="face {face.number} as the model sees it">'
        f"<figcaption>{escape(note)}</figcaption></figure>"
        f'<div>{title}{_reasons(face)}<div class="fer-bars">{shares}</div></div>'
        "</article>"
    )


def _reasons(face: "ClassifiedFace") -> str:
    """Why the face may be hard to read, as a line of HTML; nothing where nothing speaks against it."""
    if not face.reasons:
        return ""
    return f'<p class="fer-why">Hard to read: {escape(", ".join(face.reasons))}.</p>'


def draw(card: str) -> None:
    """Draw one card where the page is."""
    st.html(STYLE + card)


def bars(probabilities: np.ndarray, top: int, *, sure: bool) -> str:
    """HTML of seven bars for a `fer-bars` grid, the top one bold; grey where the face is not sure."""
    rows = []
    for place, emotion in enumerate(EMOTIONS):
        share = float(probabilities[place])
        colour = COLOURS[emotion] if sure else COLOURS["neutral"]
        mark = " fer-top" if place == top else ""
        rows.append(
            f'<span class="fer-name{mark}">{emotion}</span>'
            f'<span class="fer-track" aria-hidden="true"><span class="fer-fill" style="display:block;width:{share:.1%};'
            f'background:{colour}"></span></span>'
            f'<span class="fer-share{mark}">{percent(share)}</span>'
        )
    return "".join(rows)
