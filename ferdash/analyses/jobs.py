"""Sessions made and worked off, one after another, in a background thread.

Whoever watches does so through the session folders alone, so every tab, and a command line in another terminal, sees
the same.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferdash.analyses.execution import Progress, execute, progress_of
from ferdash.analyses.store import Session, create_session, list_sessions, open_session, read_status, write_status
from ferdash.errors import FerdashError, SessionError
from ferdash.inference.detector import DEFAULT_DETECTOR, load_detector
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.loading import load_model
from ferdash.references import parse
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.decoding import probe

logger = logging.getLogger(__name__)


def create_video_session(
    root: Path,
    path: Path,
    settings: AnalysisSettings,
    *,
    model: str,
    model_title: str = "",
    detector: str = DEFAULT_DETECTOR,
    name: str = "",
    keep_copy: bool = False,
) -> Session:
    """A session of a video, ready for `execute`. Raises VideoError when the video cannot be read."""
    video = probe(path, fps=settings.fps)
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
    detector: str = DEFAULT_DETECTOR,
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
        detector: str = DEFAULT_DETECTOR,
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
        detector: str = DEFAULT_DETECTOR,
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
        """Queue a session that was stopped, failed or interrupted, to resume where it ended.

        Raises SessionError when it is queued or at work already, done, or a recording.
        """
        session = open_session(self._root, session_id)
        state = session.state
        if state in ("queued", "running"):
            raise SessionError(f"{session.name} is at work or in the queue already.")
        if state == "done":
            raise SessionError(f"{session.name} is complete; there is nothing left to analyse.")
        if session.kind == "live":
            raise SessionError(f"{session.name} was recorded live; it cannot be resumed.")
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
            # The sentence stands in status.json; the queue continues.
            logger.info("session %s failed: %s", session.id, error)
        except Exception:
            logger.exception("session %s failed", session.id)

    def _model(self, reference: str) -> EmotionModel:
        """The model, kept for the next session; that of a run may have changed and is loaded again."""
        if self._loaded is None or self._loaded[0] != reference or parse(reference).of_run:
            self._loaded = (reference, load_model(reference, self._checkpoints, engine="auto"))
        return self._loaded[1]


def unfinished(root: Path) -> list[Session]:
    """Analyses that were stopped, failed or interrupted and can be resumed, newest first."""
    states = ("stopped", "failed", "interrupted")
    return [session for session in list_sessions(root) if session.kind != "live" and session.state in states]


def _set_state(session: Session, state: Any, **facts: Any) -> None:
    known = {k: v for k, v in read_status(session.folder).items() if k not in ("state", "error", "finished_at")}
    write_status(session.folder, **{**known, **facts, "state": state})
