"""Models and detectors that were opened once stay open, until their files change."""

from functools import lru_cache
from pathlib import Path

from ferdash.inference.detector import DEFAULT_DETECTOR, Detector, load_detector
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.engines import Engine
from ferdash.models.loading import load_model
from ferdash.models.reference import files_behind
from ferdash.paths import checkpoints_root

__all__ = ["DEFAULT_DETECTOR", "DEFAULT_MODEL", "detector_of", "model_of"]


def model_of(reference: str, engine: Engine, tta: str) -> EmotionModel:
    """The model of a reference. Raises ModelError."""
    checkpoints = checkpoints_root().absolute()
    stamp = tuple(path.stat().st_mtime_ns for path in files_behind(reference, checkpoints))
    return _model(reference, checkpoints, engine, tta, stamp)


def detector_of(name: str) -> Detector:
    """The face detector of that name. Raises ModelError."""
    return _detector(name, checkpoints_root().absolute())


@lru_cache(maxsize=4)
def _model(reference: str, checkpoints: Path, engine: Engine, tta: str, stamp: tuple[int, ...]) -> EmotionModel:
    return load_model(reference, checkpoints, engine=engine, tta=tta)


@lru_cache(maxsize=4)
def _detector(name: str, checkpoints: Path) -> Detector:
    return load_detector(name, checkpoints)
