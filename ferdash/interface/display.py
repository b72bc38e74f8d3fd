"""HTML for notebooks: pictures with boxes, bars of probabilities, tables.

Colours are written into it, as a notebook has none of ours, and text takes the notebook's own colour, light or dark.
"""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.inference.photos import ClassifiedFace
from ferdash.wording import percent

if TYPE_CHECKING:
    import pandas as pd

HATCHED = "repeating-linear-gradient(45deg,currentColor 0 1.5px,transparent 1.5px 4px)"
"""Of the bars of a face whose emotion is not named."""


def row(*columns: str) -> str:
    """Blocks side by side, below each other where there is no room."""
    inside = "".join(f"<div>{column}</div>" for column in columns)
    return f'<div style="display:flex;flex-wrap:wrap;gap:1.2em;align-items:flex-start">{inside}</div>'


def picture(image_rgb: np.ndarray, *, alt: str, width: int | None = None) -> str:
    """A uint8 RGB picture as part of the page."""
    buffer = io.BytesIO()
    Image.fromarray(image_rgb).save(buffer, "JPEG", quality=88)
    return _image(buffer.getvalue(), "image/jpeg", alt, width)


def png(content: bytes, *, alt: str) -> str:
    """A PNG file as part of the page."""
    return _image(content, "image/png", alt, None)


def bars(face: ClassifiedFace, threshold: float) -> str:
    """A face's seven probabilities, the top one bold; hatched where that is below `threshold`."""
    lines, uncertain = [], face.uncertain(threshold)
    for place, emotion in enumerate(EMOTIONS):
        share = float(face.probabilities[place])
        colour = HATCHED if uncertain else COLOURS[emotion]
        weight = "bold" if place == int(face.probabilities.argmax()) else "normal"
        lines.append(
            f'<tr style="background:none;font-weight:{weight}"><td style="text-align:left">{emotion}</td>'
            f'<td style="width:10em"><div style="background:{colour};height:0.7em;width:{100 * share:.1f}%;'
            f'min-width:1px;border-radius:2px"></div></td><td style="text-align:right">{percent(share)}</td></tr>'
        )
    said = f"{face.emotion}?" if uncertain else face.emotion
    title = f"<b>{face.number} {said}</b>"
    if face.reasons:
        title += f"<br><small>Hard to read: {escape(', '.join(face.reasons))}.</small>"
    return f'{title}<table style="border:none">{"".join(lines)}</table>'


def table(frame: "pd.DataFrame", sentences: Sequence[str] = ()) -> str:
    """Sentences, and a table under them."""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return str(said + frame.to_html(max_rows=30, na_rep="", border=0, escape=True))


def _image(content: bytes, kind: str, alt: str, width: int | None) -> str:
    data = base64.b64encode(content).decode()
    size = f"width:{width}px;" if width else ""
    return f'<img alt="{escape(alt, quote=True)}" style="{size}max-width:100%" src="data:{kind};base64,{data}">'
