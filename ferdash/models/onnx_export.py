"""From a network of PyTorch to files for ONNX Runtime: in float32, and quantised to 8-bit integers.

A graph in float32 beside model.safetensors takes its weights from there (`share_weights`): the same numbers need not
lie in two files.

Both take `pixel_values` (N, C, H, W), prepared as Preprocess does, for any N, and give `logits` (N, labels) in the
network's own order, as files exported by others do.
"""

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from ferdash.errors import ModelError
from ferdash.files import write_atomic
from ferdash.models.exported import FILES
from ferdash.models.runtime import onnxruntime
from ferdash.models.torch_model import TorchModel
from ferdash.models.weight_files import read_header

OPSET = 20

SMALL = 4096
"""Bytes of a tensor that are not worth sharing."""

_KINDS: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


EXTRA = "pip install 'ferdash[onnx]'"
"""What installs the packages that export."""


def require_onnx() -> ModuleType:
    """The package onnx. Raises ModelError that names the extra when it or onnxscript is missing."""
    onnxruntime()
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ModelError(f"Exporting to ONNX needs the package {error.name}: {EXTRA}") from error
    return onnx


def can_export() -> bool:
    """Whether the packages that export are installed."""
    return all(find_spec(package) is not None for package in ("onnx", "onnxruntime", "onnxscript"))


def export_float32(model: TorchModel, folder: Path) -> Path:
    """Write the model's network to `folder`/model.onnx; returns the file.

    Raises ModelError when a package is missing, or PyTorch's exporter cannot follow the network.
    """
    onnx = require_onnx()
    wrapped = _Logits(model.network).eval()
    # Two images: the exporter takes a batch of one for a constant.
    pixels = model.preprocess(np.zeros((2, 48, 48), dtype=np.uint8)).contiguous()
    shapes = {"pixel_values": {0: torch.export.Dim("images")}}
    try:
        with _quietly():
            program = torch.onnx.export(
                wrapped,
                (pixels,),
                input_names=["pixel_values"],
                output_names=["logits"],
                dynamic_shapes=shapes,
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # whatever the exporter stumbles over, it raises errors of its own making
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"PyTorch cannot export the network of {model.reference} to ONNX: {reason}") from error
    proto = program.model_proto  # type: ignore[union-attr]
    for line in (proto.graph.node, proto.graph.value_info, proto.functions):
        for entry in line:  # PyTorch notes the source line of each operation, with the paths of this machine
            del entry.metadata_props[:]
    for node in proto.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(proto)
    target = folder / FILES["onnx"]
    write_atomic(target, lambda file: file.write(proto.SerializeToString()))
    return target


def quantise(source: Path, folder: Path, batches: list[np.ndarray]) -> Path:
    """Write `source` (model.onnx) in 8-bit integers to `folder`/model_int8.onnx; returns the file.

    batches: float32 (n, C, H, W), prepared faces from train, whose activations set the ranges. Weights are scaled by
    output channel, activations by tensor (Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference" (2018)). Raises ModelError when a package is missing.
    """
    require_onnx()
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as workspace, _quietly():
        prepared, small = Path(workspace) / "prepared.onnx", Path(workspace) / "int8.onnx"
        quant_pre_process(os.fspath(source), os.fspath(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(
            os.fspath(prepared),
            os.fspath(small),
            _Batches(batches),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            # Processors without VNNI add two products in 16 bits, which overflow unless weights stay within 7 bits.
            reduce_range=True,
        )
        target = folder / FILES["int8"]
        write_atomic(target, lambda file: file.write(small.read_bytes()))
    return target


def share_weights(graph: Path, weights: Path) -> bool:
    """Have a graph of `export_float32` take its weights from a safetensors file, as far as they stand there; whether
    any do. The file is named without its folder, which whoever opens the graph has to know.

    The exporter folds batch norm into the convolution before it, which multiplies each of its output channels by a
    number: such a weight is the one in the file times those numbers. ONNX Runtime computes it once, when the graph is
    opened. Raises ModelError when a package is missing.
    """
    onnx = require_onnx()
    proto = onnx.load(graph)
    stored = read_header(weights)
    added, shared = [], False
    for tensor in list(proto.graph.initializer):
        entry = stored.get(tensor.name.removeprefix("network."))
        if entry is None or entry.kind not in _KINDS or entry.length < SMALL:
            continue
        values = onnx.numpy_helper.to_array(tensor)
        source = np.fromfile(
            weights, _KINDS[entry.kind], entry.length // _KINDS[entry.kind].itemsize, offset=entry.start
        )
        factors = _factors(values, source.reshape(entry.shape)) if values.shape == entry.shape else None
        if factors is None:
            continue
        shared, name = True, tensor.name
        if entry.kind == "F16":
            added.append(
                onnx.helper.make_node("Cast", [f"{name}.stored"], [f"{name}.float"], to=onnx.TensorProto.FLOAT)
            )
        column = factors.reshape(-1, *[1] * (values.ndim - 1))
        proto.graph.initializer.append(onnx.numpy_helper.from_array(column, f"{name}.factors"))
        unscaled = f"{name}.float" if entry.kind == "F16" else f"{name}.stored"
        added.append(onnx.helper.make_node("Mul", [unscaled, f"{name}.factors"], [name]))
        outside = onnx.TensorProto(name=f"{name}.stored", dims=entry.shape)
        outside.data_type = onnx.TensorProto.FLOAT16 if entry.kind == "F16" else onnx.TensorProto.FLOAT
        outside.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", entry.start), ("length", entry.length)):
            outside.external_data.add(key=key, value=str(value))
        tensor.CopyFrom(outside)
    for node in reversed(added):
        proto.graph.node.insert(0, node)
    if shared:
        write_atomic(graph, lambda file: file.write(proto.SerializeToString()))
    return shared


def _factors(values: np.ndarray, source: np.ndarray) -> np.ndarray | None:
    """What each output channel of `source` is multiplied by to give `values`, float32; None where it is not so."""
    wanted, given = (array.reshape(len(array), -1).astype(np.float64) for array in (values, source))
    squares = (given**2).sum(axis=1)
    factors = np.where(squares > 0, (wanted * given).sum(axis=1) / np.where(squares > 0, squares, 1), 0)
    apart = np.abs(wanted - factors[:, None] * given).max(axis=1)
    return factors.astype(np.float32) if (apart <= 1e-6 * np.abs(wanted).max(axis=1)).all() else None


class _Logits(nn.Module):
    """A network of transformers with a tensor as its only output."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(pixel_values=pixel_values).logits
        return found


class _Batches:
    """What ONNX Runtime reads calibration data from."""

    def __init__(self, batches: list[np.ndarray]) -> None:
        self.batches = iter(batches)

    def get_next(self) -> dict[str, Any] | None:
        pixels = next(self.batches, None)
        return None if pixels is None else {"pixel_values": pixels}


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter and the quantiser tell their own developers."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
