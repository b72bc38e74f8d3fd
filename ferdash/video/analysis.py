"""A video through detector, tracker and model: the frames table, piece by piece, while memory stays as it is.

While the model looks at some faces, a thread decodes, follows and cuts out the next. More threads gain nothing that can
be measured: the many small steps of a frame then wait for each other's turn with the interpreter. FFmpeg decodes ahead
in threads of its own, which need none.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError
from ferdash.inference.detector import Detector
from ferdash.inference.face_facts import FaceFacts, face_facts
from ferdash.inference.framing import crop_box, crop_face
from ferdash.models.emotion_model import EmotionModel
from ferdash.tracking.association import Tracker
from ferdash.tracking.track import TrackedFace
from ferdash.video.ahead import Ahead, timed
from ferdash.video.cores import leaving_a_core, opencv_alone
from ferdash.video.decoding import VideoFrame, VideoInfo, read_frames, require_start
from ferdash.video.frame_table import empty_row, face_row, frames_table

MISSED_LOOKS = 3
"""A face that the detector missed so often in a row is still followed, but no longer classified."""

PIECE_FRAMES = 128
"""Frames in a piece at most, where there are few faces or none."""

PIECE_S = 2.0
"""A slow model gets smaller pieces, so that one takes about this long: progress, stopping and saving stay prompt."""

STAGES = ("decode", "follow", "detect", "crop", "classify", "write")


@dataclass(frozen=True)
class AnalysisSettings:
    """How a video is analysed.

    stride: every n-th frame is. start_s, end_s: the part that is, in the video's own times; end_s None is the end.
    detect_every: the detector looks at each n-th analysed frame. detect_side: longer side, in pixels, to which a frame
    is reduced for it; a face of less than 30 px there is not found. min_face_px: a smaller face, in pixels of the
    frame, is not classified. min_sharpness: nor is one whose 48 x 48 cut-out has a Laplacian of less variance (see
    ferdash.data.statistics). min_confidence: nor one of which the detector is less sure. keep_s: how long a face that
    the detector misses is followed. return_s: how long after it has gone a face keeps its id. batch: faces classified
    at once. fps: frames a second of a video that holds no times of its own; None is what it seems to have.

    Raises ConfigError for values that make no sense.
    """

    stride: int = 1
    start_s: float = 0.0
    end_s: float | None = None
    detect_every: int = 5
    detect_side: int = 480
    min_face_px: int = 24
    min_sharpness: float = 20.0
    min_confidence: float = 0.5
    keep_s: float = 1.0
    return_s: float = 5.0
    batch: int = 64
    fps: float | None = None

    def __post_init__(self) -> None:
        for name in ("stride", "detect_every", "min_face_px", "batch"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        if self.detect_side < 64:
            raise ConfigError(f"detect_side is {self.detect_side}; faces need at least 64 pixels to be found in.")
        for name in ("start_s", "min_sharpness", "keep_s", "return_s"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is {getattr(self, name):g}; it cannot be negative.")
        if self.fps is not None and not 0 < self.fps <= 10_000:
            raise ConfigError(f"fps is {self.fps:g}; it must be more than 0 and at most 10000 frames a second.")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ConfigError(f"The part ends at {self.end_s:g} s, before it starts at {self.start_s:g} s.")
        if not 0 <= self.min_confidence <= 1:
            raise ConfigError(f"min_confidence is {self.min_confidence:g}; it must lie between 0 and 1.")

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "AnalysisSettings":
        """From `to_dict`. Raises ConfigError for a setting that does not exist."""
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigError(
                f"There is no setting “{unknown[0]}” of an analysis; there are {', '.join(sorted(known))}."
            )
        return cls(**values)

    def tracker(self, detector: Detector, state: dict[str, Any] | None = None) -> Tracker:
        """A tracker with these settings; `state` as Tracker takes it."""
        return Tracker(
            detector,
            self.detect_every,
            detect_side=self.detect_side,
            keep_s=self.keep_s,
            return_s=self.return_s,
            state=state,
        )

    def frames_in(self, video: VideoInfo) -> int:
        """About how many frames of a video will be analysed. Raises VideoError where it ends before the start."""
        if self.start_s > 0:
            require_start(video.name, video.duration_s, self.start_s)
        end_s = video.duration_s if self.end_s is None else min(self.end_s, video.duration_s)
        share = max(0.0, end_s - self.start_s) / video.duration_s if video.duration_s > 0 else 1.0
        return max(1, round(video.frames * min(1.0, share) / self.stride))


@dataclass(frozen=True, eq=False)
class Chunk:
    """The results of some frames in a row.

    table: a frames table. frames: how many they are. index, timestamp_s: of the last. tracker: its state after the
    last, to resume from, and in `frame` the index of the last picture it saw. faces: track, uint8 RGB picture and box
    of one good view of each track among them.
    """

    table: pd.DataFrame
    frames: int
    index: int
    timestamp_s: float
    tracker: dict[str, Any]
    faces: list[tuple[int, np.ndarray, tuple[float, float, float, float]]]


@dataclass(eq=False)
class Batch:
    """Rows whose faces wait for the model. crops: uint8 grey (48, 48); waiting: the row of each crop."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    crops: list[np.ndarray] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    frames: int = 0
    index: int = -1
    timestamp_s: float = 0.0
    tracker: dict[str, Any] = field(default_factory=dict)
    views: dict[int, tuple[np.ndarray, tuple[float, float, float, float]]] = field(default_factory=dict)

    def add(self, frame: VideoFrame, faces: list[TrackedFace], settings: AnalysisSettings) -> None:
        """A frame with its faces; each is cut out, or gets the reason why not."""
        self.frames, self.index, self.timestamp_s = self.frames + 1, frame.index, frame.timestamp_s
        if frame.image_rgb is None or not faces:
            reason = "no_face" if frame.image_rgb is not None else "unreadable"
            self.rows.append(empty_row(frame.index, frame.timestamp_s, reason))
            return
        for face in faces:
            crop, facts = cut_out(frame.image_rgb, face)
            reason = left_out(face, facts, settings)
            if not reason:
                self.crops.append(crop)
                self.waiting.append(len(self.rows))
                self._view(frame.image_rgb, face)
            self.rows.append(
                face_row(
                    frame.index,
                    frame.timestamp_s,
                    face.track,
                    face.box_xyxy,
                    detected=face.detected,
                    confidence=face.confidence,
                    facts=facts,
                    reason=reason,
                )
            )

    def classified(self, model: EmotionModel) -> Chunk:
        """All of it, with what the model makes of the faces."""
        if self.crops:
            for row, values in zip(self.waiting, model.probabilities(np.stack(self.crops)), strict=True):
                self.rows[row] |= dict(zip(EMOTIONS, values, strict=True))
        faces = [(track, image, box) for track, (image, box) in sorted(self.views.items())]
        return Chunk(frames_table(self.rows), self.frames, self.index, self.timestamp_s, self.tracker, faces)

    def _view(self, image_rgb: np.ndarray, face: TrackedFace) -> None:
        """Remember the first detected view of each track; one a batch is enough for a thumbnail."""
        if face.detected and face.track not in self.views:
            x0, y0, x1, y1 = face.box_xyxy
            reach = 0.3 * (x1 - x0)
            left, top = max(0, int(x0 - reach)), max(0, int(y0 - reach))
            part = image_rgb[top : max(top + 1, int(y1 + reach)), left : max(left + 1, int(x1 + reach))]
            if part.size:  # a copy, so that the whole frame is not kept
                self.views[face.track] = (part.copy(), (x0 - left, y0 - top, x1 - left, y1 - top))


