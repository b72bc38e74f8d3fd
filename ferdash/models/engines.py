"""What can compute a model: PyTorch, or ONNX Runtime where the model has been exported.

An export in float32 is kept only if no probability is further than TOLERANCE from PyTorch's, so it is taken wherever it
is there. 8-bit integers are used on request alone.
"""

import platform
from pathlib import Path
from typing import Literal, get_args

from ferdash.errors import ModelError

Engine = Literal["auto", "torch", "onnx", "int8"]
TOLERANCE = 1e-4
"""How far a probability of ONNX Runtime in float32 may be from PyTorch's. Measured for FerNet: 0.000002."""


def check_engine(engine: str, device: str | None = None) -> None:
    """Raise ModelError for an engine that does not exist, or that does not work on the device asked for."""
    if engine not in get_args(Engine):
        raise ModelError(f"There is no engine “{engine}”; choose one of {', '.join(get_args(Engine))}.")
    if engine in ("onnx", "int8") and device not in (None, "cpu"):
        raise ModelError(f"The engine {engine} runs on the processor (cpu), not on {device}; leave the device out.")


def machine() -> str:
    """The processor, as far as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
