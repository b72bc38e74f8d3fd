"""The answers at a glance: how many faces, one bar of what is said of them, and which are shown in which order."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.common.answers import Row, Settings
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.emotions import COLOURS
from ferdash.inference.verdicts import disagreement
from ferdash.wording import counted

if TYPE_CHECKING:
    from ferdash.inference.photos import ClassifiedFace, Photo
    from ferdash.inference.tally import Tally

    Faces = tuple[ClassifiedFace, ...]

keyed = keys_of("predict")

CARDS_UP_TO = 12
"""Faces; more are shown as a grid, unless a person chooses."""

MOST_NAMED = 5
"""Files whose problem is said above the grid."""

NEWEST, NAME, CERTAIN, UNSURE, APART = (
    "Newest first",
    "File name",
    "Most certain first",
    "Least certain first",
    "Most disagreement first",
)
FILTER = keyed("filter")

_BAR = st.components.v2.component(
    "ferdash.tally",
    html='<div class="bar" aria-hidden="true"></div><div class="chips" role="group"></div>',
    css="""
.bar { display: flex; height: 14px; border-radius: 7px; overflow: hidden; gap: 2px; }
.bar div { min-width: 4px; }
.uncertain { background: repeating-linear-gradient(45deg, var(--st-text-color) 0 1.5px, transparent 1.5px 4px); }
.chips { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 8px; }
button {
  all: unset; box-sizing: border-box; cursor: pointer; display: inline-flex; align-items: center; gap: 6px;
  padding: 2px 10px; border-radius: 13px; border: 1px solid var(--st-border-color); min-height: 26px;
  font: 14px/1.3 var(--st-font); color: var(--st-text-color);
}
button:hover { border-color: var(--st-primary-color); }
button[aria-pressed=true] { border-color: var(--st-text-color); box-shadow: inset 0 0 0 1px var(--st-text-color); }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
i { width: 10px; height: 10px; border-radius: 3px; box-sizing: border-box; }
i.uncertain { border: 1px dashed var(--st-text-color); }
""",
    js="""
export default function ({ parentElement, data, setTriggerValue }) {
  const dress = (element, part) => {
    if (part.colour) element.style.background = part.colour;
    else element.className = "uncertain";
    return element;
  };
  parentElement.querySelector(".bar").replaceChildren(...data.parts.map((part) => {
    const piece = dress(document.createElement("div"), part);
    piece.style.flex = `${part.count} 1 0`;
    return piece;
  }));
  const chips = parentElement.querySelector(".chips");
  chips.setAttribute("aria-label", "Show only");
  chips.replaceChildren(...data.parts.map((part) => {
    const button = document.createElement("button");
    button.setAttribute("aria-pressed", part.pressed);
    button.setAttribute("aria-label", `Show only ${part.name}, ${part.count}`);
    button.append(dress(document.createElement("i"), part), `${part.name} ${part.count}`);
    button.onclick = () => setTriggerValue("clicked", part.name);
    return button;
  }));
}
""",
)


@dataclass(frozen=True)
class View:
    """only: verdicts to show, none of them for all. order: one of the five above. grid: small faces, not cards."""

    only: frozenset[str]
    order: str
    grid: bool


def draw(rows: list[Row], settings: Settings) -> View:
    """Say how many faces there are and what is said of them, and what of that is to be seen."""
    from ferdash.inference.tally import tally

    found = tally([row.photo for row in rows], settings.threshold)
    if found.faces < 2:
        st.session_state.pop(FILTER, None)
        st.markdown(_sentence(found))
        return View(frozenset(), NEWEST, grid=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            st.markdown(_sentence(found))
        order = _order(paired=len(settings.models) > 1)
        grid = _grid(found.faces)
    if grid:
        _draw_unreadable([row.photo for row in rows])  # in the other view each has its card
    only = st.session_state.get(FILTER, [])
    parts = [
        {"name": name, "count": number, "colour": COLOURS.get(name, ""), "pressed": name in only}
        for name, number in found.by_verdict.items()
    ]
    _BAR(data={"parts": parts}, key=keyed("tally"), on_clicked_change=_toggle)
    return View(frozenset(only), order, grid)


def _sentence(found: "Tally") -> str:
    parts = [f"**{counted(found.faces, 'face')}** in {counted(found.photos, 'photo')}"]
    parts += [f"{found.uncertain:,} uncertain"] * bool(found.uncertain)
    parts += [counted(found.close, "close call")] * bool(found.close)
    left_out = f"; {counted(found.unreadable, 'file')} could not be read" if found.unreadable else ""
    return f"{', '.join(parts)}{left_out}."


def _draw_unreadable(photos: "list[Photo]") -> None:
    """Which files could not be read, and why."""
    problems = [str(photo.problem) for photo in photos if photo.size == (0, 0)]
    if problems:
        more = [f"{len(problems) - MOST_NAMED:,} more are named in the table below."] * (len(problems) > MOST_NAMED)
        st.warning("  \n".join(map(plain, problems[:MOST_NAMED] + more)), icon=":material/broken_image:")


def _toggle() -> None:
    clicked = st.session_state[keyed("tally")].clicked
    only = st.session_state.get(FILTER, [])
    st.session_state[FILTER] = [name for name in only if name != clicked] if clicked in only else [*only, clicked]


def _order(*, paired: bool) -> str:
    options = [APART] * paired + [NEWEST, NAME, CERTAIN, UNSURE]
    return st.selectbox(
        "Order",
        options,
        key=keyed("pair-order" if paired else "order"),
        bind="query-params",
        label_visibility="collapsed",
        width=210,
    )


def _grid(faces: int) -> bool:
    """Whether faces are shown as a grid: as was chosen, else by their number."""
    key, chosen = keyed("view"), keyed("view-chosen")
    if not st.session_state.get(chosen):
        st.session_state[key] = "Grid" if faces > CARDS_UP_TO else "Cards"
    view = st.segmented_control(
        "Show as",
        ["Cards", "Grid"],
        required=True,
        key=key,
        label_visibility="collapsed",
        on_change=lambda: st.session_state.update({chosen: True}),
    )
    return view == "Grid"


def photos_shown(rows: list[Row], view: View, threshold: float) -> "list[tuple[Row, list[Faces]]]":
    """The photos with their faces that are to be seen, in order; those without a face unless something is asked for."""
    found = [(row, [faces for faces in row.faces if _asked_for(faces, view, threshold)]) for row in rows]
    kept = [(row, faces) for row, faces in found if faces or not view.only]
    if view.order == NAME:
        return sorted(kept, key=lambda one: one[0].photo.name.casefold())
    if view.order == NEWEST:
        return kept
    return sorted(kept, key=lambda one: min((_rank(faces, view.order) for faces in one[1]), default=2.0))


def faces_shown(rows: list[Row], view: View, threshold: float) -> "list[tuple[Row, Faces]]":
    """The same, face by face."""
    found = [(row, one) for row, faces in photos_shown(rows, view, threshold) for one in faces]
    if view.order in (NAME, NEWEST):
        return found
    return sorted(found, key=lambda one: _rank(one[1], view.order))


def _asked_for(faces: "Faces", view: View, threshold: float) -> bool:
    return not view.only or any(face.verdict(threshold) in view.only for face in faces)


def _rank(faces: "Faces", order: str) -> float:
    """Lower comes first; from -1 to 1."""
    if order == APART:
        return -disagreement(faces[0].probabilities, faces[-1].probabilities)
    return faces[0].probability if order == UNSURE else -faces[0].probability
