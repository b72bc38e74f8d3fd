"""A photo with its faces marked, as HTML over the picture: words in the page's own font, sharp at any size.

A label stands above its box, and above the picture where there is no room in it; a picture that is itself one face has
none over it.
"""

import base64
from html import escape
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ferdash.drawing import UNCERTAIN_COLOUR, ink_on
from ferdash.emotions import COLOURS
from ferdash.inference.drawing import UPRIGHT_DEG

if TYPE_CHECKING:
    from ferdash.inference.photos import ClassifiedFace, Photo

SMALL_SIDE, EMBEDDED_SIDE = 64, 720
"""Pixels: pictures up to here are shown enlarged, larger ones than that are embedded reduced."""

TO_LEFT_FROM = 0.7
"""Share of the width from which on a label reaches to the left of its box's right edge."""

NUMBERS_ALONE = 6
"""With more faces than this, labels would stand in each other's way; the cards say the emotions."""

STYLE = """<style>
.fer-photo { position: relative; width: fit-content; max-width: 100%; margin: 24px auto 0; line-height: 0; }
.fer-photo > img { max-width: 100%; max-height: var(--fer-most, 300px); border-radius: 8px; display: block; }
@media (max-width: 640px) { /* so that the bars are there at first sight */
  .fer-photo { margin-top: 16px; }
  .fer-photo > img { max-height: min(var(--fer-most, 300px), 130px); }
}
.fer-photo.fer-small > img { width: 144px; image-rendering: pixelated; }
.fer-photo.fer-small { margin-top: 0; }
.fer-box { position: absolute; border: 2px solid; box-sizing: border-box; border-radius: 4px; }
.fer-box.fer-faint { opacity: .45; }
.fer-box.fer-unsure-box { border-style: dashed; border-color: #fff; outline: 2px dashed #2b2e35; outline-offset: -2px; }
.fer-label { position: absolute; transform: translate(-2px, -100%); white-space: nowrap; padding: 1px 6px 2px;
  font-size: 12px; line-height: 16px; font-weight: 600; border-radius: 4px 4px 4px 0; }
.fer-label.fer-to-left { transform: translate(calc(-100% + 2px), -100%); border-radius: 4px 4px 0 4px; }
</style>"""


def boxed(
    photo: "Photo",
    threshold: float,
    *,
    asked_for: set[int] | None = None,
    most_px: int = 300,
    side: int = EMBEDDED_SIDE,
) -> str:
    """HTML of a photo with each face's box, number and emotion; dashed where that is uncertain. Needs STYLE there.

    asked_for: numbers of the faces that are meant, the others are drawn faintly; None for all. most_px: height that the
    picture has at most. side: longer side, in pixels, that is embedded at most. The photo must have a preview.
    """
    assert photo.preview is not None
    found = ", ".join(f"face {face.number} {face.verdict(threshold)}" for face in photo.faces) or "no face found"
    marks = "".join(
        _mark(face, photo, threshold, faint=asked_for is not None and face.number not in asked_for)
        for face in photo.faces
        if face.face.detector != "whole"
    )
    small = " fer-small" if max(photo.preview.shape[:2]) <= SMALL_SIDE else ""
    return (
        f'<div class="fer-photo{small}" style="--fer-most:{most_px}px"><img src="{_url(photo.preview, side)}" '
        f'alt="{escape(f"{photo.name}: {found}")}">{marks}</div>'
    )


def _mark(face: "ClassifiedFace", photo: "Photo", threshold: float, *, faint: bool) -> str:
    """The box of a face, turned with the head, and its label."""
    width, height = photo.size
    box, uncertain = face.crop_box, face.uncertain(threshold)
    colour = UNCERTAIN_COLOUR if uncertain else COLOURS[face.emotion]
    turn = box.roll_deg if abs(box.roll_deg) >= UPRIGHT_DEG else 0
    x0, y0, x1, y1 = box.xyxy
    if not turn:
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    place = f"left:{x0 / width:.2%};top:{y0 / height:.2%};width:{(x1 - x0) / width:.2%};height:{(y1 - y0) / height:.2%}"
    looks = f"fer-box{' fer-unsure-box' if uncertain else ''}{' fer-faint' if faint else ''}"
    border = "" if uncertain else f";border-color:{colour}"
    square = f'<span class="{looks}" style="{place};transform:rotate({turn:.1f}deg){border}"></span>'
    if faint:
        return square
    left, top = x0, y0
    if turn:
        left, top = (float(value) for value in np.clip(box.corners.min(axis=0), 0, [width, height]))
    words = f"{face.number}{'?' if uncertain else ''}"
    if len(photo.faces) <= NUMBERS_ALONE:
        words = f"{face.number} {face.verdict(threshold)}"
    to_left = left > width * TO_LEFT_FROM
    at = x1 if to_left else left
    look = f"left:{at / width:.2%};top:{top / height:.2%};background:{colour};color:{ink_on(colour)}"
    kind = "fer-label fer-to-left" if to_left else "fer-label"
    return f'{square}<span class="{kind}" aria-hidden="true" style="{look}">{words}</span>'


def still(picture: np.ndarray, alt: str, *, side: int = 1280) -> str:
    """A picture, uint8 RGB or grey, within the page itself. One that the server keeps for the browser, as st.image
    does, may be gone before it is fetched where pictures follow one another fast."""
    rgb = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
    return f'<img src="{_url(rgb, side)}" alt="{escape(alt)}" style="display:block;width:100%;border-radius:.5rem">'


def _url(preview: np.ndarray, side: int) -> str:
    """The picture as it is embedded: no larger than it is shown, without loss where it is small."""
    height, width = preview.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale < 1:
        preview = cv2.resize(preview, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    kind, options = (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 85]) if max(height, width) > SMALL_SIDE else (".png", [])
    encoded = cv2.imencode(kind, preview[:, :, ::-1], options)[1].tobytes()
    return f"data:image/{'jpeg' if options else 'png'};base64,{base64.b64encode(encoded).decode()}"
