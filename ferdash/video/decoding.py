"""Videos, frame by frame: real presentation times, upright pictures, damaged frames told apart, memory bounded.

A frame's index is its rank in presentation order, counted from 0 over the whole source, whether or not it can be
decoded; its time is its own presentation time. Both come from the packets, so they are the same when reading from the
start, from the middle, or one frame alone.
"""

import errno
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import chain
from math import floor
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from ferdash.errors import VideoError
from ferdash.video.display import RgbConverter, display_size, hdr_of, orientation_of
from ferdash.video.timeline import SAME_TIME_S, Timeline, read_packets, read_timeline
from ferdash.wording import count

VIDEO_SUFFIXES = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".mpg",
    ".mpeg",
    ".ts",
    ".wmv",
    ".flv",
    ".ogv",
    ".mts",
    ".m2ts",
    ".3gp",
    ".gif",
    ".h264",
    ".264",
    ".hevc",
    ".h265",
)
MAX_SIDE = 8192

# Some formats name other files or addresses (playlists do): none of those, and nothing but the file itself is opened.
_FORMATS = (
    "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,h264,hevc,m4v,mjpeg,mxf,ivf,dv,rm,gif,apng,"
    "mp3,wav,aac,flac,aiff,w64,caf,amr"
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}


@dataclass(frozen=True)
class VideoInfo:
    """What a video is. width, height: of the upright picture. frames, duration_s: of what is there; the duration ends
    with the last frame. mirrored, rotation: the stored picture is mirrored left to right where mirrored, then turned by
    so many degrees counterclockwise, to stand upright. notes: sentences that whoever reads the results should know."""

    name: str
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    rotation: int
    codec: str
    mirrored: bool = False
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """index: rank in presentation order, from 0. image_rgb: uint8 (H, W, 3), upright; None when damaged."""

    index: int
    timestamp_s: float
    image_rgb: np.ndarray | None


def probe(path: Path, *, fps: float | None = None) -> VideoInfo:
    """What a video is, from its packets and its first frame.

    fps: frames a second of a file that holds no times of its own; one that does keeps them.

    Raises VideoError when the file is missing, empty, no video, has sound only, or holds no frame.
    """
    with _open(path) as container:
        stream = _picture_stream(container, path)
        first = _first_frame(container, stream, path)
        width, height = display_size(first, stream)
        if max(width, height) > MAX_SIDE:
            raise VideoError(
                f"{path.name} has pictures of {width} x {height} pixels; ferdash reads up to {count(MAX_SIDE)} a side."
            )
        orientation = orientation_of(first)
        if orientation.turns % 2:
            width, height = height, width
        times = _timeline(path, fps)
        return VideoInfo(
            name=path.name,
            width=width,
            height=height,
            fps=times.fps,
            frames=max(1, times.frames),
            duration_s=times.length_s or 1 / times.fps,
            rotation=90 * orientation.turns,
            codec=stream.codec_context.name,
            mirrored=orientation.mirrored,
            notes=tuple(_notes(times, fps, hdr_of(first))),
        )


def read_frames(
    path: Path,
    *,
    stride: int = 1,
    start_s: float = 0.0,
    end_s: float | None = None,
    first: int = 0,
    fps: float | None = None,
) -> Iterator[VideoFrame]:
    """Every `stride`-th frame (index 0, stride, 2 * stride ...) from `start_s` up to and including `end_s`.

    first: index of the first frame wanted; what lies before is skipped by seeking. fps: as `probe` takes it. A frame
    that cannot be decoded comes with no picture, in its place. One frame is held at a time.

    Raises VideoError as `probe` does.
    """
    with _open(path) as container:
        stream = _picture_stream(container, path)
        times, converter = _timeline(path, fps), RgbConverter()
        if times.usable and start_s > 0:
            first = max(first, times.first_from(start_s))
        for index, timestamp_s, frame in _decoded(container, stream, times, first):
            if end_s is not None and timestamp_s > end_s + SAME_TIME_S:
                return
            if index < first or timestamp_s < start_s - SAME_TIME_S or index % stride:
                continue
            yield VideoFrame(index, timestamp_s, None if frame is None else converter.upright(frame, stream))


def require_frames(path: Path, *, stride: int, start_s: float, end_s: float | None, fps: float | None = None) -> None:
    """Raises VideoError where `read_frames` would give no frame of this part, saying why; and as `probe` does."""
    times = _timeline(path, fps)
    if times.has_frame(stride=stride, start_s=start_s, end_s=end_s):
        return
    require_start(path.name, times.length_s, start_s)
    until = "its end" if end_s is None else f"{end_s:g} s"
    raise VideoError(
        f"{path.name} has no frame to analyse from {start_s:g} s to {until} with a stride of {stride}. Choose a longer "
        "part or a smaller stride."
    )


def require_start(name: str, length_s: float, start_s: float) -> None:
    """Raises VideoError where a part starts when a video of this name and length has ended."""
    if start_s + SAME_TIME_S >= length_s:
        ends_s = floor(10 * (length_s + SAME_TIME_S)) / 10
        raise VideoError(f"{name} ends at {ends_s:.1f} s, before the start at {start_s:g} s. Choose an earlier start.")


def frame_at(path: Path, index: int) -> np.ndarray:
    """uint8 RGB (H, W, 3) of exactly that frame, upright.

    Raises VideoError when there is no such frame or it is damaged, and as `probe` does.
    """
    for frame in read_frames(path, first=index):
        if frame.index == index and frame.image_rgb is not None:
            return frame.image_rgb
        break
    last = _timeline(path).frames - 1
    if index < 0 or index > last:
        raise VideoError(f"{path.name} has no frame {count(index)}; its last is {count(max(last, 0))}.")
    raise VideoError(f"Frame {count(index)} of {path.name} is damaged and cannot be shown.")


