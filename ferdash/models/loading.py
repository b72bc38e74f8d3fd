"""From a model reference to a model at work: `fernet`, a folder, a Hugging Face id, or `run:<run id>@best`.

Whatever the model's own label order, size or channels, faces go in as uint8 and probabilities come out in the order
of EMOTIONS. Weights are read as data only (safetensors, or weights_only checkpoints); code that comes with a model is
never run.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification
from transformers.utils import logging

import ferdash.models.processing  # noqa: F401  (registers FerNet and its image processor with the Auto classes)
from ferdash.emotions import EMOTIONS, canonical_columns
from ferdash.errors import CheckpointError, LabelError, ModelError
from ferdash.models.card import read_card
from ferdash.models.hub import hub_folder, is_hub_id
from ferdash.models.preprocess import Preprocess, preprocess_of
from ferdash.models.weights import read_network

logging.disable_progress_bar()  # transformers' own bars would mix with ours on stderr

TOLERANCE_LEVELS = 2.5
"""How far, in levels of 255, a model's own image processor and its Preprocess may be apart on any pixel."""


@dataclass(eq=False)
class EmotionModel:
    """A network ready to classify faces; safe to use from several threads at once.

    network: in evaluation mode, on `device`. columns: for each of EMOTIONS, the network's output that holds it.
    parameters: number of weights. details: what the model's card says of it (licence, data, scores), as far as known.
    """

    reference: str
    title: str
    network: nn.Module
    columns: list[int]
    preprocess: Preprocess
    device: torch.device
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())

    def logits(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """uint8 faces (N, H, W) grey or (N, H, W, 3) RGB -> float32 (N, 7) in the order of EMOTIONS."""
        results = np.empty((len(faces), len(EMOTIONS)), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(faces), batch_size):
                pixels = self.preprocess(faces[start : start + batch_size], self.device)
                outputs = self.network(pixel_values=pixels).logits[:, self.columns]
                results[start : start + len(outputs)] = outputs.float().cpu().numpy()
        return results

    def probabilities(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """As `logits`, after softmax over the seven emotions: rows sum to 1."""
        return torch.from_numpy(self.logits(faces, batch_size)).softmax(dim=1).numpy()


def load_model(reference: str, checkpoints: Path, device: str | None = None) -> EmotionModel:
    """Load the model that `reference` names.

    reference: the name of a folder in `checkpoints`/models; the path of a folder in transformers' image-classification
        format; a Hugging Face id (owner/name), downloaded once; or `run:<run id>` with @best (the default), @last or
        @epoch-3.
    device: as PyTorch names it; None takes a CUDA GPU where there is one.

    Raises ModelError, with a sentence that says what to do, for whatever cannot be found, read or mapped.
    """
    reference = reference.strip()
    place = _device(device)
    if reference.startswith("run:"):
        return _load_run(reference, checkpoints / "runs", place)
    folder = model_folder(reference, checkpoints)
    network, preprocess = _read_folder(folder, reference)
    title = {"fernet": "FerNet"}.get(reference, reference if is_hub_id(reference) else folder.name)
    return _ready(reference, title, network, preprocess, place, read_card(folder))


def model_folder(reference: str, checkpoints: Path) -> Path:
    """The folder that a reference other than `run:` names, downloaded if need be. Raises ModelError."""
    if not reference:
        raise ModelError("No model was named; try fernet, a folder, or a Hugging Face id such as owner/name.")
    shipped = checkpoints / "models" / reference
    if Path(reference).name == reference and shipped.is_dir():
        return shipped
    path = Path(reference).expanduser()
    if path.is_dir():
        return path
    if is_hub_id(reference):
        return hub_folder(reference)
    known = ", ".join(sorted(entry.name for entry in shipped.parent.glob("*") if entry.is_dir())) or "none yet"
    raise ModelError(f"There is no model “{reference}”: neither a folder nor one of those shipped ({known}).")


def run_checkpoint(reference: str, runs: Path) -> Path:
    """The checkpoint file that `run:<run id>[@best|@last|@epoch-3]` names. Raises ModelError."""
    run_id, _, which = reference.removeprefix("run:").partition("@")
    which = which or "best"
    folder = runs / run_id / "checkpoints"
    if not run_id or Path(run_id).name != run_id or not folder.is_dir():
        raise ModelError(f"There is no run “{run_id}” to take a model from; `ferdash runs list` shows those there are.")
    if which == "last":
        return _newest(folder, run_id)
    if match := re.fullmatch(r"epoch-(\d+)", which):
        path = folder / f"epoch-{int(match[1]):03d}.pt"
    elif which == "best":
        path = folder / "best.pt"
    else:
        raise ModelError(f"“@{which}” is no checkpoint of a run; use @best, @last or an epoch such as @epoch-3.")
    if not path.is_file():
        there = ", ".join(f"@{entry.stem}" for entry in sorted(folder.glob("*.pt"))) or "none yet"
        raise ModelError(f"Run {run_id} has no checkpoint @{which}; it has {there}.")
    return path


def _newest(folder: Path, run_id: str) -> Path:
    # Within a kind the number says which is newest; an epoch and a batch can only be compared by time of writing.
    newest = [max(folder.glob(pattern), default=None) for pattern in ("epoch-*.pt", "batch-*.pt")]
    found = [path for path in newest if path is not None]
    if not found:
        raise ModelError(f"Run {run_id} has not written a checkpoint yet; try again after its first epoch.")
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def _load_run(reference: str, runs: Path, device: torch.device) -> EmotionModel:
    path = run_checkpoint(reference, runs)
    try:
        network, fields = read_network(path)
        preprocess = Preprocess(**fields)
    except (CheckpointError, TypeError) as error:
        raise ModelError(f"The model of {reference} cannot be read: {error}") from error
    run_id = reference.removeprefix("run:").partition("@")[0]
    return _ready(reference, f"Run {run_id}, {path.stem}", network, preprocess, device, {})


def _ready(
    reference: str,
    title: str,
    network: nn.Module,
    preprocess: Preprocess,
    device: torch.device,
    details: dict[str, Any],
) -> EmotionModel:
    try:
        columns = canonical_columns(network.config.id2label)  # type: ignore[union-attr,arg-type]
    except LabelError as error:
        raise ModelError(f"{reference} is not a model of the seven emotions. {error}") from error
    network = network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return EmotionModel(reference, title, network, columns, preprocess, device, details)


def _read_folder(folder: Path, reference: str) -> tuple[nn.Module, Preprocess]:
    for needed, what in (("config.json", "says what network it is"), ("preprocessor_config.json", "says how it sees")):
        if not (folder / needed).is_file():
            raise ModelError(
                f"{reference} is not a model folder: it has no {needed}, which {what}. Give a folder in transformers' "
                "image-classification format, as save_pretrained writes it."
            )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        # Labels are checked before the weights are read: it is the commonest mismatch and costs nothing.
        canonical_columns(config.id2label)
        network, report = AutoModelForImageClassification.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            output_loading_info=True,
            dtype=torch.float32,
            use_safetensors=True,
        )
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
    except LabelError as error:
        raise ModelError(f"{reference} is not a model of the seven emotions. {error}") from error
    except SafetensorError as error:
        raise ModelError(f"The weights of {reference} are damaged or cut short ({error}). Copy them again.") from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise ModelError(f"{reference} cannot be loaded by transformers: {_first_line(error)}") from error
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"The weights of {reference} do not fit its config.json: {len(missing)} are missing ({missing[0]} ...)."
        )
    preprocess = preprocess_of(processor, int(getattr(config, "num_channels", 3)))
    _check_preprocess(preprocess, processor, reference)
    return network, preprocess


def _check_preprocess(preprocess: Preprocess, processor: Any, reference: str) -> None:
    """Refuse a model whose image processor does something that Preprocess does not reproduce."""
    shape = (1, 60, 60) if preprocess.channels == 1 else (1, 60, 60, 3)
    face = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    theirs = processor(list(face), return_tensors="pt")["pixel_values"]
    ours = preprocess(face)
    level = preprocess.rescale / min(preprocess.std)
    if theirs.shape != ours.shape or float((theirs - ours).abs().max()) > TOLERANCE_LEVELS * level:
        raise ModelError(
            f"The image processor of {reference} ({type(processor).__name__}) prepares pictures in a way that ferdash "
            "does not reproduce, so its results would be wrong; use a model with a plain resize and normalisation."
        )


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"The device “{name}” is not there: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
