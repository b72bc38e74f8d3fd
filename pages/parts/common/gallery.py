"""A grid of small faces as one picture behind real buttons: quick to draw, reachable by keyboard, read out by name."""

import math
from dataclasses import asdict, dataclass

import numpy as np
import streamlit as st

from ferdash.plots.mosaic import mosaic, picture_url

SPRITE_COLUMNS = 20

_HTML = '<div class="faces"></div>'

_CSS = """
.faces { display: flex; flex-wrap: wrap; gap: 12px; }
.faces.single { display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--tile), 1fr)); gap: 10px; }
.group { display: flex; gap: 6px; padding: 6px; border-radius: 10px; border: 1px solid var(--st-border-color); }
.single .group { display: contents; }
.faces:not(.single) button { width: var(--tile); }
button {
  all: unset; box-sizing: border-box; cursor: pointer; border-radius: 8px; overflow: hidden;
  background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color);
  font: 12px/1.35 var(--st-font); color: var(--st-text-color); transition: transform .08s;
}
button:hover { transform: scale(1.04); }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
.face { aspect-ratio: 1; background-repeat: no-repeat; }
.note { opacity: .7; overflow: hidden; text-overflow: ellipsis; }
.name { padding: 3px 7px 4px; border-top: 3px solid; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
"""

_JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  const grid = parentElement.querySelector(".faces");
  grid.style.setProperty("--tile", data.tile_px + "px");
  const across = Math.max(data.columns - 1, 1), down = Math.max(data.rows - 1, 1);
  grid.classList.toggle("single", data.groups.every((size) => size === 1));
  const buttons = data.tiles.map((tile, place) => {
    const button = document.createElement("button");
    const face = document.createElement("div");
    const name = document.createElement("div");
    face.className = "face";
    face.style.backgroundImage = `url(${data.sprite})`;
    face.style.backgroundSize = `${data.columns * 100}% ${data.rows * 100}%`;
    const column = place % data.columns, row = Math.floor(place / data.columns);
    face.style.backgroundPosition = `${column / across * 100}% ${row / down * 100}%`;
    name.className = "name";
    name.textContent = tile.name;
    name.style.borderColor = tile.dashed ? "currentColor" : tile.colour;
    if (tile.dashed) name.style.borderTopStyle = "dashed";
    if (tile.note) {
      const note = document.createElement("div");
      note.className = "note";
      note.textContent = tile.note;
      name.append(note);
    }
    button.title = tile.detail;
    button.setAttribute("aria-label", `${tile.name}, ${tile.detail}`);
    button.append(face, name);
    button.onclick = () => setTriggerValue("clicked", place);
    return button;
  });
  grid.replaceChildren(...data.groups.map((size) => {
    const group = document.createElement("div");
    group.className = "group";
    group.append(...buttons.splice(0, size));
    return group;
  }));
}
"""

_component = st.components.v2.component("ferdash.gallery", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class Tile:
    """What stands under a face, on one line or two, what is said of it on hovering and to a screen reader, and the
    colour of its line, which may be dashed."""

    name: str
    detail: str
    colour: str
    note: str = ""
    dashed: bool = False


def gallery(
    faces: np.ndarray, tiles: list[Tile], *, key: str, groups: list[int] | None = None, tile_px: int = 84
) -> int | None:
    """Draw uint8 (N, H, W) faces with their tiles; the place of the one just clicked, or None.

    groups: how many faces in a row belong together, one number a group; None when each stands alone.
    """
    columns = min(SPRITE_COLUMNS, len(faces))
    data = {
        "sprite": picture_url(mosaic(faces, columns)),
        "columns": columns,
        "rows": math.ceil(len(faces) / columns),
        "tile_px": tile_px,
        "groups": groups or [1] * len(tiles),
        "tiles": [asdict(tile) for tile in tiles],
    }
    found: int | None = _component(data=data, key=key, on_clicked_change=lambda: None).clicked
    return found
