"""When each frame of a video is shown, from its packets alone: a file's head only estimates, and many have none.

Times count from the start of the file, as a player's do, whatever its clock says there. Where the clock starts anew or
leaps, as in recordings that were joined, time continues from the frame before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from math import inf
from statistics import median
from typing import Any

import av
import av.error

SAME_TIME_S = 1e-6
"""Frame 35 of 25 a second is at 1.4000000000000001 s, and yet at 1.4 s."""

USUAL_FPS = 25.0
"""Where nothing at all says how fast the pictures follow."""

# Streams without a container: the times that come with them are FFmpeg's own guess.
_RAW = {"h264", "hevc", "vvc", "m4v", "mjpeg", "mpegvideo", "vc1", "cavsvideo", "dirac", "obu"}
# Broadcast formats, whose clock may leap and whose seeking is by guess.
_BROADCAST = {"mpegts", "mpeg"}
# Their heads name the length of everything together, as whoever wrote them measured it.
_LENGTH_OF_ALL = {"matroska", "asf", "flv"}

BACK_S = 0.1
LEAP_S = 10.0
"""A clock that goes back, or in a broadcast forward, by more starts anew: the thresholds of the ffmpeg tool."""

CUT_SHORT, CUT_S = 0.98, 0.25
"""A file that holds less of the length that its head names was cut short, unless only so many seconds are missing."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """The frames of a video in the order they are shown.

    pts: their times in units of time_base, from the file's start. usable: whether each frame comes with one of these
    and with no other; if not, frames are counted as they come, and pts, if there are any, are in that order. frames:
    how many there are. fps: frames a second on average. own_times: False where the file holds no times at all, so that
    fps is a guess. length_s: when the last frame ends. claimed_s: the length that the head names, where that is more
    than there is. joins_s: when the clock starts anew. seekable: whether the container finds a place by itself.
    shifts: from the file's clock to this one. keys: number of the packet and time of each frame that stands by itself.
    """

    pts: list[int]
    time_base: float
    usable: bool
    frames: int
    fps: float
    own_times: bool
    length_s: float
    claimed_s: float | None
    joins_s: list[float]
    seekable: bool
    shifts: "_Shifts"
    keys: list[tuple[int, int]]

    def first_from(self, start_s: float) -> int:
        """Index of the first frame that is shown at `start_s` or later."""
        return bisect_left(self.pts, start_s - SAME_TIME_S, key=lambda pts: pts * self.time_base)

    def has_frame(self, *, stride: int, start_s: float, end_s: float | None) -> bool:
        """Whether one of every `stride`-th frame is shown from `start_s` up to and including `end_s`. Where times are
        only known while decoding, whether the part starts before the end."""
        if self.own_times and not self.usable:
            return start_s < self.length_s
        times = (
            (pts * self.time_base for pts in self.pts) if self.own_times else (i / self.fps for i in range(self.frames))
        )
        last_s = inf if end_s is None else end_s
        return any(start_s - SAME_TIME_S <= time <= last_s + SAME_TIME_S for time in islice(times, 0, None, stride))

    def time_of(self, index: int, pts: int | None, before_s: float) -> float:
        """When a frame is shown, by its own time or by its index; before_s: when the frame before it was."""
        if not self.own_times:
            return index / self.fps
        if pts is None and index < len(self.pts):
            pts = self.pts[index]
        if pts is None:
            return 0.0 if before_s < 0 else before_s + 1 / self.fps
        time_s = pts * self.time_base
        return time_s if time_s > before_s else before_s + 0.001

    def packets(self, container: Any, stream: Any, first: int = 0) -> Iterator[Any]:
        """The stream's packets from one that the frame `first` can be decoded from, with times from the file's start.

        The container must be fresh. Where frames are counted packets have no times.
        """
        skipped = 0
        if self.usable and 0 < first < len(self.pts):
            if self.seekable:
                container.seek(self.pts[first] - self.shifts.amounts[0], stream=stream, backward=True, any_frame=False)
            else:
                skipped = self._key_before(self.pts[first])
        for number, packet in enumerate(read_packets(container.demux(stream))):
            if number >= skipped:
                self._shift(packet, number)
                yield packet

    def _key_before(self, pts: int) -> int:
        """Number of the packet to start from; one group earlier than needed, as some groups lean on the one before."""
        return ([0, 0] + [number for number, shown in self.keys if shown <= pts])[-2]

    def _shift(self, packet: Any, number: int) -> None:
        if not self.usable and (self.pts or not self.own_times):
            packet.pts = packet.dts = None
            return
        amount = self.shifts.of(number)
        if packet.pts is not None:
            packet.pts += amount
        if packet.dts is not None:
            packet.dts += amount


@dataclass(frozen=True)
class _Shifts:
    """What is added to the times of packets: amounts[i] from packet number starts[i] on."""

    starts: list[int]
    amounts: list[int]

    def of(self, number: int) -> int:
        return self.amounts[bisect_right(self.starts, number) - 1]


@dataclass
class _Segment:
    """Packets of one clock. first: number of its first packet."""

    first: int
    pts: list[int] = field(default_factory=list)
    keys: list[tuple[int, int]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


@dataclass
class _Found:
    """What the packets of a file say, before it is made a timeline. missing: shown packets without a time. dts: when
    each is decoded. The ends are the latest of any packet's, in seconds of the file's clock."""

    segments: list[_Segment]
    dts: list[int] = field(default_factory=list)
    shown: int = 0
    packets: int = 0
    missing: int = 0
    end_of_all_s: float = 0.0
    end_of_pictures_s: float = 0.0


def read_timeline(container: Any, stream: Any) -> Timeline:
    """Demux the whole of a fresh container without decoding: quick, and exact."""
    formats = set(container.format.name.split(","))
    found = _scan(container, stream, leaps=bool(formats & _BROADCAST), everything=bool(formats & _LENGTH_OF_ALL))
    own_times = not formats & _RAW and max(len(found.dts), found.shown - found.missing) > 0
    time_base = Fraction(stream.time_base or 0)
    shifts, pts, joins = _joined(found.segments, _start(container, stream, found.segments, time_base))
    usable = own_times and not found.missing and len(set(pts)) == len(pts) and not _reordered_by_guess(stream, formats)
    if not usable:
        pts = _in_order(found.dts, found.shown) if own_times else []
    fps = _fps(stream, pts, time_base, own_times)
    claimed_s = _claimed(container, stream, found, formats)
    ended = max((max(one.ends) + shifts.of(one.first) for one in found.segments if one.pts), default=0)
    if not usable:
        ended = pts[-1] if pts else 0
    if pts and ended == pts[-1]:  # nothing says how long the last frame stays
        ended += round(1 / (Fraction(fps) * time_base))
    return Timeline(
        pts=pts,
        time_base=float(time_base),
        usable=usable,
        frames=found.shown,
        fps=fps,
        own_times=own_times,
        length_s=float(ended * time_base) if pts else found.shown / fps,
        claimed_s=claimed_s,
        joins_s=[float(one * time_base) for one in joins] if own_times else [],
        seekable=not formats & _BROADCAST and len(shifts.starts) == 1,
        shifts=shifts,
        keys=[(number, shown + shifts.of(number)) for one in found.segments for number, shown in one.keys],
    )


def read_packets(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets that hold something; a file cut short ends where it was cut."""
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        if packet.size:  # the last one is empty and stands for the end
            yield packet


