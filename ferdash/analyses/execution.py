"""An analysis from beginning to end, or from where it was interrupted, and how long that will take."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ferdash.analyses.store import Analysis, read_status
from ferdash.analyses.writer import AnalysisWriter
from ferdash.errors import AnalysisError, FerdashError
from ferdash.inference.detector import Detector
from ferdash.inference.framing import CROP_SIZE
from ferdash.models.emotion_model import EmotionModel
from ferdash.video.analysis import AnalysisSettings, Chunk, analyse
from ferdash.video.decoding import VideoInfo, probe
from ferdash.video.image_sequence import analyse_sequence

BEAT_S = 5.0
SAMPLE_FRAMES = 48
"""Frames of which an estimate is made."""


@dataclass(frozen=True)
class Progress:
    """How far an analysis is. frames: done so far; total: about how many there are, 0 of a recording, whose end nobody
    knows. timestamp_s: place in the video. speed: seconds of video in a second, as measured since it began; eta_s:
    seconds still to go, None when unknown."""

    frames: int
    total: int
    timestamp_s: float
    speed: float
    eta_s: float | None

    @property
    def share(self) -> float:
        return min(1.0, self.frames / self.total) if self.total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As status.json has it."""
        return {
            "frames": self.frames,
            "total": self.total,
            "timestamp_s": round(self.timestamp_s, 6),
            "speed": round(self.speed, 3),
            "eta_s": None if self.eta_s is None else round(self.eta_s, 1),
        }


@dataclass(frozen=True)
class VideoEstimate:
    """What an analysis will take: frames to analyse, seconds, and seconds of video in a second (speed)."""

    frames: int
    seconds: float
    speed: float


def estimate(path: Path, settings: AnalysisSettings, model: EmotionModel, detector: Detector) -> VideoEstimate:
    """Time the first frames of the part that is to be analysed. Raises VideoError when the video cannot be read."""
    video = probe(path, fps=settings.fps)
    frames = settings.frames_in(video)
    end_s = settings.start_s + SAMPLE_FRAMES * settings.stride / video.fps
    sample = replace(settings, end_s=end_s if settings.end_s is None else min(end_s, settings.end_s))
    # The first batch of a size takes much longer than all that follow.
    model.probabilities(np.zeros((settings.batch, CROP_SIZE, CROP_SIZE), np.uint8)[:SAMPLE_FRAMES])
    started = time.perf_counter()
    timed = sum(chunk.frames for chunk in analyse(path, model, detector, sample))
    per_frame_s = (time.perf_counter() - started) / max(timed, 1)
    return VideoEstimate(frames, frames * per_frame_s, settings.stride / video.fps / per_frame_s)


def execute(
    analysis: Analysis,
    model: EmotionModel,
    detector: Detector,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[Progress], object] = lambda progress: None,
    on_table: Callable[[pd.DataFrame], object] = lambda table: None,
) -> Analysis:
    """Carry an analysis of a video or an image sequence to its end, or resume it where it was interrupted.

    stop: ends it after the present piece, as `stopped`. Whatever ends it stands in its status. on_table: called with
    the rows of each piece, once they are written.

    Raises AnalysisError when it is at work elsewhere or its source is gone, VideoError when the video cannot be read.
    """
    stop = stop or threading.Event()
    writer = AnalysisWriter(analysis)
    seconds = {str(k): float(v) for k, v in analysis.info.get("timings", {}).items()}
    started, before = time.perf_counter(), seconds.pop("total", 0.0)

    def timings() -> dict[str, float]:
        total = before + time.perf_counter() - started
        return {stage: round(spent, 3) for stage, spent in {**seconds, "total": total}.items()}

    try:
        with _beating(writer):
            finished, facts = _run(analysis, writer, model, detector, stop, on_progress, on_table, seconds)
    except FerdashError as error:
        writer.finish("failed", error=str(error), timings=timings())
        raise
    except KeyboardInterrupt:
        writer.finish("stopped", timings=timings())
        raise
    except BaseException as error:
        reason = f"Something went wrong inside ferdash ({type(error).__name__}: {error}); what was analysed is kept."
        writer.finish("failed", error=reason, timings=timings())
        raise
    writer.finish("done" if finished else "stopped", timings=timings(), engine=model.engine, **facts)
    return analysis


