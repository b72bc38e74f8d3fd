"""Weights as safetensors: where each tensor lies in the file, and the file at half its size."""

import json
from dataclasses import dataclass
from pathlib import Path

WEIGHTS_FILE = "model.safetensors"
"""In a model's folder, as transformers calls it."""


@dataclass(frozen=True)
class StoredTensor:
    """kind: F16, F32, I64 and so on. start, length: in bytes, from the beginning of the file."""

    kind: str
    shape: tuple[int, ...]
    start: int
    length: int


def read_header(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a safetensors file by name: 8 bytes say how long the JSON after them is, which describes the rest
    (https://github.com/huggingface/safetensors#format)."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        entries = json.loads(file.read(size))
    entries.pop("__metadata__", None)
    return {
        name: StoredTensor(
            entry["dtype"],
            tuple(entry["shape"]),
            8 + size + entry["data_offsets"][0],
            entry["data_offsets"][1] - entry["data_offsets"][0],
        )
        for name, entry in entries.items()
    }


def halve(path: Path) -> None:
    """Store the matrices and kernels of a safetensors file in float16, rounded to nearest; vectors, which are few and
    whose range can be wide, stay as they are. Whoever opens the file has them in float32 again."""
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no mapping)
    small = {
        name: tensor.half() if tensor.ndim > 1 and tensor.dtype == torch.float32 else tensor
        for name, tensor in tensors.items()
    }
    mode = path.stat().st_mode
    save_file(small, path, metadata=metadata)
    path.chmod(mode)
