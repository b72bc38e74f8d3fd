"""Sessions at work: one after another in a background thread, or in the caller's own.

Whoever watches does so through the session folders alone, so every tab, and a command line in another terminal, sees
the same.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ferdash.errors import FerdashError, SessionError
from ferdash.inference.detector import Detector, load_detector
from ferdash.inference.framing import CROP_SIZE
from ferdash.models.loading import EmotionModel, load_model
from ferdash.temporal.analysis import AnalysisSettings, Chunk, analyse
from ferdash.temporal.sessions import (
    Session,
    SessionWriter,
    create_session,
    list_sessions,
    open_session,
    read_status,
    write_status,
)
from ferdash.temporal.stills import analyse_stills
from ferdash.temporal.video import VideoInfo, probe
from ferdash.wording import count

BEAT_S = 5.0
SAMPLE_FRAMES = 48
"""Frames of which an estimate is made."""

CUT_SHORT = 0.98
"""A video that holds less of the frames that its head names was cut short."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far an analysis is. frames: done so far; total: about how many there are. timestamp_s: place in the video.
    speed: seconds of video in a second, as measured since it began; eta_s: seconds still to go, None when unknown."""

    frames: int
    total: int
    timestamp_s: float
    speed: float
    eta_s: float | None

    @property
    def share(self) -> float:
        return min(1.0, self.frames / max(self.total, 1))

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
    video = probe(path)
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
    session: Session,
    model: EmotionModel,
    detector: Detector,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[Progress], object] = lambda progress: None,
) -> Session:
    """Analyse a session of kind video or stills to its end, or go on where it was broken off; what is written stays.

    stop: ends it after the present piece, as `stopped`. Whatever ends it stands in its status.

    Raises SessionError when it is at work elsewhere or its source is gone, VideoError when the video cannot be read.
    """
    stop = stop or threading.Event()
    writer = SessionWriter(session)
    seconds = {str(k): float(v) for k, v in session.info.get("timings", {}).items()}
    started, before = time.perf_counter(), seconds.pop("total", 0.0)

    def timings() -> dict[str, float]:
        total = before + time.perf_counter() - started
        return {stage: round(spent, 3) for stage, spent in {**seconds, "total": total}.items()}

    try:
        with _beating(writer):
            finished, facts = _run(session, writer, model, detector, stop, on_progress, seconds)
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
    return session


def _run(
    session: Session,
    writer: SessionWriter,
    model: EmotionModel,
    detector: Detector,
    stop: threading.Event,
    on_progress: Callable[[Progress], object],
    seconds: dict[str, float],
) -> tuple[bool, dict[str, Any]]:
    """Whether it came to the end, and facts for the status."""
    settings = AnalysisSettings.from_dict(session.record["settings"])
    last = session.last_frame()
    chunks, total, note_of = _chunks(session, model, detector, settings, last, seconds)
    done = int(read_status(session.folder)["frames"])
    meter = _Meter(done, max(total, done), interval_s=_interval_s(session, settings))
    try:
        for chunk in chunks:
            started = time.perf_counter()
            progress = meter.after(chunk)
            for track, image, box in chunk.faces:
                writer.thumbnail(track, image, box)
            writer.append(chunk.table, tracker=chunk.tracker, progress=progress.to_dict())
            seconds["write"] = seconds.get("write", 0.0) + time.perf_counter() - started
            on_progress(progress)
            last = chunk.index
            if stop.is_set():
                return False, {}
    finally:
        chunks.close()
    return True, note_of(last)


def _chunks(
    session: Session,
    model: EmotionModel,
    detector: Detector,
    settings: AnalysisSettings,
    last: int | None,
    seconds: dict[str, float],
) -> tuple[Any, int, Callable[[int | None], dict[str, Any]]]:
    """What is still to be analysed, how many frames there are in all, and what to note about the last one."""
    if session.kind == "stills":
        files = sorted((session.folder / "photos").iterdir())
        names = session.record["source"]["photos"]
        # People are matched from the first photo on, so stills that were broken off are looked at again.
        done = -1 if last is None else last
        interval_s = _interval_s(session, settings)
        chunks = analyse_stills(_contents(names, files), model, detector, settings, interval_s=interval_s)
        return (chunk for chunk in chunks if chunk.index > done), len(files), lambda frame: {}
    path = session.source()
    if session.kind != "video" or path is None:
        where = (session.record.get("source") or {}).get("path", "its place")
        raise SessionError(f"{session.name} cannot be analysed: its video is no longer at {where}; put it back there.")
    video = VideoInfo(**session.record["video"])
    tracker = session.tracker_state() if last is not None else None
    chunks = analyse(path, model, detector, settings, after=last, tracker=tracker, seconds=seconds)
    return chunks, settings.frames_in(video), lambda frame: _note(frame, settings, video)


def _note(last: int | None, settings: AnalysisSettings, video: VideoInfo) -> dict[str, Any]:
    """What a person should know about how the video ended."""
    if last is None:
        part = f"{settings.start_s:g} s and {'the end' if settings.end_s is None else f'{settings.end_s:g} s'}"
        return {"note": f"There is no frame between {part}; the video is about {video.duration_s:.1f} s long."}
    if settings.end_s is None and last + settings.stride < CUT_SHORT * video.frames:
        return {
            "note": f"The video should have {count(video.frames)} frames and ends after {count(last + 1)}: it seems to "
            "be cut short."
        }
    return {}


def _interval_s(session: Session, settings: AnalysisSettings) -> float:
    """Seconds from one analysed frame to the next."""
    video = session.record.get("video") or {}
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
def _beating(writer: SessionWriter) -> Iterator[None]:
    """Say every few seconds that work goes on, however long a piece takes."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_S):
            writer.beat()

    thread = threading.Thread(target=beat, name="ferdash-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def create_video_session(
    root: Path,
    path: Path,
    settings: AnalysisSettings,
    *,
    model: str,
    model_title: str = "",
    detector: str = "haar",
    name: str = "",
    keep_copy: bool = False,
) -> Session:
    """A session of a video, ready for `execute`. Raises VideoError when the video cannot be read."""
    video = probe(path)
    return create_session(
        root,
        kind="video",
        name=name,
        source=path,
        keep_copy=keep_copy,
        video=video.to_dict(),
        settings=settings.to_dict(),
        model=model,
        model_title=model_title or model,
        detector=detector,
    )


