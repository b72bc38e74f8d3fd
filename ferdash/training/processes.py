"""Several processes that train one model: the same command under `accelerate launch`.

    accelerate launch --multi_gpu --num_processes 2 -m ferdash train --recipe fernet

Hugging Face Accelerate finds the others and wraps the network in DistributedDataParallel, over NCCL between GPUs and
over gloo between processors (`--multi_gpu` starts those too). batch_size is that of all processes together: each takes
its share of every batch, so a network without batch norm ends at the weights of one process, but for the order of
floating-point sums. Batch norm normalises by the images of its own process alone, as if the batch were so much smaller,
and the running statistics are those of the first process: FerNet trains well that way, but to other weights. Dropout
draws differently in each process.

The first process writes the run folder; the others read it, so on several machines it must lie where all can read it.
"""

import os
from typing import Any

import numpy as np
import torch
from torch import nn


class Processes:
    """The processes at work on one run, seen from one of them. Alone, every method returns what it was given."""

    count = 1
    index = 0
    device: torch.device | None = None

    @property
    def main(self) -> bool:
        """Whether this is the process that writes."""
        return self.index == 0

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are the mean over the processes."""
        return network

    def shard(self, rows: Any) -> Any:
        """This process's part of an array or tensor of rows; the parts together are the whole."""
        return rows

    def sum(self, values: list[float]) -> list[float]:
        """Each number summed over the processes, the same in all of them."""
        return values

    def gather(self, part: np.ndarray) -> np.ndarray:
        """The whole again, from what each process made of its `shard`."""
        return part

    def synchronise(self, tensors: dict[str, torch.Tensor]) -> None:
        """Take over the first process's values, in place."""

    def broadcast(self, value: Any) -> Any:
        """The first process's value, in all of them."""
        return value


class _Launched(Processes):
    """One of several processes, started by `accelerate launch` or torchrun."""

    def __init__(self) -> None:
        from accelerate import Accelerator

        self._accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.count, self.index = self._accelerator.num_processes, self._accelerator.process_index
        self.device = self._accelerator.device

    def wrap(self, network: nn.Module) -> nn.Module:
        found: nn.Module = self._accelerator.prepare_model(network)
        return found

    def shard(self, rows: Any) -> Any:
        return rows[self.index :: self.count]

    def sum(self, values: list[float]) -> list[float]:
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(total)
        return total.tolist()

    def gather(self, part: np.ndarray) -> np.ndarray:
        parts: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(parts, part)
        whole = np.empty((sum(map(len, parts)), *part.shape[1:]), dtype=part.dtype)
        for index, rows in enumerate(parts):
            whole[index :: self.count] = rows
        return whole

    def synchronise(self, tensors: dict[str, torch.Tensor]) -> None:
        for tensor in tensors.values():
            torch.distributed.broadcast(tensor, src=0)

    def broadcast(self, value: Any) -> Any:
        box = [value if self.main else None]
        torch.distributed.broadcast_object_list(box, src=0)
        return box[0]


SINGLE_PROCESS = Processes()


def join_processes() -> Processes:
    """The processes this one was started with; SINGLE_PROCESS where it was started by itself."""
    return _Launched() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else SINGLE_PROCESS
