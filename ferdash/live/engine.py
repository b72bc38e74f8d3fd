"""Faces in front of a camera, as they happen: the newest frame is analysed, those that came meanwhile are not.

Frames come in from the thread that receives them, which is never held up: it leaves each in a slot for one, and takes
what was drawn last. A worker thread empties the slot, follows the faces, classifies them, draws, records. It ends by
itself when frames stop coming, so a camera that was left alone costs nothing.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import cv2
import numpy as np

from ferdash.dynamics.baseline import Baseline, baseline_of
from ferdash.dynamics.smoothing import ExponentialSmoother
from ferdash.errors import FerdashError
from ferdash.inference.detector import Detector
from ferdash.inference.framing import crop_box, crop_face
from ferdash.inference.photos import ClassifiedFace
from ferdash.live.buffer import RecentBuffer, RecentSeries
from ferdash.live.overlay import draw_live
from ferdash.live.view import BeginRecording, Calibration, LiveFace, LiveSettings, LiveView, Recorder
from ferdash.models.emotion_model import EmotionModel
from ferdash.tracking.association import Tracker
from ferdash.video.display import RgbConverter

logger = logging.getLogger(__name__)

RATE_S = 2.0
"""Frames a second and latency are told of so many last seconds."""


class LiveEngine:
    """One camera's analysis. All methods may be called from any thread and return at once."""

    def __init__(
        self,
        model: EmotionModel,
        detector: Detector,
        settings: LiveSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model, self._detector = model, detector
        self._settings = settings or LiveSettings()
        self._clock = clock
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._problem: str | None = None
        self._recorded: str | None = None
        self._recording_problem: str | None = None
        self._recorder: Recorder | None = None
        self._begin_recording: BeginRecording | None = None
        self._end_recording = False
        self._reset()

    def _reset(self) -> None:
        """Forget everything about the last camera; its faces are not those of the next one."""
        self._slot: tuple[Any, float] | None = None
        self._converter = RgbConverter()
        self._drawn: np.ndarray | None = None
        self._faces: tuple[LiveFace, ...] = ()
        self._size = self._steady_size = (0, 0)
        self._analysed = self._skipped = 0
        self._finished: deque[tuple[float, float]] = deque()  # when a frame was done, and its latency
        self._tracker = self._new_tracker()
        self._smoothers: dict[int, ExponentialSmoother] = {}
        self._recent = RecentBuffer(self._settings.timeline_s)
        self._baseline: dict[int, Baseline] = {}
        self._calibrating_until: float | None = None
        self._samples: dict[int, list[np.ndarray]] = {}
        self._calibrated: tuple[int, ...] | None = None

    def _new_tracker(self) -> Tracker:
        return Tracker(self._detector, every=self._settings.detect_every, detect_side=self._settings.detection_side)

    # --- frames in, pictures out ------------------------------------------------------------------------------------

    def offer(self, frame: Any, arrived_s: float | None = None) -> None:
        """Leave the newest frame, uint8 RGB (H, W, 3) or a frame of PyAV, in place of one that still waits."""
        arrived = self._clock() if arrived_s is None else arrived_s
        with self._changed:
            if self._stopping or self._problem is not None:
                return
            if self._thread is None:
                self._reset()
                self._thread = threading.Thread(target=self._work, name="ferdash-live", daemon=True)
                self._thread.start()
            self._skipped += self._slot is not None
            self._slot = (frame, arrived)
            self._changed.notify_all()

    def drawn(self) -> np.ndarray | None:
        """The newest analysed frame with its faces drawn, uint8 RGB; None while there is none. Only to be read."""
        with self._changed:
            return self._drawn

    @property
    def threshold(self) -> float:
        """Below this top probability no emotion is named."""
        return self._settings.threshold

    def view(self) -> LiveView:
        """Everything there is to see now."""
        with self._changed:
            now = self._clock()
            recent = [latency for done, latency in self._finished if done > now - RATE_S]
            first = self._finished[0][0] if self._finished else now
            span = min(RATE_S, max(now - first, 1e-3))
            return LiveView(
                running=self._thread is not None and not self._stopping,
                faces=self._faces,
                fps=(len(recent) - 1) / span if len(recent) > 1 else 0.0,
                latency_s=median(recent) if recent else None,
                analysed=self._analysed,
                skipped=self._skipped,
                size=self._size,
                calibration=self._calibration(now),
                recording=self._recorder.state() if self._recorder else None,
                recorded=self._recorded,
                recording_problem=self._recording_problem,
                problem=self._problem,
            )

    def recent(self) -> list[RecentSeries]:
        """Each face's last seconds, smoothed, by track."""
        with self._changed:
            return self._recent.series(self._clock())

    def stop(self) -> None:
        """End the worker, and the recording with it; the next frame starts anew."""
        with self._changed:
            self._stopping = self._thread is not None
            self._slot = None
            self._changed.notify_all()

    def wait_until_stopped(self, timeout_s: float) -> bool:
        """Block until the worker has ended; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._thread is None, timeout_s)

    # --- what a person asks for -------------------------------------------------------------------------------------

    def configure(self, *, tau_s: float) -> None:
        """Change the smoothing from the next frame on."""
        with self._changed:
            self._settings = replace(self._settings, tau_s=tau_s)

    def calibrate(self) -> None:
        """Take what comes in the next seconds as every person's neutral baseline."""
        with self._changed:
            self._calibrating_until = self._clock() + self._settings.calibration_s
            self._samples, self._calibrated = {}, None

    def forget_neutral(self) -> None:
        """Show probabilities as they are again."""
        with self._changed:
            self._baseline, self._calibrated, self._calibrating_until = {}, None, None

    def start_recording(self, begin: BeginRecording) -> None:
        """Record from the next frame on; the worker, which writes, calls `begin`."""
        with self._changed:
            if self._recorder is None:
                self._begin_recording, self._end_recording = begin, False
                self._recorded = self._recording_problem = None

    def stop_recording(self) -> None:
        """Finish the recording; its id is `recorded` in the view as soon as it is whole."""
        with self._changed:
            self._begin_recording = None
            self._end_recording = self._recorder is not None
            self._changed.notify_all()

    def dismiss_problem(self) -> None:
        """Try again with the next frame after something has failed."""
        with self._changed:
            self._problem = None

    # --- the worker -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        problem: str | None = None
        try:
            if self._model.engine == "torch":
                _one_thread_of_pytorch()
            while (taken := self._take()) is not None:
                self._process(*taken)
        except FerdashError as error:
            problem = str(error)
        except Exception:
            logger.exception("the live analysis failed")
            problem = "The live analysis failed. The details are in the terminal in which the app was started."
        finally:
            self._close_recording(problem)
            with self._changed:
                self._problem = problem
                self._thread, self._stopping, self._slot, self._drawn, self._faces = None, False, None, None, ()
                self._begin_recording = None
                self._changed.notify_all()

    def _take(self) -> tuple[Any, float] | None:
        """The newest frame and its arrival, once there is one; None when the worker is to end."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._stopping or self._slot or self._end_recording, self._settings.idle_s
                )
                ending, taken, self._slot = self._end_recording, self._slot, None
                if self._stopping or not (taken or ending):
                    return None
            if ending:
                self._close_recording(None)
            if taken is not None:
                return taken

    def _process(self, frame: Any, arrived: float) -> None:
        arrived_image = frame if isinstance(frame, np.ndarray) else self._converter.as_stored(frame)
        image = self._steady(arrived_image)
        with self._changed:
            settings = self._settings
        faces = self._analyse(image, arrived, settings)
        neutral = self._sample(faces, arrived)
        self._record(image, arrived, faces, neutral)
        shown = [face.classified for face in faces]
        recording = self._recorder is not None
        drawn = draw_live(image, shown, threshold=settings.threshold, recording=recording)
        with self._changed:
            done = self._clock()
            self._finished.append((done, done - arrived))
            while self._finished[0][0] <= done - RATE_S:
                self._finished.popleft()
            for face in faces:
                self._recent.add(face.tracked.track, arrived, face.classified.probabilities)
            self._forget_the_gone()
            self._drawn, self._faces = drawn, faces
            self._size = arrived_image.shape[1], arrived_image.shape[0]
            self._analysed += 1

    def _steady(self, image: np.ndarray) -> np.ndarray:
        """The frame at the largest size so far: on a busy line browsers send smaller ones now and then, and a face
        should not jump because of that."""
        height, width = image.shape[:2]
        known_width, known_height = self._steady_size
        if width >= known_width or abs(width * known_height - height * known_width) > known_width:
            self._steady_size = width, height
            return image
        return cv2.resize(image, self._steady_size, interpolation=cv2.INTER_LINEAR)

    def _record(self, image: np.ndarray, arrived: float, faces: tuple[LiveFace, ...], neutral: bool) -> None:
        """Begin a recording that was asked for, and add this frame to it; trouble ends the recording alone."""
        with self._changed:
            begin, self._begin_recording = self._begin_recording, None
        try:
            if begin is not None:
                size = image.shape[1], image.shape[0]
                recorder = begin(size=size, fps=self.view().fps, settings=self._settings)
                with self._changed:
                    self._recorder = recorder
            if self._recorder is not None:
                self._recorder.add(image, arrived, faces, neutral=neutral)
        except FerdashError as error:
            self._close_recording(str(error))
            with self._changed:
                self._recording_problem = str(error)

    def _analyse(self, image: np.ndarray, time_s: float, settings: LiveSettings) -> tuple[LiveFace, ...]:
        tracked = self._tracker.update(image, time_s)
        if not tracked:
            return ()
        found = [face.as_face() for face in tracked]
        boxes = [crop_box(face) for face in found]
        crops = np.stack([crop_face(image, box) for box in boxes])
        faces = []
        for place, raw in enumerate(self._model.probabilities(crops)):
            track = tracked[place].track
            smoothed = self._smooth(track, time_s, raw, settings.tau_s)
            classified = ClassifiedFace(track, found[place], boxes[place], crops[place], smoothed.astype(np.float32))
            baseline = self._baseline.get(track)
            change = None if baseline is None else smoothed - baseline.level
            faces.append(LiveFace(tracked[place], classified, raw, change))
        return tuple(faces)

    def _smooth(self, track: int, time_s: float, raw: np.ndarray, tau_s: float) -> np.ndarray:
        if tau_s <= 0:
            return raw.astype(np.float64)
        smoother = self._smoothers.setdefault(track, ExponentialSmoother())
        smoother.tau_s = tau_s
        return smoother.update(time_s, raw)

    def _forget_the_gone(self) -> None:
        """Keep only what belongs to faces of the shown time, so that a day of passers-by leaves nothing behind."""
        known = self._recent.tracks()
        self._smoothers = {track: value for track, value in self._smoothers.items() if track in known}
        self._baseline = {track: value for track, value in self._baseline.items() if track in known}

    # --- the neutral baseline -----------------------------------------------------------------------------------------

    def _sample(self, faces: tuple[LiveFace, ...], time_s: float) -> bool:
        """Collect while a person looks neutral, and take the mean at the end. Whether this frame counts as neutral."""
        with self._changed:
            if self._calibrating_until is None:
                return False
            if time_s <= self._calibrating_until:
                for face in faces:
                    self._samples.setdefault(face.tracked.track, []).append(face.raw)
                return True
            self._baseline |= {track: baseline_of(np.stack(rows)) for track, rows in self._samples.items()}
            self._calibrated, self._calibrating_until, self._samples = tuple(sorted(self._samples)), None, {}
            return False

    def _calibration(self, now: float) -> Calibration | None:
        if self._calibrating_until is not None:
            return Calibration(max(self._calibrating_until - now, 0.0), ())
        return None if self._calibrated is None else Calibration(0.0, self._calibrated)

    def _close_recording(self, problem: str | None) -> None:
        """Finish the recording, if any; problem: why it ends early."""
        with self._changed:
            recorder, self._end_recording = self._recorder, False
        if recorder is None:
            return
        try:
            recorder.close(problem)
        except FerdashError as error:
            problem = str(error)
        finally:
            with self._changed:
                self._recorder, self._recorded, self._recording_problem = None, recorder.analysis, problem


def warm_up(model: EmotionModel, detector: Detector) -> None:
    """Run detector and model once on an empty picture, so that the first frame of a camera does not wait for them."""
    detector(np.zeros((240, 320, 3), dtype=np.uint8))
    model.probabilities(np.zeros((1, 48, 48), dtype=np.uint8))


def _one_thread_of_pytorch() -> None:
    """One face at a time is too little to share: with a thread for each core, waiting for one another takes far longer
    than the network itself as soon as anything else is running. The setting is the calling thread's own."""
    import torch

    torch.set_num_threads(1)
