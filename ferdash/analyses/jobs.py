"""Analyses made and worked off, one after another, in a background thread.

Whoever watches does so through the analysis folders alone, so every tab, and a command line in another terminal, sees
the same.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferdash.analyses.execution import Progress, execute, progress_of
from ferdash.analyses.store import Analysis, create_analysis, list_analyses, open_analysis, read_status, write_status
from ferdash.errors import AnalysisError, FerdashError
from ferdash.inference.detector import DEFAULT_DETECTOR, load_detector
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.loading import load_model
from ferdash.references import parse
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.decoding import probe, require_frames

logger = logging.getLogger(__name__)

NOT_RESUMED = ("live", "imported")
"""Kinds of which there is nothing left to analyse."""


def create_video_analysis(
    root: Path,
    path: Path,
    settings: AnalysisSettings,
    *,
    model: str,
    model_title: str = "",
    detector: str = DEFAULT_DETECTOR,
    name: str = "",
    keep_copy: bool = False,
) -> Analysis:
    """An analysis of a video, ready for `execute`. Raises VideoError when the video cannot be read, or no frame lies in
    the part that is to be analysed."""
    video = probe(path, fps=settings.fps)
    require_frames(path, stride=settings.stride, start_s=settings.start_s, end_s=settings.end_s, fps=settings.fps)
    return create_analysis(
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


def create_sequence_analysis(
    root: Path,
    photos: Iterable[tuple[str, bytes]],
    settings: AnalysisSettings,
    *,
    model: str,
    model_title: str = "",
    detector: str = DEFAULT_DETECTOR,
    name: str = "",
    interval_s: float = 1.0,
) -> Analysis:
    """An analysis of photos, names and file contents in order, ready for `execute`.

    Raises AnalysisError when there are fewer than two, or the interval between them is not positive.
    """
    listed = list(photos)
    if len(listed) < 2:
        raise AnalysisError("A sequence needs two photos or more; for one, use the Predict page or `ferdash predict`.")
    if not interval_s > 0:
        raise AnalysisError(f"The photos are {interval_s:g} s apart; it must be more than 0.")
    return create_analysis(
        root,
        kind="sequence",
        name=name or f"{len(listed)} photos from {Path(listed[0][0]).stem}",
        photos=listed,
        video={"fps": 1 / interval_s, "frames": len(listed), "duration_s": len(listed) * interval_s},
        settings=settings.to_dict(),
        model=model,
        model_title=model_title or model,
        detector=detector,
    )


class VideoJobs:
    """A queue of analyses and the thread that analyses them. All methods may be called from any thread.

    root: the analyses folder. checkpoints: where models and detectors are.
    """

    def __init__(self, root: Path, checkpoints: Path) -> None:
        self._root, self._checkpoints = root, checkpoints
        self._queue: deque[Analysis] = deque()
        self._current: Analysis | None = None
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
        """Queue a video; returns the id of its analysis. Raises VideoError as `create_video_analysis` does."""
        return self.enqueue(
            create_video_analysis(
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

    def submit_sequence(
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
        """Queue an image sequence; returns the id of its analysis. Raises AnalysisError for fewer than two photos."""
        return self.enqueue(
            create_sequence_analysis(
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

    def resume(self, analysis_id: str) -> str:
        """Queue an analysis that was stopped, failed or interrupted, to resume where it ended.

        Raises AnalysisError when it is queued or at work already, done, or a recording.
        """
        analysis = open_analysis(self._root, analysis_id)
        state = analysis.state
        if state in ("queued", "running"):
            raise AnalysisError(f"{analysis.name} is at work or in the queue already.")
        if state == "done":
            raise AnalysisError(f"{analysis.name} is complete; there is nothing left to analyse.")
        if analysis.kind == "live":
            raise AnalysisError(f"{analysis.name} was recorded live; it cannot be resumed.")
        if analysis.kind == "imported":
            raise AnalysisError(f"The import of {analysis.name} was cut short; delete it and import the file again.")
        return self.enqueue(analysis)

    def cancel(self, analysis_id: str) -> None:
        """End the analysis at work after its present piece, or take a waiting one from the queue; what it has stays.

        Raises AnalysisError for others.
        """
        with self._changed:
            if self._current is not None and self._current.id == analysis_id:
                self._stop.set()
                return
            waiting = next((analysis for analysis in self._queue if analysis.id == analysis_id), None)
            if waiting is None:
                raise AnalysisError(f"Analysis {analysis_id} is neither at work nor in the queue of this app.")
            self._queue.remove(waiting)
        _set_state(waiting, "stopped")

    @property
    def current(self) -> str | None:
        """Id of the analysis at work here, if any."""
        current = self._current
        return None if current is None else current.id

    @property
    def stopping(self) -> str | None:
        """Id of the analysis at work here that was cancelled and ends after its present piece, if any."""
        with self._changed:
            return self._current.id if self._current is not None and self._stop.is_set() else None

    @property
    def queued(self) -> list[str]:
        """Ids of the waiting analyses, next first."""
        with self._changed:
            return [analysis.id for analysis in self._queue]

    def progress(self, analysis_id: str) -> Progress | None:
        """How far an analysis is, as its folder says; None before its first piece. Raises AnalysisError when there is
        none."""
        return progress_of(open_analysis(self._root, analysis_id))

    def wait(self, timeout_s: float) -> bool:
        """Block until nothing is at work or waiting; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._current is None and not self._queue, timeout_s)

    def close(self) -> None:
        """Stop the analysis at work, keep what it has, and end the thread; waiting ones count as stopped."""
        with self._changed:
            self._closed = True
            waiting = list(self._queue)
            self._queue.clear()
            self._stop.set()
            self._changed.notify_all()
        for analysis in waiting:
            _set_state(analysis, "stopped")
        self._thread.join()

    def enqueue(self, analysis: Analysis) -> str:
        """Queue an analysis that was made before; returns its id."""
        _set_state(analysis, "queued")
        with self._changed:
            self._queue.append(analysis)
            self._changed.notify_all()
        return analysis.id

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

    def _analyse(self, analysis: Analysis, stop: threading.Event) -> None:
        try:
            model = self._model(analysis.record["model"])
            detector = load_detector(analysis.record["detector"], self._checkpoints)
        except FerdashError as error:
            _set_state(analysis, "failed", error=str(error))
            return
        except Exception as error:
            logger.exception("analysis %s failed", analysis.id)
            _set_state(analysis, "failed", error=f"The model cannot be loaded ({type(error).__name__}: {error}).")
            return
        try:
            execute(analysis, model, detector, stop=stop)
        except FerdashError as error:
            # The sentence stands in status.json; the queue continues.
            logger.info("analysis %s failed: %s", analysis.id, error)
        except Exception:
            logger.exception("analysis %s failed", analysis.id)

    def _model(self, reference: str) -> EmotionModel:
        """The model, kept for the next analysis; that of a run may have changed and is loaded again."""
        if self._loaded is None or self._loaded[0] != reference or parse(reference).of_run:
            self._loaded = (reference, load_model(reference, self._checkpoints, engine="auto"))
        return self._loaded[1]


def unfinished(root: Path) -> list[Analysis]:
    """Analyses that were stopped, failed or interrupted and can be resumed, newest first."""
    states = ("stopped", "failed", "interrupted")
    return [
        analysis for analysis in list_analyses(root) if analysis.kind not in NOT_RESUMED and analysis.state in states
    ]


def _set_state(analysis: Analysis, state: Any, **facts: Any) -> None:
    known = {k: v for k, v in read_status(analysis.folder).items() if k not in ("state", "error", "finished_at")}
    write_status(analysis.folder, **{**known, **facts, "state": state})
