"""The learning rate as a pure function of progress, so that resuming has nothing to restore."""

import math

from ferdash.training.settings import ScheduleConfig


def rate_factor(config: ScheduleConfig, *, epoch: float, epochs: int, validation_losses: list[float]) -> float:
    """What optimizer.lr is multiplied by.

    epoch: progress in epochs, with its fraction (2.5: halfway through the third). validation_losses: of the epochs
    finished so far; only `plateau` looks at them. Cosine with warm restarts is Loshchilov and Hutter, "SGDR" (2017),
    equation 5, each cycle twice as long as the one before.
    """
    if epoch < config.warmup_epochs:
        # A tenth of a per mille instead of 0, so that the very first step already moves.
        return max(epoch / config.warmup_epochs, 1e-4)
    if config.name == "cosine":
        span = max(epochs - config.warmup_epochs, 1e-9)
        return _cosine((epoch - config.warmup_epochs) / span, config.floor)
    if config.name == "restarts":
        position, length = epoch - config.warmup_epochs, float(config.restart_epochs)
        while position >= length:
            position, length = position - length, length * 2
        return _cosine(position / length, config.floor)
    if config.name == "plateau":
        return max(config.factor ** _plateaus(validation_losses, config.patience), config.floor)
    return 1.0


def _cosine(progress: float, floor: float) -> float:
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))


def _plateaus(losses: list[float], patience: int) -> int:
    """How often the loss has failed to improve for more than `patience` epochs in a row."""
    best, waiting, count = math.inf, 0, 0
    for loss in losses:
        if loss < best:
            best, waiting = loss, 0
        else:
            waiting += 1
            if waiting > patience:
                count, waiting = count + 1, 0
    return count
