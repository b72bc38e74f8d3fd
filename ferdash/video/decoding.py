"""Videos, frame by frame: real presentation times, upright pictures, damaged frames told apart, memory bounded.

A frame's index is its rank in presentation order, counted from 0 over the whole source, whether or not it can be
decoded; its time is its own presentation time. Both come from the packets, so they are the same when reading from the
start, from the middle, or one frame alone.
"""

import errno
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from ferdash.errors import VideoError
from ferdash.wording import count

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv")
MAX_SIDE = 8192
SAME_TIME_S = 1e-6
"""Frame 35 of 25 a second is at 1.4000000000000001 s, and yet at 1.4 s."""

# Some formats name other files or addresses (playlists do): none of those, and nothing but the file itself is opened.
_FORMATS = (
    "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,h264,hevc,m4v,mjpeg,mxf,ivf,dv,rm,gif,apng,"
    "mp3,wav,aac,flac,aiff,w64,caf,amr"
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}


@dataclass(frozen=True)
class VideoInfo:
    """What a video is. width, height: of the upright picture. frames: as the file says or as follows from its length,
    so an estimate. rotation: degrees counterclockwise by which the stored picture is turned to stand upright."""

    name: str
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    rotation: int
    codec: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """index: rank in presentation order, from 0. image_rgb: uint8 (H, W, 3), upright; None when damaged."""

    index: int
    timestamp_s: float
    image_rgb: np.ndarray | None


def probe(path: Path) -> VideoInfo:
    """What a video is, from its head and its first frame.

    Raises VideoError when the file is missing, empty, no video, has sound only, or holds no frame.
    """
    with _open(path) as container:
        stream = _picture_stream(container, path)
        first = _first_frame(container, stream, path)
        fps = float(stream.average_rate or stream.guessed_rate or 25)
        duration_s = _duration_s(container, stream)
        frames = stream.frames or max(1, round(duration_s * fps))
        width, height = _display_size(first, stream)
        if max(width, height) > MAX_SIDE:
            raise VideoError(
                f"{path.name} has pictures of {width} x {height} pixels; ferdash reads up to {count(MAX_SIDE)} a side."
            )
        rotation = _rotation(first)
        if rotation % 180:
            width, height = height, width
        return VideoInfo(
            name=path.name,
            width=width,
            height=height,
            fps=fps,
            frames=frames,
            duration_s=duration_s or frames / fps,
            rotation=rotation,
            codec=stream.codec_context.name,
        )


def read_frames(
    path: Path, *, stride: int = 1, start_s: float = 0.0, end_s: float | None = None, first: int = 0
) -> Iterator[VideoFrame]:
    """Every `stride`-th frame (index 0, stride, 2 * stride ...) from `start_s` up to and including `end_s`.

    first: index of the first frame wanted; what lies before is skipped by seeking. A frame that cannot be decoded
    comes with no picture, in its place. One frame is held at a time.

    Raises VideoError as `probe` does.
    """
    times = _packet_times(path) if first > 0 or start_s > 0 else None
    with _open(path) as container:
        stream = _picture_stream(container, path)
        if times is not None and times.usable:
            first = max(first, times.first_from(start_s))
        for index, timestamp_s, frame in _decoded(container, stream, times, first, path):
            if end_s is not None and timestamp_s > end_s + SAME_TIME_S:
                return
            if index < first or timestamp_s < start_s - SAME_TIME_S or index % stride:
                continue
            yield VideoFrame(index, timestamp_s, None if frame is None else _upright(frame, stream))


def frame_at(path: Path, index: int) -> np.ndarray:
    """uint8 RGB (H, W, 3) of exactly that frame, upright.

    Raises VideoError when there is no such frame or it is damaged, and as `probe` does.
    """
    for frame in read_frames(path, first=index):
        if frame.index == index and frame.image_rgb is not None:
            return frame.image_rgb
        break
    last = len(_packet_times(path).pts) - 1
    if index < 0 or (last >= 0 and index > last):
        raise VideoError(f"{path.name} has no frame {count(index)}; its last is {count(max(last, 0))}.")
    raise VideoError(f"Frame {count(index)} of {path.name} is damaged and cannot be shown.")