def create_stills_session(
    root: Path,
    photos: Iterable[tuple[str, bytes]],
    settings: AnalysisSettings,
    *,
    model: str,
    model_title: str = "",
    detector: str = "haar",
    name: str = "",
    interval_s: float = 1.0,
) -> Session:
    """A session of photos, names and file contents in order, ready for `execute`.

    Raises SessionError when there are fewer than two, or the interval between them is not positive.
    """
    listed = list(photos)
    if len(listed) < 2:
        raise SessionError("A sequence needs two photos or more; for one, use the Predict page or `ferdash predict`.")
    if not interval_s > 0:
        raise SessionError(f"The photos are {interval_s:g} s apart; it must be more than 0.")
    return create_session(
        root,
        kind="stills",
        name=name or f"{len(listed)} photos from {Path(listed[0][0]).stem}",
        photos=listed,
        video={"fps": 1 / interval_s, "frames": len(listed), "duration_s": len(listed) * interval_s},
        settings=settings.to_dict(),
        model=model,
        model_title=model_title or model,
        detector=detector,
    )


class VideoJobs:
    """A queue of sessions and the thread that analyses them. All methods may be called from any thread.

    root: the sessions folder. checkpoints: where models and detectors are.
    """

    def __init__(self, root: Path, checkpoints: Path) -> None:
        self._root, self._checkpoints = root, checkpoints
        self._queue: deque[Session] = deque()
        self._current: Session | None = None
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._closed = False
        self._loaded: tuple[str, EmotionModel] | None = None
        self._thread = threading.Thread(target=self._work, name="ferdash-video", daemon=True)
        self._thread.start()

    def submit(
        self,
        path: Path,
        settings: AnalysisSettings,
        *,
        model: str,
        model_title: str = "",
        detector: str = "haar",
        name: str = "",
        keep_copy: bool = False,
    ) -> str:
        """Queue a video; returns the id of its session. Raises VideoError when it cannot be read."""
        return self.enqueue(
            create_video_session(
                self._root,
                path,
                settings,
                model=model,
                model_title=model_title,
                detector=detector,
                name=name,
                keep_copy=keep_copy,
            )
        )

    def submit_stills(
        self,
        photos: Iterable[tuple[str, bytes]],
        settings: AnalysisSettings,
        *,
        model: str,
        model_title: str = "",
        detector: str = "haar",
        name: str = "",
        interval_s: float = 1.0,
    ) -> str:
        """Queue photos in order; returns the id of their session. Raises SessionError when there are fewer than two."""
        return self.enqueue(
            create_stills_session(
                self._root,
                photos,
                settings,
                model=model,
                model_title=model_title,
                detector=detector,
                name=name,
                interval_s=interval_s,
            )
        )

    def resume(self, session_id: str) -> str:
        """Queue a session that was stopped, failed or interrupted, to go on where it ended.

        Raises SessionError when it is queued or at work already, done, or a recording.
        """
        session = open_session(self._root, session_id)
        state = session.state
        if state in ("queued", "running"):
            raise SessionError(f"{session.name} is at work or in the queue already.")
        if state == "done":
            raise SessionError(f"{session.name} is complete; there is nothing left to analyse.")
        if session.kind == "live":
            raise SessionError(f"{session.name} was recorded live; it cannot go on.")
        return self.enqueue(session)

    def cancel(self, session_id: str) -> None:
        """End the session at work after its present piece, or take a waiting one from the queue; what it has stays.

        Raises SessionError for others.
        """
        with self._changed:
            if self._current is not None and self._current.id == session_id:
                self._stop.set()
                return
            waiting = next((session for session in self._queue if session.id == session_id), None)
            if waiting is None:
                raise SessionError(f"Session {session_id} is neither at work nor in the queue of this app.")
            self._queue.remove(waiting)
        _set_state(waiting, "stopped")

    @property
    def current(self) -> str | None:
        """Id of the session at work here, if any."""
        current = self._current
        return None if current is None else current.id

    @property
    def queued(self) -> list[str]:
        """Ids of the waiting sessions, next first."""
        with self._changed:
            return [session.id for session in self._queue]

    def progress(self, session_id: str) -> Progress | None:
        """How far a session is, as its folder says; None before its first piece. Raises SessionError when there is no
        such session."""
        return progress_of(open_session(self._root, session_id))

    def wait(self, timeout_s: float) -> bool:
        """Block until nothing is at work or waiting; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._current is None and not self._queue, timeout_s)

    def close(self) -> None:
        """Stop the session at work, keep what it has, and end the thread; waiting ones count as stopped."""
        with self._changed:
            self._closed = True
            waiting = list(self._queue)
            self._queue.clear()
            self._stop.set()
            self._changed.notify_all()
        for session in waiting:
            _set_state(session, "stopped")
        self._thread.join()

    def enqueue(self, session: Session) -> str:
        """Queue a session that was made before; returns its id."""
        _set_state(session, "queued")
        with self._changed:
            self._queue.append(session)
            self._changed.notify_all()
        return session.id

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._queue)
                if self._closed:
                    return
                self._stop = threading.Event()
                self._current = self._queue.popleft()
            try:
                self._analyse(self._current, self._stop)
            finally:
                with self._changed:
                    self._current = None
                    self._changed.notify_all()

    def _analyse(self, session: Session, stop: threading.Event) -> None:
        try:
            model = self._model(session.record["model"])
            detector = load_detector(session.record["detector"], self._checkpoints)
        except FerdashError as error:
            _set_state(session, "failed", error=str(error))
            return
        except Exception as error:
            logger.exception("session %s failed", session.id)
            _set_state(session, "failed", error=f"The model cannot be loaded ({type(error).__name__}: {error}).")
            return
        try:
            execute(session, model, detector, stop=stop)
        except FerdashError as error:
            # The sentence stands in status.json; the queue goes on.
            logger.info("session %s failed: %s", session.id, error)
        except Exception:
            logger.exception("session %s failed", session.id)

    def _model(self, reference: str) -> EmotionModel:
        """The model, kept for the next session; that of a run may have changed and is loaded again."""
        if self._loaded is None or self._loaded[0] != reference or reference.startswith("run:"):
            self._loaded = (reference, load_model(reference, self._checkpoints, engine="auto"))
        return self._loaded[1]


def progress_of(session: Session) -> Progress | None:
    """How far a session is, as its folder says; None before its first piece."""
    known = session.info.get("progress")
    return Progress(**known) if known else None


def unfinished(root: Path) -> list[Session]:
    """Analyses that were stopped, failed or interrupted and can go on, newest first."""
    states = ("stopped", "failed", "interrupted")
    return [session for session in list_sessions(root) if session.kind != "live" and session.state in states]


def _set_state(session: Session, state: Any, **facts: Any) -> None:
    known = {k: v for k, v in read_status(session.folder).items() if k not in ("state", "error", "finished_at")}
    write_status(session.folder, **{**known, **facts, "state": state})