def analyse(
    path: Path,
    model: EmotionModel,
    detector: Detector,
    settings: AnalysisSettings,
    *,
    after: int | None = None,
    tracker: dict[str, Any] | None = None,
    seconds: dict[str, float] | None = None,
) -> Iterator[Chunk]:
    """The results of a video's frames, in order, as they come. Every frame of the part stands in exactly one chunk.

    after, tracker: index and tracker state (as in Chunk) of the last frame that is done already; what follows is as it
    would have been without a break. seconds: gets the time spent in each
    of STAGES; they overlap, so their sum is more than the time that passes.

    Raises VideoError as `read_frames` does.
    """
    done = -1 if after is None else after
    seen = min((tracker or {}).get("frame", done + 1), done + 1)
    known = settings.tracker(detector, tracker)
    frames: Iterable[VideoFrame] = read_frames(
        path, stride=settings.stride, start_s=settings.start_s, end_s=settings.end_s, first=seen, fps=settings.fps
    )
    frames = _beyond(frames, done, seen, known)
    yield from analyse_frames(frames, model, known, settings, seconds=seconds, seen=(tracker or {}).get("frame"))


def _beyond(frames: Iterable[VideoFrame], done: int, seen: int, tracker: Tracker) -> Iterator[VideoFrame]:
    """The frames after the one that is done; the tracker is shown the last that it has seen."""
    for frame in frames:
        if frame.index == seen <= done and frame.image_rgb is not None:
            tracker.see(frame.image_rgb)
        if frame.index > done:
            yield frame