def _scan(container: Any, stream: Any, *, leaps: bool, everything: bool) -> _Found:
    found = _Found([_Segment(0)])
    tick_s = float(stream.time_base or 0)
    last_dts: int | None = None
    for packet in read_packets(container.demux() if everything else container.demux(stream)):
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None and packet.time_base:
            end_s = float((time + (packet.duration or 0)) * packet.time_base)
            found.end_of_all_s = max(found.end_of_all_s, end_s)
            if packet.stream_index == stream.index:
                found.end_of_pictures_s = max(found.end_of_pictures_s, end_s)
        if packet.stream_index != stream.index:
            continue
        if packet.dts is not None:
            step_s = 0.0 if last_dts is None else (packet.dts - last_dts) * tick_s
            if step_s < -BACK_S or (leaps and step_s > LEAP_S):
                found.segments.append(_Segment(found.packets))
            last_dts = packet.dts
        _note(packet, found)
        found.packets += 1
    return found


def _note(packet: Any, found: _Found) -> None:
    """Enter a packet of the pictures."""
    segment = found.segments[-1]
    if packet.is_discard:  # decoded for the sake of others, and never shown
        return
    found.shown += 1
    if packet.dts is not None:
        found.dts.append(packet.dts)
    if packet.pts is None:
        found.missing += 1
        return
    segment.pts.append(packet.pts)
    segment.ends.append(packet.pts + (packet.duration or 0))
    if packet.is_keyframe:
        segment.keys.append((found.packets, packet.pts))


