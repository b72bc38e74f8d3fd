"""A camera's analysis that is a stream of the Lab Streaming Layer too, and takes other programs' markers in."""

import logging
from typing import Any

import numpy as np

from ferdash.errors import FerdashError
from ferdash.inference.detector import Detector
from ferdash.live.engine import LiveEngine
from ferdash.live.lsl import EmotionOutlet, MarkerInlet, lsl_clock
from ferdash.live.view import LiveFace, LiveSettings
from ferdash.models.emotion_model import EmotionModel

logger = logging.getLogger(__name__)


class StreamingEngine(LiveEngine):
    """As LiveEngine, by LSL's clock. outlet: where each face goes as it is measured, unsmoothed. markers: what comes
    from there while a recording is on becomes a marker of the recording."""

    def __init__(
        self,
        model: EmotionModel,
        detector: Detector,
        settings: LiveSettings | None = None,
        *,
        outlet: EmotionOutlet,
        markers: MarkerInlet | None = None,
    ) -> None:
        super().__init__(model, detector, settings, clock=lsl_clock())
        self._outlet, self._markers = outlet, markers

    def _analyse(self, image: np.ndarray, time_s: float, settings: LiveSettings) -> tuple[LiveFace, ...]:
        faces = super()._analyse(image, time_s, settings)
        for face in faces:
            tracked = face.tracked
            self._outlet.push(tracked.track, face.raw, tracked.confidence, time_s, timestamp_s=time_s)
        return faces

    def _record(self, image: np.ndarray, arrived: float, faces: tuple[LiveFace, ...], neutral: bool) -> None:
        super()._record(image, arrived, faces, neutral)
        if self._markers is None:
            return
        recorder: Any = self._recorder
        for time_s, name in self._markers.pull():
            if recorder is not None:
                try:
                    recorder.mark(time_s, name)
                except FerdashError:
                    logger.exception("a marker of a recording is lost")
