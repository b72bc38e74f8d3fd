"""Models in PyTorch: the network itself, for training, explaining and exporting, and wherever nothing was exported."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from ferdash.errors import ModelError
from ferdash.models.emotion_model import EmotionModel, Ensemble
from ferdash.models.fusing import FusedNetwork


@dataclass(eq=False)
class TorchModel(EmotionModel):
    """network: in evaluation mode, on `device`. source: the files it was opened from. fused: the same network made
    ready for answering, which then does the work. Whoever changes the network must leave it out."""

    network: nn.Module
    device: torch.device
    source: tuple[Path, ...] = field(default=(), kw_only=True)
    fused: FusedNetwork | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.parameters = sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def engine(self) -> Literal["torch", "onnx", "int8"]:
        return "torch"

    def outputs(self, faces: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            pixels = self.preprocess(faces, self.device)
            logits = self.network(pixel_values=pixels).logits if self.fused is None else self.fused(pixels)
            return logits.float().cpu().numpy()


def in_torch(model: EmotionModel) -> TorchModel:
    """A model as the one network in PyTorch that it is. Raises ModelError for several together, and for one that was
    opened for ONNX Runtime, whose layers cannot be looked into."""
    if isinstance(model, TorchModel):
        return model
    if isinstance(model, Ensemble):
        raise ModelError(f"{model.reference} is several models together; this works with one of them only.")
    raise ModelError(f"{model.reference} is at work in ONNX Runtime here; this needs it in PyTorch (engine torch).")
