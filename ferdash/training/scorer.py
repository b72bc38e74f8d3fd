"""What the network of a run sees in images as they are: with averaged weights where the run keeps them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ferdash.emotions import EMOTIONS
from ferdash.models.preprocess import Preprocess
from ferdash.training.processes import Processes
from ferdash.training.state import TrainingState

BATCH = 256


@dataclass(frozen=True, eq=False)
class Scorer:
    """images: uint8 (N, H, W), of the whole dataset. columns: for each of EMOTIONS, the network's output that holds it.
    after_batch is called after every batch."""

    images: np.ndarray
    columns: Sequence[int]
    preprocess: Preprocess
    device: torch.device
    processes: Processes
    after_batch: Callable[[], None]

    @torch.no_grad()
    def __call__(self, state: TrainingState, rows: np.ndarray) -> np.ndarray:
        """Probabilities of rows of the dataset, float32 (len(rows), 7) in the order of EMOTIONS, of the network as it
        would be shipped. Leaves the network in evaluation mode."""
        network = state.network.eval()
        self.processes.synchronise(dict(network.named_buffers()))
        self.processes.synchronise(state.averaged or {})
        mine = self.processes.shard(rows)
        results = [np.empty((0, len(EMOTIONS)), dtype=np.float32)]
        for start in range(0, len(mine), BATCH):
            pixels = self.preprocess(self.images[mine[start : start + BATCH]], self.device)
            if state.averaged is None:
                logits = network(pixels).logits
            else:
                logits = torch.func.functional_call(network, state.averaged, (pixels,)).logits
            results.append(logits.float()[:, self.columns].softmax(1).cpu().numpy())
            self.after_batch()
        return self.processes.gather(np.concatenate(results))
