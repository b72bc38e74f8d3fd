"""Models and detectors that were opened once stay open, until their files change: for whatever serves many requests."""

from functools import lru_cache
from pathlib import Path

from ferdash.inference.detector import Detector, load_detector
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.engines import Engine
from ferdash.models.loading import load_model
from ferdash.models.reference import files_behind


def model_of(reference: str, checkpoints: Path, engine: Engine, tta: str) -> EmotionModel:
    """The model of a reference. Raises ModelError."""
    stamp = tuple(path.stat().st_mtime_ns for path in files_behind(reference, checkpoints))
    return _model(reference, checkpoints.absolute(), engine, tta, stamp)


@lru_cache(maxsize=4)
def detector_of(name: str, checkpoints: Path) -> Detector:
    """The face detector of that name. Raises ModelError."""
    return load_detector(name, checkpoints)


@lru_cache(maxsize=4)
def _model(reference: str, checkpoints: Path, engine: Engine, tta: str, stamp: tuple[int, ...]) -> EmotionModel:
    return load_model(reference, checkpoints, engine=engine, tta=tta)
