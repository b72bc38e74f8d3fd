"""ONNX Runtime, and how its sessions are opened here: silent, on the caller's thread, on the processor.

Whoever needs ONNX Runtime asks for it here and nowhere else. Its import begins a thread that reports to a host of its
maker's unless it is told not to beforehand, and nothing leaves the machine.
"""

import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ferdash.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


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
    return package


def open_graph(path: Path, *, threads: int = 1) -> "InferenceSession":
    """The graph of an ONNX file, ready to run; safe to call from several threads at once.

    threads: how many share the work of one call, the caller's among them. One needs no other thread, so that a call
    takes no longer than the processor's share of its own: with two, each layer waits for the slower, and while other
    programs keep both cores busy that multiplies the time. Raises ModelError when ONNX Runtime is not installed, or
    cannot open the file.
    """
    package = onnxruntime()
    options = package.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the cores from whatever decodes, finds and follows faces meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return package.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors have no common base below Exception
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{path.name} in {path.parent} cannot be opened by ONNX Runtime ({reason}); export or fetch it anew."
        ) from error
