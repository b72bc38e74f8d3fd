"""How a run at work is watched and steered from outside its thread."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """What a watcher sees while a run is at work. phase: `compiling`, `training` or `evaluating`; epoch and batch
    count from 0; eta_s: seconds left at the present speed, None until that is known."""

    phase: str
    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float | None
    images_per_s: float | None
    eta_s: float | None


@dataclass
class Control:
    """The ways to steer a run from another thread. stop ends it with a checkpoint; pause holds it."""

    stop: threading.Event = field(default_factory=threading.Event)
    pause: threading.Event = field(default_factory=threading.Event)
