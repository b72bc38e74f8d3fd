"""The card of one face: the crop as the models see it, the emotion in words, and seven bars, paired for two models."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.common.keys import keys_of

from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.inference.verdicts import disagreement
from ferdash.plots.mosaic import picture_url
from ferdash.wording import percent

if TYPE_CHECKING:
    from ferdash.inference.photos import ClassifiedFace

keyed = keys_of("face-card")

# `currentColor` follows the light and the dark theme without asking which one is on.
STYLE = """<style>
.fer-card { container-type: inline-size; }
.fer-grid { display: grid; grid-template-columns: 104px minmax(0, 1fr); gap: 14px; align-items: start; }
.fer-card img { width: 100%; aspect-ratio: 1; image-rendering: pixelated; border-radius: 8px; display: block; }
.fer-card figcaption { font-size: 12px; opacity: .8; margin-top: 4px; line-height: 1.3; }
.fer-card figure { margin: 0; }
.fer-title { font-weight: 600; font-size: 16px; margin: 0 0 6px; line-height: 1.25; }
.fer-title small { font-weight: 400; font-size: 13px; opacity: .85; }
.fer-why { font-size: 13px; margin: 0 0 6px; line-height: 1.35; }
.fer-bars { display: grid; grid-template-columns: 60px 1fr 54px; gap: 3px 8px; align-items: center; font-size: 13px; }
.fer-bars.fer-pairs { grid-template-columns: 60px 1fr 82px 46px; gap: 5px 8px; }
.fer-track { height: 9px; border-radius: 5px; background: color-mix(in srgb, currentColor 9%, transparent); }
.fer-pairs .fer-track { height: 7px; } .fer-pairs .fer-track + .fer-track { margin-top: 2px; }
.fer-fill { display: block; height: 100%; border-radius: 5px; min-width: 2px; box-sizing: border-box; }
.fer-hatched { opacity: .75; background: repeating-linear-gradient(45deg, currentColor 0 1.5px, transparent 0 4px); }
@container (max-width: 330px) {
  .fer-grid { grid-template-columns: 68px minmax(0, 1fr); gap: 10px; }
  .fer-bars.fer-pairs { grid-template-columns: 56px 1fr 46px; } .fer-both { display: none; }
}
.fer-share { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.fer-top { font-weight: 600; }
.fer-question { display: inline-block; width: 17px; height: 17px; line-height: 14px; text-align: center;
  font-size: 12px; border: 1.5px dashed currentColor; border-radius: 50%; box-sizing: border-box; margin-right: 4px; }
</style>"""

OUTLINED = "background:transparent;border:1.5px solid "


def card(face: "ClassifiedFace", *, note: str, threshold: float) -> str:
    """HTML of one card; `note` stands under the crop. threshold: a top probability below it names no emotion."""
    top = int(face.probabilities.argmax())
    uncertain = face.uncertain(threshold)
    title = f'<p class="fer-title">{face.number} · {_said(face, threshold)}</p>'
    shares = bars(face.probabilities, top, sure=not uncertain)
    inside = f'{title}{_close_call(face, uncertain)}{_reasons(face)}<div class="fer-bars">{shares}</div>'
    return _around(face, note, inside)


def pair_card(one: "ClassifiedFace", other: "ClassifiedFace", *, note: str, threshold: float) -> str:
    """HTML of one card for the same face as two models see it: for each emotion a full bar for the first model, an
    outlined one for the second, and by how many points the second differs; the largest difference is bold."""
    differences = other.probabilities.astype(np.float64) - one.probabilities
    most = int(np.abs(differences).argmax())
    rows = []
    for place, emotion in enumerate(EMOTIONS):
        shares = [float(face.probabilities[place]) for face in (one, other)]
        styles = [f"background:{COLOURS[emotion]}", OUTLINED + COLOURS[emotion]]
        tracks = "".join(_track(share, style=style) for share, style in zip(shares, styles, strict=True))
        mark = " fer-top" if place == most else ""
        rows.append(
            f'<span class="fer-name{mark}">{emotion}</span><span aria-hidden="true">{tracks}</span>'
            f'<span class="fer-share fer-both">{100 * shares[0]:.1f} · {100 * shares[1]:.1f}</span>'
            f'<span class="fer-share{mark}">{100 * differences[place]:+.1f}</span>'
        )
    said = [_said(face, threshold) for face in (one, other)]
    same = one.verdict(threshold) == other.verdict(threshold)
    title = f'<p class="fer-title">{one.number} · {said[0] if same else " | ".join(said)}</p>'
    apart = f'<p class="fer-why">{percent(disagreement(one.probabilities, other.probabilities))} apart</p>'
    inside = f'{title}{apart}{_reasons(one)}<div class="fer-bars fer-pairs">{"".join(rows)}</div>'
    return _around(one, note, inside)


def _around(face: "ClassifiedFace", note: str, inside: str) -> str:
    return (
        f'<article class="fer-card" aria-label="face {face.number}"><div class="fer-grid">'
        f'<figure><img src="{picture_url(face.crop)}" alt="face {face.number} as the model sees it">'
        f"<figcaption>{escape(note)}</figcaption></figure><div>{inside}</div></div></article>"
    )


def _said(face: "ClassifiedFace", threshold: float) -> str:
    """The emotion; where it is uncertain, that and the most likely one."""
    if not face.uncertain(threshold):
        return face.emotion
    sign = '<span class="fer-question" aria-hidden="true">?</span>'
    return f"{sign}uncertain <small>(most likely {face.emotion})</small>"


def _close_call(face: "ClassifiedFace", uncertain: bool) -> str:
    """Which emotion is nearly as probable as the named one, as a line of HTML; nothing where none is."""
    if uncertain or face.close_to is None:
        return ""
    second = float(face.probabilities[EMOTIONS.index(face.close_to)])
    return (
        f'<p class="fer-why">A close call: {percent(face.probability)} against {percent(second)} {face.close_to}.</p>'
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
    """HTML of seven bars for a `fer-bars` grid, the top one bold; hatched where the face is not sure."""
    rows = []
    for place, emotion in enumerate(EMOTIONS):
        share = float(probabilities[place])
        mark = " fer-top" if place == top else ""
        track = _track(share, style=f"background:{COLOURS[emotion]}") if sure else _track(share, hatched=True)
        rows.append(
            f'<span class="fer-name{mark}">{emotion}</span>{track}<span class="fer-share{mark}">{percent(share)}</span>'
        )
    return "".join(rows)


def _track(share: float, *, style: str = "", hatched: bool = False) -> str:
    looks = "fer-fill fer-hatched" if hatched else "fer-fill"
    return (
        f'<span class="fer-track" style="display:block" aria-hidden="true">'
        f'<span class="{looks}" style="width:{share:.1%};{style}"></span></span>'
    )
