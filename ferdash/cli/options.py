"""Options that several commands have."""

from typing import Annotated, Literal

import typer

TtaOption = Annotated[
    Literal["plain", "flip", "ten-crop"],
    typer.Option(help="Test-time augmentation: average over the face and its mirror image, or over ten crops of it."),
]

EngineOption = Annotated[
    Literal["auto", "torch", "onnx", "int8"],
    typer.Option(
        help="What computes: PyTorch; ONNX Runtime in float32, or in 8-bit integers, where the model has been exported "
        "(`ferdash export-onnx`); or auto: ONNX Runtime in float32 where it can, else PyTorch."
    ),
]
