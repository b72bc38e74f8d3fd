"""What the requests share: models and detectors that are open, turns at computing, the queue of videos."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import BoundedSemaphore

from fastapi import Request

from ferdash.analyses.jobs import VideoJobs
from ferdash.inference.detector import Detector
from ferdash.inference.opened import detector_of, model_of
from ferdash.memory import give_back
from ferdash.models.catalogue import ModelEntry, list_models
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.engines import Engine
from ferdash.server.problems import ProblemError
from ferdash.server.settings import ServeSettings

MANY_TURNS = 200
"""After so many, pictures of every size have left gaps in memory, which are given back."""


class Workshop:
    """One for each server. Safe to use from several threads at once."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.analyses = settings.analyses
        self.jobs = VideoJobs(self.analyses, settings.checkpoints)
        self.cameras = BoundedSemaphore(settings.cameras)
        self._turns = BoundedSemaphore(settings.at_once)
        self._taken = count(1)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until fewer than `at_once` others compute. Raises ProblemError (503) when that takes too long."""
        if not self._turns.acquire(timeout=self.settings.waiting_s):
            detail = f"Others have kept ferdash busy for {self.settings.waiting_s:g} s; try again in a moment."
            raise ProblemError(503, detail, {"retry-after": "5"})
        try:
            yield
        finally:
            self._turns.release()
            if next(self._taken) % MANY_TURNS == 0:
                give_back()

    def models(self) -> list[ModelEntry]:
        """Those that can be used without the network."""
        return [entry for entry in list_models(self.settings.checkpoints) if entry.available]

    def model(self, reference: str, engine: Engine, tta: str) -> EmotionModel:
        """A listed model; a caller cannot have a path opened, or a model downloaded. Raises ProblemError (404)."""
        known = [entry.reference for entry in self.models()]
        if reference not in known:
            raise ProblemError(404, f"There is no model “{reference}” here; there are {', '.join(known)}.")
        return model_of(reference, self.settings.checkpoints, engine, tta)

    def detector(self, name: str) -> Detector:
        """Raises ModelError."""
        return detector_of(name, self.settings.checkpoints)

    def close(self) -> None:
        """End the queue; what is done so far stays."""
        self.jobs.close()


def workshop_of(request: Request) -> Workshop:
    """That of the server which a request came to."""
    workshop: Workshop = request.app.state.workshop
    return workshop
