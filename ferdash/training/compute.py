"""Where a run is computed: device, precision and threads."""

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

import torch

from ferdash.errors import ConfigError
from ferdash.training.settings import ComputeConfig


def pick_device(name: str) -> torch.device:
    """The device of a configuration; `auto` takes a CUDA GPU where there is one. Raises ConfigError if it is absent."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"compute.device is “{name}”, which PyTorch does not know; try auto, cpu or cuda.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"compute.device is {name}, but PyTorch sees no CUDA GPU here; use auto or cpu.")
    return device


def pick_dtype(config: ComputeConfig, device: torch.device) -> torch.dtype:
    """bfloat16 where asked for, or where `auto` finds hardware for it; else float32.

    On a processor without such instructions bfloat16 is emulated, at a tenth of the speed of float32.
    """
    if config.precision == "float32":
        return torch.float32
    if config.precision == "bfloat16" or _has_bfloat16(device):
        return torch.bfloat16
    return torch.float32


def set_threads(threads: int) -> int:
    """Use so many cores, 0 for all, shared with the other processes of this machine that train the same model; returns
    the number in use."""
    together = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    torch.set_num_threads(threads or max(1, (os.cpu_count() or 1) // together))
    return torch.get_num_threads()


def let_try(device: torch.device) -> None:
    """Let cuDNN try its ways of computing a convolution on the first batch of a shape; all of a run are of one."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True


def compiled(forward: Callable[[torch.Tensor], Any], images: int) -> Callable[[torch.Tensor], Any]:
    """`forward` as torch.compile fuses it, for batches of so many images; the epoch's last may have fewer and goes
    through as it is, since all would be compiled again for it.

    Raises ConfigError where there is no C++ compiler.
    """
    names = ("cl", "clang-cl") if sys.platform == "win32" else ("g++", "clang++", "c++")
    if not any(map(shutil.which, (*names, os.environ.get("CXX", "")))):
        raise ConfigError(
            f"compute.compile needs a C++ compiler, and none is found here ({', '.join(names)}). "
            "Install one, or train with compute.compile=false."
        )
    # What an earlier training of this process compiled counts against the number that PyTorch keeps.
    torch.compiler.reset()
    fused = torch.compile(forward, dynamic=False)
    return lambda pixels: fused(pixels) if len(pixels) == images else forward(pixels)


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
