"""Models at work: faces in as uint8, probabilities of the seven emotions out in the order of EMOTIONS."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.models.calibration import Calibration, tempered
from ferdash.models.fusing import FusedNetwork
from ferdash.models.preprocess import Preprocess
from ferdash.models.sessions import OnnxSession
from ferdash.models.views import VIEWS


@dataclass(eq=False)
class EmotionModel:
    """A network ready to classify faces; safe to use from several threads at once.

    network: in evaluation mode, on `device`. columns: for each of EMOTIONS, the network's output that holds it.
    parameters: number of weights. details: what the model's card says of it (licence, data, scores), as far as known.
    calibration: how its probabilities are scaled. views: one of VIEWS, over which they are averaged. session: the same
    network made ready for answering, fused or in ONNX Runtime, which then does the work. Whoever changes the network
    must leave the session out.
    """

    reference: str
    title: str
    network: nn.Module
    columns: list[int]
    preprocess: Preprocess
    device: torch.device
    details: dict[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    views: str = "plain"
    session: OnnxSession | FusedNetwork | None = None

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def engine(self) -> Literal["torch", "onnx", "int8"]:
        """What computes: PyTorch, or ONNX Runtime in float32 or in 8-bit integers."""
        return "torch" if self.session is None else self.session.engine

    def logits(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """uint8 faces (N, H, W) grey or (N, H, W, 3) RGB -> float32 (N, 7) in the order of EMOTIONS, as the network
        gives them: one view, before calibration."""
        results = np.empty((len(faces), len(EMOTIONS)), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(faces), batch_size):
                pixels = self.preprocess(faces[start : start + batch_size], self.device)
                outputs = self.network(pixel_values=pixels).logits if self.session is None else self.session(pixels)
                results[start : start + len(outputs)] = outputs[:, self.columns].float().cpu().numpy()
        return results

    def probabilities(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Faces as for `logits` -> float32 (N, 7), rows sum to 1: the mean over the views, each calibrated where the
        model has a calibration."""
        looks = [self._of_one_view(view, batch_size) for view in VIEWS[self.views](faces)]
        return looks[0] if len(looks) == 1 else np.mean(looks, axis=0)

    def _of_one_view(self, faces: np.ndarray, batch_size: int) -> np.ndarray:
        given = torch.from_numpy(self.logits(faces, batch_size)).softmax(dim=1).numpy()
        return given if self.calibration is None else tempered(given, self.calibration.temperature)


@dataclass(eq=False)
class Ensemble(EmotionModel):
    """Several models as one: the mean of their probabilities."""

    members: list[EmotionModel] = field(default_factory=list)

    def probabilities(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """As EmotionModel's, the mean over members and views."""
        members = [replace(member, views=self.views) for member in self.members]
        return np.mean([member.probabilities(faces, batch_size) for member in members], axis=0)

    def logits(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Logarithms of the members' mean probabilities: as logits go, fixed up to a constant in each row."""
        plain = replace(self, views="plain").probabilities(faces, batch_size)
        return np.log(np.maximum(plain, np.finfo(np.float32).tiny))

    @property
    def engine(self) -> Literal["torch", "onnx", "int8"]:
        """That of the members when they agree, else torch: an int8 member alone does not make the ensemble int8."""
        engines = {member.engine for member in self.members}
        return engines.pop() if len(engines) == 1 else "torch"


def together(reference: str, members: list[EmotionModel]) -> Ensemble:
    """The ensemble of models that are already loaded."""
    return Ensemble(
        reference,
        " + ".join(member.title for member in members),
        _SeveralNetworks(reference, [member.network for member in members]),
        list(range(len(EMOTIONS))),
        members[0].preprocess,
        members[0].device,
        members=members,
    )


class _SeveralNetworks(nn.Module):
    """Holds the members' networks, for their parameters; it computes nothing itself."""

    def __init__(self, reference: str, networks: list[nn.Module]) -> None:
        super().__init__()
        self.reference = reference
        self.networks = nn.ModuleList(networks)

    def forward(self, *_: Any, **__: Any) -> Any:
        raise ModelError(f"{self.reference} is several models together; this works with one of them only.")
