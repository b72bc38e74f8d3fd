"""The one object that changes while a run trains, and its form on disk.

Sample order, augmentation, dropout and learning rate are functions of (seed, epoch, step), so this is all there is to
restore: weights, their running average, the optimizer's moments, the position, and what has been measured so far.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, cast

import torch
from transformers import PreTrainedModel

from ferdash.emotions import EMOTIONS
from ferdash.errors import CheckpointError, ConfigError
from ferdash.models.weights import load_weights, pack_network
from ferdash.runs.metrics_row import MetricsRow
from ferdash.runs.store import METRICS_SHAPE
from ferdash.shapes import Needed, Row, fitting
from ferdash.training.focus import Focus
from ferdash.training.settings import OptimizerConfig
from ferdash.training.torch_compat import move_towards
from ferdash.wording import counted

FORMAT = 2


@dataclass
class Position:
    """Where a run stands. epoch, batch: the next batch to train, counted from 0. step: optimizer updates so far.
    loss_sum, correct, seen: of the epoch under way."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    correct: float = 0.0
    seen: int = 0
    seconds: float = 0.0


@dataclass
class TrainingState:
    """network and optimizer; averaged: running average of the weights by name, None when not kept; position; history:
    the metrics row of each finished epoch; best: highest selection score so far and its epoch; focus: that of the epoch
    under way, None before adaptive focus has measured anything."""

    network: PreTrainedModel
    optimizer: torch.optim.Optimizer
    averaged: dict[str, torch.Tensor] | None
    position: Position = field(default_factory=Position)
    history: list[MetricsRow] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    focus: Focus | None = None


def make_optimizer(network: torch.nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Decoupled weight decay on matrices and kernels only; norms and biases are left alone. The fused form updates all
    parameters in one call: on two cores a batch of 128 trains 1.2 times as fast with it."""
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0)
    return torch.optim.AdamW(groups, lr=config.lr, fused=True)


def freeze(network: torch.nn.Module, stages: int) -> None:
    """Leave the leading stages of a network as they are: no gradients, and no new statistics of their batch norm.

    Raises ConfigError, and nothing changed, where that would leave nothing to train.
    """
    parts = list(network.children())
    last = max((place for place, part in enumerate(parts) if any(True for _ in part.parameters())), default=0)
    if stages > last:
        raise ConfigError(
            f"optimizer.freeze is {stages:,}, but this network has {counted(last, 'part')} before its last layer; "
            f"choose at most {last}."
        )
    for child in parts[:stages]:
        child.eval().requires_grad_(False)


def start_average(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A running average that begins at the network's present weights and statistics."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


@torch.no_grad()
def update_average(averaged: dict[str, torch.Tensor], network: torch.nn.Module, decay: float, step: int) -> None:
    """Move the average towards the network. The decay starts low and reaches `decay` over the first steps, so that
    the random start is soon forgotten (as in TensorFlow's ExponentialMovingAverage)."""
    decay = min(decay, (1 + step) / (10 + step))
    current = network.state_dict()
    floats = [name for name, tensor in averaged.items() if tensor.is_floating_point()]
    move_towards([averaged[name] for name in floats], [current[name] for name in floats], 1 - decay)
    for name, tensor in averaged.items():
        if not tensor.is_floating_point():
            tensor.copy_(current[name])


def pack_state(state: TrainingState, *, config: dict[str, Any], preprocess: dict[str, Any]) -> dict[str, Any]:
    """The state as plain data for a checkpoint file."""
    return {
        "format": FORMAT,
        "config": config,
        "network": pack_network(state.network, preprocess),
        "averaged": None if state.averaged is None else {n: t.detach().cpu() for n, t in state.averaged.items()},
        "optimizer": state.optimizer.state_dict(),
        "position": vars(state.position).copy(),
        "history": state.history,
        "best": state.best,
        "focus": None if state.focus is None else asdict(state.focus),
    }


def restore_state(state: TrainingState, packed: dict[str, Any]) -> None:
    """Put a packed state into a freshly made one. Raises CheckpointError when it belongs to another architecture."""
    if packed.get("format") not in (1, FORMAT) or "optimizer" not in packed:
        raise CheckpointError("This checkpoint holds a network only, not a training state; start a new run from it.")
    try:
        _restore(state, packed)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"This checkpoint holds something else than ferdash writes there ({type(error).__name__}: "
            f"{str(error)[:120]}). Take the one before it."
        ) from error


def require_state(packed: dict[str, Any], name: str) -> None:
    """Raise CheckpointError where a checkpoint does not say at which place and with which best score it was written."""
    try:
        _checked(packed["position"], _POSITION, "position")
        _checked(packed["best"] or _NO_BEST, _BEST, "best")
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{name} holds something else than ferdash writes there ({error}). Take another checkpoint."
        ) from error


def _restore(state: TrainingState, packed: dict[str, Any]) -> None:
    load_weights(state.network, packed["network"]["weights"])
    if packed["optimizer"] is not None:
        _restore_optimizer(state.optimizer, packed["optimizer"])
    if state.averaged is not None:
        device = next(state.network.parameters()).device
        source = packed["averaged"] or state.network.state_dict()
        state.averaged = {name: tensor.detach().to(device, copy=True) for name, tensor in source.items()}
    state.position = Position(**_checked(packed["position"], _POSITION, "position"))
    state.history = [_row(row) for row in packed["history"]]
    state.best = _checked(packed["best"], _BEST, "best") if packed["best"] else {}
    state.focus = _focus_of(packed)


def _focus_of(packed: dict[str, Any]) -> Focus | None:
    kept = packed["focus"]
    if isinstance(kept, list):  # format 1 kept the emotions, their weights and F1 apart
        kept = {"emotions": kept, "weights": packed["weights"], "f1": packed["focus_f1"]} if kept else None
    return None if kept is None else Focus(**_checked(kept, _FOCUS, "focus"))


def _row(value: Any) -> MetricsRow:
    row = fitting(value, METRICS_SHAPE)
    if row is None:
        raise ValueError("its history is no history")
    return cast(MetricsRow, row)


def _checked(value: Any, shape: dict[str, Any], what: str) -> dict[str, Any]:
    found = fitting(value, shape)
    if found is None or found != value:
        raise ValueError(f"its {what} is no {what}")
    if any(isinstance(number, int | float) and number < 0 for name, number in found.items() if name in _POSITION):
        raise ValueError(f"its {what} is negative")
    return dict(found)


_POSITION: dict[str, Any] = {
    **dict.fromkeys(("epoch", "batch", "step", "seen"), Needed(int)),
    **dict.fromkeys(("loss_sum", "correct", "seconds"), Needed(float)),
}
_BEST: dict[str, Any] = {"score": Needed(float), "epoch": Needed(int), "select": str}
_NO_BEST = {"score": 0.0, "epoch": 0}
_SEVEN = Row(float, len(EMOTIONS))
_FOCUS: dict[str, Any] = {"emotions": Needed([int]), "weights": Needed(_SEVEN), "f1": Needed(_SEVEN)}


def _restore_optimizer(optimizer: torch.optim.Optimizer, packed: dict[str, Any]) -> None:
    """The moments come from the checkpoint, the settings from the configuration, which may have changed since."""
    settings = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    try:
        optimizer.load_state_dict(packed)
    except ValueError as error:
        raise CheckpointError(f"The optimizer of this checkpoint does not fit the network: {error}.") from error
    for group, present in zip(optimizer.param_groups, settings, strict=True):
        group.update(present)