def _run(
    analysis: Analysis,
    writer: AnalysisWriter,
    model: EmotionModel,
    detector: Detector,
    stop: threading.Event,
    on_progress: Callable[[Progress], object],
    on_table: Callable[[pd.DataFrame], object],
    seconds: dict[str, float],
) -> tuple[bool, dict[str, Any]]:
    """Whether it came to the end, and facts for the status."""
    settings = AnalysisSettings.from_dict(analysis.record["settings"])
    last = analysis.last_frame()
    chunks, total, note_of = _chunks(analysis, model, detector, settings, last, seconds)
    done = int(read_status(analysis.folder)["frames"])
    meter = _Meter(done, max(total, done), interval_s=_interval_s(analysis, settings))
    try:
        for chunk in chunks:
            started = time.perf_counter()
            progress = meter.after(chunk)
            for track, image, box in chunk.faces:
                writer.thumbnail(track, image, box)
            writer.append(chunk.table, tracker=chunk.tracker, progress=progress.to_dict())
            seconds["write"] = seconds.get("write", 0.0) + time.perf_counter() - started
            on_progress(progress)
            on_table(chunk.table)
            last = chunk.index
            if stop.is_set():
                return False, {}
    finally:
        chunks.close()
    return True, note_of(last)


def _chunks(
    analysis: Analysis,
    model: EmotionModel,
    detector: Detector,
    settings: AnalysisSettings,
    last: int | None,
    seconds: dict[str, float],
) -> tuple[Any, int, Callable[[int | None], dict[str, Any]]]:
    """What is still to be analysed, how many frames there are in all, and what to note about the last one."""
    if analysis.kind == "sequence":
        files = sorted((analysis.folder / "photos").iterdir())
        names = (analysis.record["source"] or {})["photos"]
        # People are matched from the first photo on, so an interrupted sequence is looked at again.
        done = -1 if last is None else last
        interval_s = _interval_s(analysis, settings)
        chunks = analyse_sequence(_contents(names, files), model, detector, settings, interval_s=interval_s)
        return (chunk for chunk in chunks if chunk.index > done), len(files), lambda frame: {}
    if analysis.kind != "video":
        how = "recorded live" if analysis.kind == "live" else "imported"
        raise AnalysisError(f"{analysis.name} was {how}; it cannot be analysed again.")
    path = analysis.video_file(thorough=True)
    video = VideoInfo(**(analysis.record["video"] or {}))
    tracker = analysis.tracker_state() if last is not None else None
    chunks = analyse(path, model, detector, settings, after=last, tracker=tracker, seconds=seconds)
    return chunks, settings.frames_in(video), lambda frame: _note(frame, settings, video)


def _note(last: int | None, settings: AnalysisSettings, video: VideoInfo) -> dict[str, Any]:
    """What a person should know about the video and how it ended."""
    notes = list(video.notes)
    if last is None:
        part = f"{settings.start_s:g} s and {'the end' if settings.end_s is None else f'{settings.end_s:g} s'}"
        notes.insert(0, f"There is no frame between {part}; the video is about {video.duration_s:.1f} s long.")
    return {"note": " ".join(notes)} if notes else {}


def _interval_s(analysis: Analysis, settings: AnalysisSettings) -> float:
    """Seconds from one analysed frame to the next."""
    video = analysis.record.get("video") or {}
    return settings.stride / float(video.get("fps") or 1.0)


def _contents(names: list[str], files: list[Path]) -> Iterator[tuple[str, bytes]]:
    for name, path in zip(names, files, strict=True):
        yield name, path.read_bytes()


class _Meter:
    """Turns chunks into progress."""

    def __init__(self, done: int, total: int, interval_s: float) -> None:
        self._done, self._total, self._interval_s = done, total, interval_s
        self._here = 0
        self._started = time.perf_counter()

    def after(self, chunk: Chunk) -> Progress:
        self._done, self._here = self._done + chunk.frames, self._here + chunk.frames
        self._total = max(self._total, self._done)
        per_frame_s = (time.perf_counter() - self._started) / self._here
        eta_s = (self._total - self._done) * per_frame_s
        speed = self._interval_s / per_frame_s if per_frame_s > 0 else 0.0
        return Progress(self._done, self._total, chunk.timestamp_s, speed, eta_s)


@contextmanager
def _beating(writer: AnalysisWriter) -> Iterator[None]:
    """Say every few seconds that work is under way, however long a piece takes."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_S):
            with suppress(OSError):  # a full disk is met by whoever writes what is needed
                writer.beat()

    thread = threading.Thread(target=beat, name="ferdash-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def progress_of(analysis: Analysis) -> Progress | None:
    """How far an analysis is, as its folder says; None before its first piece."""
    known = analysis.info.get("progress")
    if not known:
        return None
    # Recordings once kept how many seconds they had, and nothing besides.
    recorded = {"total": 0, "timestamp_s": known.get("seconds", 0.0), "speed": 1.0, "eta_s": None}
    return Progress(**recorded | {name: value for name, value in known.items() if name != "seconds"})
