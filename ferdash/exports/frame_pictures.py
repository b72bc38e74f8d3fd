"""Single frames of analyses as small pictures, quickly enough to step and scrub through them.

A video can only be read forward from its nearest key frame, so that frames are decoded in blocks and kept: the next
steps in either direction are there already.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from ferdash.analyses.store import Analysis, open_analysis
from ferdash.errors import AnalysisError
from ferdash.exports.files import made_film
from ferdash.video.decoding import read_frames
from ferdash.video.frame_table import boxes_of
from ferdash.video.overlay import draw_frame

BLOCK = 16
LONGEST_SIDE = 1280
FACE_PX, AROUND = 96, 1.3
KEPT_BYTES = 96 * 2**20
QUALITY = 88


@dataclass(frozen=True)
class Picture:
    """uint8 RGB, upright, no larger than LONGEST_SIDE. scale: its pixels for one of the analysed frame."""

    image_rgb: np.ndarray
    scale: float


@dataclass
class FramePictures:
    """Frames as they are shown, kept as JPEG up to `most_bytes`; what was not asked for longest is let go first. May be
    used by several threads."""

    most_bytes: int = KEPT_BYTES
    _kept: "OrderedDict[tuple[Path, int], tuple[bytes, float]]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _bytes: int = 0

    def picture(self, analysis: Analysis, frame: int) -> Picture:
        """A frame. Raises as Analysis.image does."""
        key = (analysis.folder, frame)
        # One decodes at a time: two that want frames of one block would do the same work.
        with self._lock:
            if key not in self._kept:
                self._read_block(analysis, frame)
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
        if found is None:
            return _small(analysis.image(frame))  # which says why there is none
        return Picture(np.asarray(cv2.imdecode(np.frombuffer(found[0], np.uint8), cv2.IMREAD_COLOR_RGB)), found[1])

    def _read_block(self, analysis: Analysis, frame: int) -> None:
        if analysis.kind == "sequence":
            self._keep(analysis, frame, analysis.image(frame))
            return
        first = frame // BLOCK * BLOCK
        for one in read_frames(analysis.video_file(), first=first, fps=analysis.record["settings"].get("fps")):
            if one.index >= first + BLOCK:
                break
            if one.image_rgb is not None:
                self._keep(analysis, one.index, one.image_rgb)

    def _keep(self, analysis: Analysis, frame: int, image_rgb: np.ndarray) -> None:
        small = _small(image_rgb)
        encoded = _jpeg(small.image_rgb)
        self._bytes += len(encoded) - len(self._kept.pop((analysis.folder, frame), (b"", 0.0))[0])
        self._kept[analysis.folder, frame] = (encoded, small.scale)
        while self._bytes > self.most_bytes and len(self._kept) > BLOCK:
            self._bytes -= len(self._kept.popitem(last=False)[1][0])


PICTURES = FramePictures()
"""Of this process: all pages and visitors share it."""


def frame_jpeg(root: Path, analysis_id: str, frame: int, *, person: int | None = None, face: bool = False) -> bytes:
    """A frame of an analysis with its boxes drawn in, as JPEG. person: drawn boldly. face: instead, that person's face
    with a little around it, FACE_PX wide, without boxes.

    Raises AnalysisError, VideoError or ImageError where there is none.
    """
    analysis = open_analysis(root, analysis_id)
    parts = analysis.parts()
    rows = _rows(analysis.folder, len(parts), max((part.stat().st_mtime_ns for part in parts), default=0))
    here = rows.get(frame)
    if here is None:
        raise AnalysisError(f"Frame {frame} of {analysis.name} was not analysed.")
    picture = PICTURES.picture(analysis, frame)
    if not face:
        return _jpeg(draw_frame(picture.image_rgb, here, scale=picture.scale, only=person))
    mine = here[(here["track"] == person).fillna(False)]
    if not len(mine):
        raise AnalysisError(f"Person {person} is not seen in frame {frame} of {analysis.name}.")
    return _jpeg(_around(picture.image_rgb, boxes_of(mine)[0] * picture.scale))


def film_of(root: Path, analysis_id: str) -> Path:
    """The annotated video of an analysis. Raises AnalysisError where it was not made yet."""
    analysis = open_analysis(root, analysis_id)
    made = made_film(analysis)
    if made is None:
        raise AnalysisError(f"The annotated video of {analysis.name} is not made yet.")
    return made


@lru_cache(maxsize=8)
def _rows(folder: Path, parts: int, changed_ns: int) -> dict[int, pd.DataFrame]:
    """The rows of each frame; the rest of the key changes when there are more."""
    del parts, changed_ns
    table = open_analysis(folder.parent, folder.name).frames()
    return {int(frame): rows for frame, rows in table.groupby("frame")}


def _small(image_rgb: np.ndarray) -> Picture:
    height, width = image_rgb.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    if scale == 1.0:
        return Picture(image_rgb, scale)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Picture(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), scale)


def _around(image_rgb: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The box and a little around it as a square, uint8 RGB; beyond the picture its edge goes on."""
    x0, y0, x1, y1 = box.tolist()
    side = AROUND * max(x1 - x0, y1 - y0, 1.0)
    zoom, left, top = FACE_PX / side, (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    matrix = np.array([[zoom, 0.0, -zoom * left], [0.0, zoom, -zoom * top]])
    found: np.ndarray = cv2.warpAffine(
        image_rgb, matrix, (FACE_PX, FACE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return found


def _jpeg(image_rgb: np.ndarray) -> bytes:
    quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return cv2.imencode(".jpg", np.ascontiguousarray(image_rgb[:, :, ::-1]), quality)[1].tobytes()