def analyse_frames(
    frames: Iterable[VideoFrame],
    model: EmotionModel,
    tracker: Tracker,
    settings: AnalysisSettings,
    *,
    seconds: dict[str, float] | None = None,
    seen: int | None = None,
) -> Iterator[Chunk]:
    """`analyse` for frames from anywhere, given in order; they are read in another thread. seen: index of the last
    picture that the tracker knows."""
    spent = seconds if seconds is not None else {}
    for stage in STAGES:
        spent.setdefault(stage, 0.0)
    size = [settings.batch]
    batches = Ahead(_batches(timed(frames, spent, "decode"), tracker, settings, size, spent, seen), 2)
    try:
        with opencv_alone():
            for batch in batches:
                started = time.perf_counter()
                with leaving_a_core(model):
                    chunk = batch.classified(model)
                took = time.perf_counter() - started
                spent["classify"] += took
                if batch.crops:
                    size[0] = int(np.clip(len(batch.crops) * PIECE_S / max(took, 1e-6), 4, settings.batch))
                yield chunk
    finally:
        batches.close()


def cut_out(image_rgb: np.ndarray, face: TrackedFace) -> tuple[np.ndarray, FaceFacts]:
    """uint8 grey (48, 48) of a face for the model, and its measures."""
    found = face.as_face()
    box = crop_box(found)
    crop = crop_face(image_rgb, box)
    return crop, face_facts(found, box, crop)


def left_out(face: TrackedFace, facts: FaceFacts, settings: AnalysisSettings) -> str:
    """The reason (see REASONS) why a face must not be classified; empty for one that may be."""
    if face.box_xyxy[2] - face.box_xyxy[0] < settings.min_face_px:
        return "too_small"
    if face.confidence < settings.min_confidence or face.missed >= MISSED_LOOKS:
        return "low_confidence"
    return "blurred" if facts.sharpness < settings.min_sharpness else ""


def _batches(
    frames: Iterable[VideoFrame],
    tracker: Tracker,
    settings: AnalysisSettings,
    size: list[int],
    spent: dict[str, float],
    seen: int | None,
) -> Iterator[Batch]:
    """Frames with their faces found and cut out, so many that the model is well used."""
    batch = Batch()
    for frame in frames:
        faces: list[TrackedFace] = []
        if frame.image_rgb is not None:
            faces, seen = tracker.update(frame.image_rgb, frame.timestamp_s), frame.index
        started = time.perf_counter()
        batch.add(frame, faces, settings)
        spent["crop"] += time.perf_counter() - started
        spent["follow"], spent["detect"] = tracker.seconds["follow"], tracker.seconds["detect"]
        if len(batch.crops) >= size[0] or batch.frames >= PIECE_FRAMES:
            batch.tracker = tracker.state() | ({} if seen is None else {"frame": seen})
            yield batch
            batch = Batch()
    if batch.frames:
        batch.tracker = tracker.state() | ({} if seen is None else {"frame": seen})
        yield batch