def _start(container: Any, stream: Any, segments: list[_Segment], time_base: Fraction) -> int:
    """The file's start in units of time_base: where a player's clock says 0, and no later than the first frame."""
    shown = min(segments[0].pts, default=0)
    if "mov" in container.format.name.split(",") and stream.frames:
        return min(0, shown)  # its edit list says when on the film's own clock the pictures begin
    if container.start_time is None or not time_base or container.format.name == "avi":  # which knows no such time
        return shown
    return min(shown, round(Fraction(container.start_time, av.time_base) / time_base))


def _joined(segments: list[_Segment], start: int) -> tuple[_Shifts, list[int], list[int]]:
    """The shifts of all segments, every frame's time in order, and the times at which a segment follows another."""
    starts, amounts, joins = [0], [-start], []
    before = sorted(value - start for value in segments[0].pts)
    pts = list(before)
    for one in segments[1:]:
        if not one.pts:
            continue
        step = median(b - a for a, b in pairwise(before)) if len(before) > 1 else 1
        amount = (before[-1] + max(1, round(step)) if before else 0) - min(one.pts)
        before = sorted(value + amount for value in one.pts)
        starts.append(one.first)
        amounts.append(amount)
        joins.append(before[0])
        pts += before
    return _Shifts(starts, amounts), sorted(pts), joins


def _reordered_by_guess(stream: Any, formats: set[str]) -> bool:
    """AVI says when a packet is decoded, not when it is shown; for some codecs what FFmpeg makes of it is wrong."""
    return "avi" in formats and stream.codec_context.name in ("h264", "hevc")


def _in_order(dts: list[int], frames: int) -> list[int]:
    """Times for frames that have none of their own: as far apart as their packets, from 0 on; else empty."""
    ordered = sorted(set(dts))
    return [value - ordered[0] for value in ordered] if len(ordered) == frames > 0 else []


def _fps(stream: Any, pts: list[int], time_base: Fraction, own_times: bool) -> float:
    """Frames a second: as the file says, unless its frames' times say something else."""
    if not own_times:  # the average is FFmpeg's stopgap, the guess is from the stream itself where that says anything
        return float(stream.guessed_rate or stream.average_rate or USUAL_FPS)
    named = float(stream.average_rate or stream.guessed_rate or 0)
    if len(pts) < 2:
        return named or USUAL_FPS
    measured = float((len(pts) - 1) / ((pts[-1] - pts[0]) * time_base))
    usual = 1 / float(Fraction(median(b - a for a, b in pairwise(pts))) * time_base or 1)  # gaps do not change it
    return named if any(abs(named - one) <= 0.01 * one for one in (measured, usual)) else measured


def _claimed(container: Any, stream: Any, found: _Found, formats: set[str]) -> float | None:
    """The length in seconds that the file's head names, if it holds clearly less than that; else None."""
    start_s = 0.0
    if "mov" in formats and stream.duration and found.packets < stream.frames:
        claimed_s, there_s = float(stream.duration * stream.time_base), found.end_of_pictures_s
        start_s = float((stream.start_time or 0) * stream.time_base)
    elif "avi" in formats:
        claimed_s, there_s = float(stream.frames * stream.time_base), found.end_of_pictures_s
    elif formats & _LENGTH_OF_ALL and container.duration:  # some count from the start, some from 0
        claimed_s, there_s = container.duration / av.time_base, found.end_of_all_s
        start_s = min(0.0, (container.start_time or 0) / av.time_base)
    else:
        return None
    missing_s = claimed_s - (there_s - start_s)
    return claimed_s if missing_s > max(CUT_S, (1 - CUT_SHORT) * claimed_s) and len(found.segments) == 1 else None
