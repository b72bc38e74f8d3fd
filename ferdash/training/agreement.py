"""What the raters of a dataset say of the network in training, and whether a dataset has them at all."""

import numpy as np

from ferdash.data.dataset import FaceDataset
from ferdash.data.votes import majority, targets
from ferdash.errors import ConfigError
from ferdash.evaluation.raters import RaterScores, compare_with_raters
from ferdash.training.config import TrainConfig


def raters_of(dataset: FaceDataset, rows: np.ndarray, probabilities: np.ndarray) -> RaterScores | None:
    """How probabilities, float (N, 7), of N rows of the dataset agree with its raters; None where nothing is known."""
    if dataset.votes is None:
        return None
    votes = dataset.votes[rows]
    return compare_with_raters(
        probabilities=probabilities,
        labels=dataset.labels[rows],
        votes=votes,
        majority=majority(votes),
        targets=targets(votes),
    )


def require_votes(dataset: FaceDataset, validation: np.ndarray, config: TrainConfig) -> None:
    """Raise ConfigError when the configuration asks for votes that the dataset does not have. validation: its rows."""
    votes = dataset.votes
    if config.loss.soft_votes and votes is None:
        raise ConfigError(
            f"loss.soft_votes learns raters' votes, but the dataset “{dataset.name}” has none. Import it with "
            "fer2013new.csv, or set loss.soft_votes to false."
        )
    if config.evaluation.select == "majority" and (votes is None or (majority(votes[validation]) < 0).all()):
        raise ConfigError(
            f"evaluation.select=majority needs raters' votes, but on no validation image of “{dataset.name}” do over "
            "half of them agree on an emotion. Import it with fer2013new.csv, or choose by another score."
        )
