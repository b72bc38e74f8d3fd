"""The analysed video with its boxes and emotions drawn in, as H.264 that every browser plays.

Each frame keeps its own presentation time, so that a video of variable frame rate stays one, and a place in the
annotated video is the same place in the tables and subtitles: both count from the first frame of the source.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
import pandas as pd

from ferdash.analyses.store import Analysis
from ferdash.errors import AnalysisError, ImageError
from ferdash.leftovers import unfinished
from ferdash.video.anonymise import FaceCover
from ferdash.video.decoding import VideoFrame, read_frames
from ferdash.video.overlay import draw_frame

CLOCK = 90_000
"""Ticks a second, as everywhere in video."""

LONGEST_SIDE = 1280
_OPTIONS = {"preset": "veryfast", "crf": "21"}


def write_annotated(
    analysis: Analysis,
    frames: pd.DataFrame,
    path: Path,
    *,
    anonymised: bool = False,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> int:
    """Write the analysed part of an analysis's pictures to `path` (.mp4) and return how many frames it has.

    anonymised: cover the faces (see `ferdash.video.anonymise`), boxes and emotions stay.

    Frames between two analysed ones show the boxes of the one before. A damaged frame is left out: the one before
    stays. on_progress is called with frames written and about how many there will be.

    Raises AnalysisError when the pictures are gone or the disk does not take the video, VideoError when they cannot be
    read.
    """
    if frames.empty:
        raise AnalysisError(f"{analysis.name} has no analysed frame yet, so there is no video of it.")
    rows = dict(tuple(frames.groupby("frame")))
    last = int(frames["frame"].max())
    total = last - int(frames["frame"].min()) + 1
    temporary = path.with_name(f"{unfinished(path.stem)}.mp4")
    try:
        cover = FaceCover(frames) if anonymised else None
        written = _encode(_annotated(analysis, rows, last, cover), temporary, total, on_progress)
        if not written:
            raise AnalysisError(f"None of the frames of {analysis.name} can be read any more.")
        temporary.replace(path)
    except (OSError, av.error.FFmpegError) as error:
        raise AnalysisError(f"The annotated video cannot be written to {path} ({error}).") from error
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _annotated(
    analysis: Analysis, rows: dict[int, pd.DataFrame], last: int, cover: FaceCover | None
) -> Iterator[tuple[float, np.ndarray]]:
    """Time and picture of each frame of the analysed part, boxes drawn in, no larger than LONGEST_SIDE."""
    shown: pd.DataFrame | None = None
    for frame in _pictures(analysis, rows):
        if frame.index > last:
            return
        shown = rows.get(frame.index, shown)
        if shown is None or frame.image_rgb is None:
            continue
        scale = min(1.0, LONGEST_SIDE / max(frame.image_rgb.shape[:2]))
        image = frame.image_rgb
        if scale < 1:
            size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        if cover is not None:
            image = cover(image, frame.timestamp_s, scale)
        yield frame.timestamp_s, draw_frame(image, shown, scale=scale)


def _pictures(analysis: Analysis, rows: dict[int, pd.DataFrame]) -> Iterator[VideoFrame]:
    if analysis.kind == "sequence":
        for number, table in rows.items():
            try:
                image: np.ndarray | None = analysis.image(number)
            except ImageError:
                image = None
            yield VideoFrame(number, float(table["timestamp_s"].iloc[0]), image)
        return
    source = analysis.video_file(thorough=True)
    yield from read_frames(source, first=min(rows), fps=analysis.record["settings"].get("fps"))


def _encode(
    pictures: Iterator[tuple[float, np.ndarray]], path: Path, total: int, on_progress: Callable[[int, int], object]
) -> int:
    written, ticks, step = 0, -1, CLOCK // 25
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=30, options=_OPTIONS)
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK)
        size = (0, 0)
        for timestamp_s, image in pictures:
            if not written:
                # H.264 halves the colours' resolution, so both sides are even; photos of other shapes are fitted in.
                size = (max(2, image.shape[1] // 2 * 2), max(2, image.shape[0] // 2 * 2))
                stream.width, stream.height = size
            before = ticks
            ticks = max(round(timestamp_s * CLOCK), ticks + 1)
            step = ticks - before if written else step
            picture = av.VideoFrame.from_ndarray(_fitted(image, size), format="rgb24")
            picture.pts, picture.time_base = ticks, Fraction(1, CLOCK)
            container.mux(stream.encode(picture))
            written += 1
            on_progress(written, total)
        if written:
            _hold_last(container, stream, ticks, step)
    return written


def _hold_last(container: av.container.OutputContainer, stream: av.VideoStream, ticks: int, step: int) -> None:
    """Write what the encoder still holds; the last frame lasts as long as the one before it."""
    packets = stream.encode(None)
    for packet in packets:
        if packet.pts == ticks:
            packet.duration = step
    container.mux(packets)


def _fitted(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture on a black ground of that width and height, not distorted by more than a pixel."""
    width, height = size
    if abs(image.shape[1] - width) <= 1 and abs(image.shape[0] - height) <= 1:
        return np.ascontiguousarray(image[:height, :width])
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    resized = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    canvas[top : top + inner[1], left : left + inner[0]] = resized
    return canvas
