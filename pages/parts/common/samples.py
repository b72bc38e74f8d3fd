"""Two pictures that anybody may try, to click: a photograph in the public domain, and faces that ferdash draws."""

from collections.abc import Callable

import cv2
import numpy as np
import streamlit as st

from pages.parts.common import uploads

from ferdash.data.demo import draw_photo
from ferdash.plots.mosaic import picture_url

THUMB_PX = 168
EMOTIONS_DRAWN, SEED, DRAWN_PX = ["happy", "surprise", "angry"], 10, (960, 480)


def _photograph() -> np.ndarray:
    from ferdash.diagnosis.answers import known_face  # brings what finds faces; the first page should not wait for it

    return known_face()


def _drawn_faces() -> np.ndarray:
    width, height = DRAWN_PX
    return draw_photo(EMOTIONS_DRAWN, np.random.default_rng(SEED), width=width, height=height)


SAMPLES: dict[str, tuple[str, str, Callable[[], np.ndarray]]] = {
    "Eileen Collins.png": ("Try a photo", "Eileen Collins, by NASA, in the public domain", _photograph),
    "drawn faces.png": ("Try drawn faces", "Three faces that ferdash draws itself", _drawn_faces),
}
"""File name -> what stands under the picture, what is said of it, and the uint8 RGB picture."""

_BUTTONS = st.components.v2.component(
    "ferdash.samples",
    html='<div class="samples"></div>',
    css="""
.samples { display: flex; gap: 10px; }
button {
  all: unset; box-sizing: border-box; cursor: pointer; flex: 1 1 0; min-width: 0; overflow: hidden;
  border-radius: 10px; border: 1px solid var(--st-border-color); background: var(--st-secondary-background-color);
  font: 14px/1.3 var(--st-font); color: var(--st-text-color);
}
button:hover { border-color: var(--st-primary-color); }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
img { display: block; width: 100%; height: 80px; object-fit: cover; object-position: 50% 85%; }
span { display: block; padding: 4px 10px 5px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
""",
    js="""
export default function ({ parentElement, data, setTriggerValue }) {
  parentElement.querySelector(".samples").replaceChildren(...data.samples.map((sample) => {
    const button = document.createElement("button"), picture = document.createElement("img");
    const words = document.createElement("span");
    picture.src = sample.picture;
    picture.alt = "";
    words.textContent = sample.words;
    button.title = sample.detail;
    button.setAttribute("aria-label", `${sample.words}: ${sample.detail}`);
    button.append(picture, words);
    button.onclick = () => setTriggerValue("clicked", sample.name);
    return button;
  }));
}
""",
)


@st.cache_data(show_spinner=False)
def _thumbs() -> list[dict[str, str]]:
    made = []
    for name, (words, detail, picture) in SAMPLES.items():
        image = picture()
        height, width = image.shape[:2]
        low = image[: int(width * 0.62) if height == width else height]  # down to the chin
        scale = min(1, 2 * THUMB_PX / width)
        small = cv2.resize(low, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        made.append({"name": name, "words": words, "detail": detail, "picture": picture_url(small)})
    return made


def draw(*, key: str) -> bool:
    """Draw the two pictures as buttons. True when one has just been clicked; it is among the dropped photos then."""
    clicked = _BUTTONS(data={"samples": _thumbs()}, key=key, on_clicked_change=lambda: None).clicked
    if clicked not in SAMPLES:
        return False
    picture = SAMPLES[clicked][2]()
    uploads.add(clicked, cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes())
    return True