@dataclass(frozen=True, eq=False)
class _Times:
    """Presentation times of all packets in order, in units of time_base. usable: whether they name frames uniquely."""

    pts: list[int]
    time_base: float
    usable: bool

    def first_from(self, start_s: float) -> int:
        return bisect_left(self.pts, start_s - SAME_TIME_S, key=lambda pts: pts * self.time_base)


def _packet_times(path: Path) -> _Times:
    # The key changes with the file, so that a file put in the place of another is read again.
    stat = path.stat()
    return _read_packet_times(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=32)
def _read_packet_times(path: Path, size: int, changed_ns: int) -> _Times:
    """Demux the whole file without decoding: quick, and exact where a head only estimates."""
    with _open(path) as container:
        stream = _picture_stream(container, path)
        found: list[int | None] = []
        for packet in _packets(container, stream):
            if not packet.is_discard:
                found.append(packet.pts)
        pts = sorted(value for value in found if value is not None)
        usable = bool(pts) and len(pts) == len(found) and len(set(pts)) == len(pts)
        return _Times(pts, float(stream.time_base or 0), usable)


def _decoded(
    container: Any, stream: Any, times: _Times | None, first: int, path: Path
) -> Iterator[tuple[int, float, Any]]:
    """Frames from `first` or earlier on: index, time, and the frame or None where a packet gave none.

    A packet whose time has passed without its frame is a damaged one, but only after a decoder complained or an empty
    packet came: some codecs put one frame into two packets.
    """
    index, step_s = 0, 1 / float(stream.average_rate or stream.guessed_rate or 25)
    waiting: list[int] = []
    if times is not None and times.usable and 0 < first < len(times.pts):
        container.seek(times.pts[first], stream=stream, backward=True, any_frame=False)
        index = -1  # known once the first packet's time is
    timestamp_s = -step_s
    time_base = float(stream.time_base or 0)
    damaged = False
    stream.thread_type = "AUTO"
    for packet in chain(_packets(container, stream), [None]):
        if packet is not None and packet.pts is not None and not packet.is_discard:
            insort(waiting, packet.pts)
        frames, failed = _decode(stream, packet)
        damaged = damaged or failed
        for frame in frames:
            pts = frame.pts
            if index < 0 and times is not None:
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
            timestamp_s = pts * time_base if pts is not None else timestamp_s + step_s
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


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """The stream's packets; a file cut short ends where it was cut."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        if packet.size:  # the last one is empty and stands for the end
            yield packet


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
    return streams[0]


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    """The first frame that can be decoded, damaged or not. Raises VideoError where there is none."""
    for packet in chain(_packets(container, stream), [None]):
        frames, _ = _decode(stream, packet)
        if frames:
            return frames[0]
    raise VideoError(f"{path.name} holds no frame that can be decoded; it is empty or damaged.")


def _duration_s(container: Any, stream: Any) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _display_size(frame: Any, stream: Any) -> tuple[int, int]:
    """Width and height of a frame before it is turned, with pixels made square."""
    ratio = float(stream.sample_aspect_ratio or 1)
    return (round(frame.width * ratio) if 0.1 < ratio < 10 else frame.width), frame.height


def _rotation(frame: Any) -> int:
    """Quarter turns only, in degrees counterclockwise: 0, 90, 180 or 270."""
    return round(frame.rotation / 90) * 90 % 360


def _upright(frame: Any, stream: Any) -> np.ndarray:
    """The picture as it is meant to be seen, uint8 RGB and contiguous."""
    width, height = _display_size(frame, stream)
    image = frame.to_ndarray(format="rgb24", width=width, height=height)
    turns = _rotation(frame) // 90
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image
