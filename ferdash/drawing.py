"""Labels on pictures, wherever ferdash draws them: a strip in a colour with words that can be read on it."""

import cv2
import numpy as np

UNCERTAIN_COLOUR = "#2B2E35"
"""Of a face whose emotion is not named: nearly black, as none of the seven is."""

FONT = cv2.FONT_HERSHEY_SIMPLEX


def rgb(colour: str) -> tuple[int, int, int]:
    """The channels of a colour as COLOURS has it.

    >>> rgb("#8A8F98")
    (138, 143, 152)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour as COLOURS has it: at least 4.5 to 1, by WCAG 2.2's contrast.

    >>> ink_on("#E69F00"), ink_on("#0072B2")
    ('#000000', '#FFFFFF')
    """
    shares = [channel / 255 for channel in rgb(colour)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#FFFFFF"


def draw_label(
    canvas: np.ndarray,
    text: str,
    corner: tuple[int, int],
    colour: tuple[int, int, int],
    *,
    size: float,
    pad: int,
    under: int | None = None,
) -> None:
    """Write into a uint8 RGB picture, on a filled strip above `corner` (x, y), or from `under` (y, that of the corner
    unless given) on where there is no room, and moved so that it stays inside.

    size: of the font, as OpenCV counts it. pad: pixels around the words.
    """
    height, width = canvas.shape[:2]
    thickness = max(1, pad // 2)
    (text_width, text_height), baseline = cv2.getTextSize(text, FONT, size, thickness)
    strip = text_height + baseline + pad
    x = min(corner[0], max(0, width - text_width - 2 * pad))
    below = corner[1] if under is None else under
    y = corner[1] - strip if corner[1] >= strip else max(0, min(below, height - strip))
    cv2.rectangle(canvas, (x, y), (x + text_width + 2 * pad, y + strip), colour, cv2.FILLED)
    # White or black, whichever reads better on the strip.
    ink = (0, 0, 0) if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140 else (255, 255, 255)
    cv2.putText(canvas, text, (x + pad, y + text_height + pad // 2 + 1), FONT, size, ink, thickness, cv2.LINE_AA)
