"""What a line of metrics.jsonl holds."""

from typing import Any, NotRequired, TypedDict


class MetricsRow(TypedDict):
    """One epoch, counted from 0; step: optimizer updates since the run's start.

    train_loss, train_accuracy: mean over the epoch's images as they were changed. seconds, images_per_s: of training.
    lr: of the last batch. parameters: weights of the network. validation, test: scores as Metrics.to_dict gives them,
    those of validation with `raters`, the scores against the raters' votes, None without votes. weights: sampling
    weight of each emotion in this epoch, None where each image was drawn once. focus, next_focus: emotions that were
    drawn more often, and that will be. drawn: images of each emotion. A run of no epochs has a single row without what
    training measures.
    """

    epoch: int
    step: int
    parameters: int
    validation: dict[str, Any]
    train_loss: NotRequired[float]
    train_accuracy: NotRequired[float]
    seconds: NotRequired[float]
    images_per_s: NotRequired[float]
    lr: NotRequired[float]
    weights: NotRequired[list[float] | None]
    focus: NotRequired[list[str]]
    drawn: NotRequired[list[int]]
    test: NotRequired[dict[str, Any]]
    next_focus: NotRequired[list[str]]
