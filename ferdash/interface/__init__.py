"""What `import ferdash` offers to notebooks and scripts; the names of `ferdash` itself lead here, when they are used.

Each function finds folders as the command line does (FERDASH_DATA, FERDASH_CHECKPOINTS), and its result is a data class
with the numbers, `.to_pandas()`, and a picture or a table where a notebook shows it.
"""

from ferdash.interface.datasets import Evaluation, evaluate, open_dataset
from ferdash.interface.pictures import Prediction, PredictionBatch, predict, predict_many
from ferdash.interface.training import Runs, TrainedRun, list_runs, train
from ferdash.interface.videos import VideoAnalysis, analyse_video

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
