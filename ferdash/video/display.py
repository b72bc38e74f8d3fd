"""A decoded frame as it is meant to be seen: mirrored and turned as the file says, with square pixels, in RGB."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter

_HDR = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of ITU-T H.273 that need another screen than the usual one."""


@dataclass(frozen=True)
class Orientation:
    """How the stored picture comes to stand upright: mirrored left to right where `mirrored`, and after that turned by
    `turns` quarters counterclockwise. Together these are all eight ways in which a picture can be laid down."""

    turns: int = 0
    mirrored: bool = False

    def upright(self, image: np.ndarray) -> np.ndarray:
        """The picture (H, W, C) as it is meant to be seen, contiguous."""
        seen = image[:, ::-1] if self.mirrored else image
        return np.ascontiguousarray(np.rot90(seen, self.turns))


def orientation_of(frame: Any) -> Orientation:
    """The orientation that the frame's display matrix asks for; whatever is no quarter turn goes to the nearest.

    The matrix maps a stored point (x, y), y down, to (a x + c y, b x + d y) and is written a b u, c d v, x y w (ISO/IEC
    14496-12, 6.2.2).
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation()
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):  # x and y change places; then c says where the columns go, b the rows
        turns, mirrored = {(False, True): (1, False), (True, False): (3, False), (False, False): (1, True)}.get(
            (c < 0, b < 0), (3, True)
        )
    else:
        turns, mirrored = {(True, True): (2, False), (True, False): (0, True), (False, True): (2, True)}.get(
            (a < 0, d < 0), (0, False)
        )
    return Orientation(turns, mirrored)


def display_size(frame: Any, stream: Any) -> tuple[int, int]:
    """Width and height of a frame before it is turned, with pixels made square."""
    ratio = float(stream.sample_aspect_ratio or 1)
    return (round(frame.width * ratio) if 0.1 < ratio < 10 else frame.width), frame.height


class RgbConverter:
    """Decoded frames of one stream as pictures. Not for several threads at once.

    One converter serves all frames, in the thread that asks: FFmpeg otherwise sets up a new one for each frame, with
    threads of its own, which takes longer than the conversion.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def as_stored(self, frame: Any, width: int | None = None, height: int | None = None) -> np.ndarray:
        """uint8 RGB (H, W, 3), scaled to a width and height where they are given."""
        converted = self._reformatter.reformat(frame, width=width, height=height, format="rgb24", threads=1)
        found: np.ndarray = converted.to_ndarray()
        return found

    def upright(self, frame: Any, stream: Any) -> np.ndarray:
        """The picture as it is meant to be seen, uint8 RGB and contiguous."""
        return orientation_of(frame).upright(self.as_stored(frame, *display_size(frame, stream)))


def hdr_of(frame: Any) -> str:
    """PQ or HLG where the picture is of high dynamic range, else empty."""
    return _HDR.get(int(frame.color_trc), "")
