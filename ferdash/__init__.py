"""ferdash: a local workbench for facial emotion recognition. This package is the core; it never imports streamlit."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# PyTorch's threads wait for work by spinning, for milliseconds after each layer. Whatever else computes meanwhile
# (decoding, detecting, a second run) lacks those cores; a thousand turns cost a network that is alone nothing that can
# be measured, and analyse a video a fifth faster. To be set before PyTorch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# ONNX Runtime, from its import on, keeps an id of this computer in the home folder and looks up a host to report to;
# its disable_telemetry_events() comes too late for both. To be set before ONNX Runtime is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ferdash.interface import (
        Evaluation,
        Prediction,
        PredictionBatch,
        Runs,
        TrainedRun,
        VideoAnalysis,
        analyse_video,
        evaluate,
        list_runs,
        open_dataset,
        predict,
        predict_many,
        train,
    )

__all__ = [
    "Evaluation",
    "Prediction",
    "PredictionBatch",
    "Runs",
    "TrainedRun",
    "VideoAnalysis",
    "analyse_video",
    "evaluate",
    "list_runs",
    "open_dataset",
    "predict",
    "predict_many",
    "train",
]


def __getattr__(name: str) -> object:
    # Importing these at once would take a second that `ferdash --help` and every test of the core would wait for.
    if name in __all__:
        return getattr(import_module("ferdash.interface"), name)
    raise AttributeError(f"module 'ferdash' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
