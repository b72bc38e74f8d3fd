"""ONNX Runtime, and how graphs are opened and run here: silent, on the processor, faces shared among threads.

Whoever needs ONNX Runtime asks for it here and nowhere else. Its import begins a thread that reports to a host of its
maker's unless it is told not to beforehand, and nothing leaves the machine.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import numpy as np

from ferdash.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SHARE = 4
"""Faces that a thread takes at a time. Larger shares leave the processor's cache: one face of a batch of 32 takes a
third longer in 8-bit integers than one of four."""


@dataclass(frozen=True, eq=False)
class GraphRuntime:
    """A network in ONNX Runtime; safe to call from several threads at once.

    Each face is computed on one thread and a batch is shared out among as many as there are processors, so that threads
    wait for each other at its end and not at every layer.
    """

    engine: Literal["onnx", "int8"]
    runtime: "InferenceSession"

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Float32 (N, C, H, W) -> logits (N, labels) in the order of the network."""
        if len(pixels) <= SHARE:
            return self._run(pixels)
        shares = [pixels[start : start + SHARE] for start in range(0, len(pixels), SHARE)]
        return np.concatenate(list(_threads().map(self._run, shares)))

    def _run(self, pixels: np.ndarray) -> np.ndarray:
        (logits,) = self.runtime.run(["logits"], {"pixel_values": pixels})
        found: np.ndarray = logits
        return found


def onnxruntime() -> ModuleType:
    """The package, imported with its telemetry off. Raises ModelError when it is not installed."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime as package
    except ImportError as error:
        raise ModelError(
            f"ONNX Runtime cannot be imported ({error}); install it anew with `pip install -r requirements.txt`, or "
            "use the engine torch."
        ) from error
    found: ModuleType = package
    return found


def open_graph(path: Path, *, threads: int = 1, weights_in: Path | None = None) -> "InferenceSession":
    """The graph of an ONNX file, ready to run; safe to call from several threads at once.

    threads: how many share the work of one call, the caller's among them. One needs no other thread, so that a call
    takes no longer than the processor's share of its own: with two, each layer waits for the slower, and while other
    programs keep both cores busy that multiplies the time. weights_in: the folder of a file that the graph takes its
    weights from, where that is not its own. Raises ModelError when ONNX Runtime is not installed, or cannot open the
    file.
    """
    package = onnxruntime()
    options = package.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the cores from whatever decodes, finds and follows faces meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    source: str | bytes = os.fspath(path)
    try:
        if weights_in is not None:
            # ONNX Runtime refuses a path that leaves the graph's folder, unless the graph comes from memory.
            source = path.read_bytes()
            options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights_in))
        return package.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors have no common base below Exception
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{path.name} in {path.parent} cannot be opened by ONNX Runtime ({reason}); export or fetch it anew."
        ) from error


@cache
def _threads() -> ThreadPoolExecutor:
    """Shared by all graphs, so that models side by side do not ask for more threads than there are processors."""
    return ThreadPoolExecutor(processors(), thread_name_prefix="ferdash-graph")


def processors() -> int:
    """How many processors this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