def _notes(times: Timeline, fps: float | None, hdr: str) -> Iterator[str]:
    if not times.own_times and fps is None:
        yield (
            f"The file holds no times: {times.fps:g} frames a second is a guess, and every duration follows from it. "
            "If you know the rate, give it (--fps)."
        )
    elif times.own_times and fps is not None:
        yield f"The file holds the time of each frame, so the given rate of {fps:g} frames a second is not used."
    if times.joins_s:
        where = ", ".join(f"{one:.2f} s" for one in times.joins_s[:5]) + (" ..." if len(times.joins_s) > 5 else "")
        yield f"The clock of the file starts anew at {where}: it was joined from several; time continues from there."
    if times.claimed_s is not None:
        yield (
            f"The video should have {count(round(times.claimed_s * times.fps))} frames and ends after "
            f"{count(times.frames)}: it seems to be cut short."
        )
    if hdr:
        yield (
            f"The pictures are of high dynamic range ({hdr}) and are read as they are, flatter than on a screen made "
            "for it; for the best results, export the video in standard range (SDR)."
        )


def _timeline(path: Path, fps: float | None = None) -> Timeline:
    # The key changes with the file, so that a file put in the place of another is read again.
    stat = path.stat()
    times = _read_timeline(path, stat.st_size, stat.st_mtime_ns)
    if fps is None or times.own_times:
        return times
    return replace(times, fps=fps, length_s=times.frames / fps)


@lru_cache(maxsize=32)
def _read_timeline(path: Path, size: int, changed_ns: int) -> Timeline:
    with _open(path) as container:
        return read_timeline(container, _picture_stream(container, path))


def _decoded(container: Any, stream: Any, times: Timeline, first: int) -> Iterator[tuple[int, float, Any]]:
    """Frames from `first` or earlier on: index, time, and the frame or None where a packet gave none.

    A packet whose time has passed without its frame is a damaged one, but only after a decoder complained or an empty
    packet came: some codecs put one frame into two packets.
    """
    # After a seek the index is known once the first frame's time is.
    index = -1 if times.usable and 0 < first < len(times.pts) else 0
    timestamp_s, time_base = -1.0, times.time_base
    waiting: list[int] = []
    damaged = False
    stream.thread_type = "AUTO"
    for packet in chain(times.packets(container, stream, first), [None]):
        if packet is not None and packet.pts is not None and not packet.is_discard:
            insort(waiting, packet.pts)
        frames, failed = _decode(stream, packet)
        damaged = damaged or failed
        for frame in frames:
            pts = frame.pts
            if index < 0:
                index = bisect_left(times.pts, pts) if pts is not None else first
                waiting = [value for value in waiting if pts is None or value >= pts]
            if damaged and pts is not None and pts * time_base <= timestamp_s:
                continue  # after damage some decoders hand a frame over whose place is already passed
            while damaged and pts is not None and waiting and waiting[0] < pts:
                timestamp_s = waiting.pop(0) * time_base
                yield index, timestamp_s, None
                index += 1
            if pts is not None:
                waiting = [value for value in waiting if value > pts]
            timestamp_s = times.time_of(index, pts, timestamp_s)
            yield index, timestamp_s, None if frame.is_corrupt else frame
            index += 1
    if damaged and index >= 0:
        for pts in waiting:
            yield index, pts * time_base, None
            index += 1


def _decode(stream: Any, packet: Any | None) -> tuple[list[Any], bool]:
    """The frames that a packet completes (None: those still in the decoder), and whether the decoder complained."""
    try:
        return stream.codec_context.decode(packet), packet is not None and bool(packet.is_corrupt)
    except (av.error.FFmpegError, ValueError):
        return [], True  # the frame's place is kept by its packet's time


def _open(path: Path) -> Any:
    if not path.is_file():
        raise VideoError(f"There is no file {path}.")
    if path.stat().st_size == 0:
        raise VideoError(f"{path.name} is empty.")
    try:
        container = av.open(str(path), options=_OPTIONS)
    except av.error.InvalidDataError as error:
        raise VideoError(
            f"{path.name} is not a video that can be read: it is of another kind, damaged, or was cut short before its "
            "table of contents was written. Check that it plays elsewhere, and copy or export it again."
        ) from error
    except av.error.ArgumentError as error:
        raise VideoError(
            f"{path.name} is not a kind of video that ferdash reads: a list of other files, a picture or text, for "
            "example. Give the video itself, as MP4, MOV, MKV, WebM or AVI."
        ) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"{path.name} cannot be opened as a video ({_reason(error)}).") from error
    return container


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return "permission denied" if number == errno.EACCES else (getattr(error, "strerror", "") or str(error))


def _picture_stream(container: Any, path: Path) -> Any:
    """The first stream of moving pictures; the cover of a song is none."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        what = "sound only" if container.streams.audio else "no moving picture"
        raise VideoError(f"{path.name} holds {what}; ferdash needs a video with a picture.")
    if streams[0].codec_context is None:
        raise VideoError(
            f"{path.name} is coded in a way that no decoder here knows. Convert it to H.264 (MP4) first, for example "
            "with ffmpeg or HandBrake."
        )
    return streams[0]


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    """The first frame that can be decoded, damaged or not. Raises VideoError where there is none."""
    for packet in chain(read_packets(container.demux(stream)), [None]):
        frames, _ = _decode(stream, packet)
        if frames:
            return frames[0]
    raise VideoError(f"{path.name} holds no frame that can be decoded; it is empty or damaged.")
