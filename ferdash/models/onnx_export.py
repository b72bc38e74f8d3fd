"""From a network of PyTorch to files for ONNX Runtime: in float32, and quantised to 8-bit integers.

Both take `pixel_values` (N, C, H, W), prepared as Preprocess does, for any N, and give `logits` (N, labels) in the
network's own order, as files exported by others do.
"""

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from ferdash.errors import ModelError
from ferdash.files import write_atomic
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.runtime import onnxruntime
from ferdash.models.sessions import FILES

OPSET = 20


EXTRA = 'pip install -e ".[onnx]"'
"""What installs the packages that export, from a clone of the project."""


def require_onnx() -> ModuleType:
    """The package onnx. Raises ModelError that names the extra when it or onnxscript is missing."""
    onnxruntime()
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ModelError(f"Exporting to ONNX needs the package {error.name}: {EXTRA}") from error
    return onnx


def export_float32(model: EmotionModel, folder: Path) -> Path:
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


class _Logits(nn.Module):
    """A network of transformers with a tensor as its only output."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.network(pixel_values=pixel_values).logits


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
