"""Models at work: faces in as uint8, probabilities of the seven emotions out in the order of EMOTIONS.

Nothing here needs PyTorch; a network in it is a TorchModel of ferdash.models.torch_model.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.evaluation.temperature import apply_temperature, softmax
from ferdash.models.calibration import Calibration, shares_of_sigmoids
from ferdash.models.preprocess import Preprocess
from ferdash.models.runtime import GraphRuntime
from ferdash.models.tta import variants


@dataclass(eq=False)
class EmotionModel(ABC):
    """A network ready to classify faces; safe to use from several threads at once.

    columns: for each of EMOTIONS, the network's output that holds it. folder: of the model, None where it has none of
    its own. parameters: number of weights. calibration: how its probabilities are scaled. tta: one of TTA, over
    which they are averaged. multi_label: the network judges each emotion by itself, with a sigmoid, and several may be
    present at once; its probabilities are the shares of the seven, so that a row still sums to 1.
    """

    reference: str
    title: str
    columns: list[int]
    preprocess: Preprocess
    folder: Path | None = field(default=None, kw_only=True)
    parameters: int = field(default=0, kw_only=True)
    calibration: Calibration | None = field(default=None, kw_only=True)
    tta: str = field(default="plain", kw_only=True)
    multi_label: bool = field(default=False, kw_only=True)

    @property
    @abstractmethod
    def engine(self) -> Literal["torch", "onnx", "int8"]:
        """What computes: PyTorch, or ONNX Runtime in float32 or in 8-bit integers."""

    @abstractmethod
    def outputs(self, faces: np.ndarray) -> np.ndarray:
        """uint8 faces, as many as are to be computed at once -> float (N, labels) as the network gives them."""

    def logits(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """uint8 faces (N, H, W) grey or (N, H, W, 3) RGB -> float32 (N, 7) in the order of EMOTIONS, as the network
        gives them: one view, before calibration."""
        results = np.empty((len(faces), len(EMOTIONS)), dtype=np.float32)
        for start in range(0, len(faces), batch_size):
            outputs = self.outputs(faces[start : start + batch_size])
            results[start : start + len(outputs)] = outputs[:, self.columns]
        if not np.isfinite(results).all():
            raise ModelError(
                f"{self.reference} gives no numbers for some faces (NaN or infinity): its weights are damaged, or its "
                "training diverged. Copy it again, or choose another model."
            )
        return results

    def probabilities(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Faces as for `logits` -> float32 (N, 7), rows sum to 1: the mean over its test-time augmentation, each
        calibrated where the model has a calibration."""
        found = [self._of_one_crop(crop, batch_size) for crop in variants(self.tta, faces)]
        return found[0] if len(found) == 1 else np.mean(found, axis=0)

    def _of_one_crop(self, faces: np.ndarray, batch_size: int) -> np.ndarray:
        logits = self.logits(faces, batch_size)
        given = (shares_of_sigmoids(logits) if self.multi_label else softmax(logits)).astype(np.float32)
        if self.calibration is None:
            return given
        return apply_temperature(given, self.calibration.temperature).astype(np.float32)


@dataclass(eq=False)
class ExportedModel(EmotionModel):
    """A model in ONNX Runtime, on the processor."""

    runtime: GraphRuntime

    @property
    def engine(self) -> Literal["torch", "onnx", "int8"]:
        return self.runtime.engine

    def outputs(self, faces: np.ndarray) -> np.ndarray:
        return self.runtime(self.preprocess.array(faces))


@dataclass(eq=False)
class Ensemble(EmotionModel):
    """Several models as one: the mean of their probabilities."""

    members: list[EmotionModel]

    @property
    def engine(self) -> Literal["torch", "onnx", "int8"]:
        """That of the members when they agree, else torch: an int8 member alone does not make the ensemble int8."""
        engines = {member.engine for member in self.members}
        return engines.pop() if len(engines) == 1 else "torch"

    def probabilities(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """As EmotionModel's, the mean over members and augmentations."""
        members = [replace(member, tta=self.tta) for member in self.members]
        found: np.ndarray = np.mean([member.probabilities(faces, batch_size) for member in members], axis=0)
        return found

    def outputs(self, faces: np.ndarray) -> np.ndarray:
        """Logarithms of the members' mean probabilities: as logits go, fixed up to a constant in each row."""
        plain = replace(self, tta="plain").probabilities(faces)
        found: np.ndarray = np.log(np.maximum(plain, np.finfo(np.float32).tiny))
        return found


def together(reference: str, members: list[EmotionModel]) -> Ensemble:
    """The ensemble of models that are already loaded."""
    return Ensemble(
        reference,
        " + ".join(member.title for member in members),
        list(range(len(EMOTIONS))),
        members[0].preprocess,
        members,
        parameters=sum(member.parameters for member in members),
    )
