"""Draw docs/images/corruptions.png: one drawn face, made worse in every way and strength.

    python scripts/picture_corruptions.py [TARGET]

The face is drawn by ferdash itself and shows nobody.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ferdash.data.demo import draw_face
from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from ferdash.plots.mosaic import enlarge

TARGET = Path(__file__).parents[1] / "docs" / "images" / "corruptions.png"
SCALE, GAP, HEAD, LABEL = 2, 6, 30, 150
WHITE, INK = 255, 40


def picture() -> Image.Image:
    """A row for each kind, a column for each strength from 0 (as it is) to 5."""
    face = draw_face("happy", np.random.default_rng(12))
    cell = face.shape[0] * SCALE + GAP
    size = (LABEL + cell * (len(STRENGTHS) + 1), HEAD + cell * len(CORRUPTIONS))
    canvas = Image.new("L", size, WHITE)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(16)
    for column in (0, *STRENGTHS):
        centre = LABEL + column * cell + cell // 2
        draw.text((centre, HEAD // 2), str(column), fill=INK, font=font, anchor="mm")
    for row, (kind, corruption) in enumerate(CORRUPTIONS.items()):
        top = HEAD + row * cell
        draw.text((8, top + cell // 2), corruption.title, fill=INK, font=font, anchor="lm")
        for column in (0, *STRENGTHS):
            worse = corrupt(face[None], kind, column)[0]
            canvas.paste(Image.fromarray(enlarge(worse, SCALE)), (LABEL + column * cell, top))
    return canvas


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), np.asarray(picture()), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")
