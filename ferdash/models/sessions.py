"""An exported network at work in ONNX Runtime, and what is recorded of it.

An export is a folder `onnx` in the model's own: model.onnx in float32, model_int8.onnx in 8-bit integers where it was
quantised, and export.json. The record names the weights, so that an export of others is never used.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import torch

from ferdash.errors import ModelError
from ferdash.files import write_json
from ferdash.models.runtime import open_graph

RECORD_FILE = "export.json"
FILES: dict[str, str] = {"onnx": "model.onnx", "int8": "model_int8.onnx"}


@dataclass(frozen=True)
class Export:
    """What is recorded of an export.

    weights: fingerprint of the network. difference: largest difference between a probability of model.onnx and of
    PyTorch, over `faces` faces. int8: what quantising changed (see ferdash.inference.compression), None without it.
    """

    model: str
    weights: str
    input_shape: tuple[int, int, int]
    opset: int
    difference: float
    faces: int
    megabytes: float
    versions: dict[str, str]
    int8: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class OnnxSession:
    """A network in ONNX Runtime on the processor; safe to call from several threads at once."""

    engine: Literal["onnx", "int8"]
    session: Any

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Float32 (N, C, H, W) on the CPU -> logits (N, labels) in the order of the network."""
        (logits,) = self.session.run(["logits"], {"pixel_values": pixels.contiguous().numpy()})
        return torch.from_numpy(logits)


def open_session(folder: Path, engine: Literal["onnx", "int8"]) -> OnnxSession:
    """The exported network in `folder`, with as many threads as PyTorch uses.

    Raises ModelError when ONNX Runtime is not installed, or cannot open the file.
    """
    return OnnxSession(engine, open_graph(folder / FILES[engine], threads=torch.get_num_threads()))


def write_export(folder: Path, export: Export) -> None:
    """Put the record into the folder of an export, in one step."""
    write_json(folder / RECORD_FILE, {"format": 1} | asdict(export))


def read_export(folder: Path) -> Export | None:
    """The record in the folder of an export, None where there is none. Raises ModelError when it cannot be read."""
    path = folder / RECORD_FILE
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values["input_shape"] = tuple(values["input_shape"])
        return Export(**{field.name: values[field.name] for field in fields(Export)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{RECORD_FILE} in {folder} cannot be read ({error}); export the model anew.") from error
