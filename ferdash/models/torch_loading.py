"""From a model reference to a network in PyTorch, with whatever else the model needs to answer."""

import inspect
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification
from transformers.utils import logging

from ferdash.emotions import canonical_columns
from ferdash.errors import CheckpointError, LabelError, ModelError
from ferdash.models.calibration import read_calibration
from ferdash.models.preprocess import Preprocess, preprocess_of
from ferdash.models.reference import model_folder, run_checkpoint, source_files, title_of
from ferdash.models.registry import architecture_of, make_known
from ferdash.models.torch_model import TorchModel
from ferdash.models.weights import fingerprint_of, read_network
from ferdash.references import Reference, parse
from ferdash.wording import counted

logging.disable_progress_bar()  # transformers' own bars would mix with ours on stderr

TOLERANCE_LEVELS = 2.5
"""How far, in levels of 255, a model's own image processor and its Preprocess may be apart on any pixel."""


def load_in_torch(
    reference: str, checkpoints: Path, device: str | None = None, *, calibrated: bool = True
) -> TorchModel:
    """The one model that `reference` names, in PyTorch; arguments and errors as `ferdash.models.loading.load_model`."""
    place = _device(device)
    asked = parse(reference)
    bare, size = asked.bare, asked.size
    folder = calibration = None
    if asked.of_run:
        network, preprocess = _read_run(asked, checkpoints / "runs")
    else:
        folder = model_folder(bare, checkpoints)
        network, preprocess = _read_folder(folder, bare)
        if calibrated and size is None:  # a temperature holds for the size it was fitted at
            calibration = read_calibration(folder, fingerprint_of(network))
    if size is not None:
        preprocess = _resize_input(network, preprocess, size, bare)
    try:
        columns = canonical_columns(network.config.id2label)  # type: ignore[union-attr,arg-type]
    except LabelError as error:
        raise ModelError(f"{reference} is not a model of the seven emotions. {error}") from error
    network = network.eval().requires_grad_(False).to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ours = architecture_of(network)
    return TorchModel(
        reference,
        title_of(reference, checkpoints),
        columns,
        preprocess,
        network,
        place,
        folder=folder,
        calibration=calibration,
        source=tuple(source_files(reference, checkpoints)),
        fused=ours.fuse(network) if ours is not None and ours.fuse is not None else None,
    )


def _read_run(reference: Reference, runs: Path) -> tuple[nn.Module, Preprocess]:
    try:
        network, fields = read_network(run_checkpoint(reference, runs))
        return network, Preprocess(**fields)
    except (CheckpointError, TypeError) as error:
        raise ModelError(f"The model of {reference.bare} cannot be read: {error}") from error


def _resize_input(network: nn.Module, preprocess: Preprocess, size: int, reference: str) -> Preprocess:
    """Make a network take size x size pixels. A vision transformer interpolates its position embeddings (Dosovitskiy
    et al., "An Image is Worth 16x16 Words" (2021), section 3.2); a convolutional network takes any size."""
    patch = getattr(network.config, "patch_size", 1)
    if isinstance(patch, int) and size % patch:
        raise ModelError(f"{reference} sees patches of {patch} pixels, so its input size must be a multiple of that.")
    if "interpolate_pos_encoding" in inspect.signature(network.forward).parameters:
        network.forward = partial(network.forward, interpolate_pos_encoding=True)
    resized = preprocess.at_size(size)
    try:
        with torch.inference_mode():
            network.eval()(pixel_values=resized(np.zeros((1, 48, 48), dtype=np.uint8)))
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{reference} cannot take pictures of {size} pixels: {_first_line(error)}") from error
    return resized


def _read_folder(folder: Path, reference: str) -> tuple[nn.Module, Preprocess]:
    for needed, what in (("config.json", "says what network it is"), ("preprocessor_config.json", "says how it sees")):
        if not (folder / needed).is_file():
            raise ModelError(
                f"{reference} is not a model folder: it has no {needed}, which {what}. Give a folder in transformers' "
                "image-classification format, as save_pretrained writes it."
            )
    make_known()
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        # Labels are checked before the weights are read: it is the commonest mismatch and costs nothing.
        canonical_columns(config.id2label)
        network, report = AutoModelForImageClassification.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=torch.float32,
            use_safetensors=True,
        )
        processor = AutoImageProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, backend="pil"
        )
    except LabelError as error:
        raise ModelError(f"{reference} is not a model of the seven emotions. {error}") from error
    except SafetensorError as error:
        raise ModelError(f"The weights of {reference} are damaged or cut short ({error}). Copy them again.") from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        if "trust_remote_code" in str(error):
            raise ModelError(
                f"{reference} brings Python code of its own, which ferdash never runs. Use a model whose architecture "
                "transformers knows."
            ) from error
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
    try:
        theirs = processor(list(face), return_tensors="pt")["pixel_values"]
    except ValueError as error:
        raise ModelError(
            f"The image processor of {reference} ({type(processor).__name__}) cannot prepare pictures with "
            f"{counted(preprocess.channels, 'channel')}, which its network asks for: {_first_line(error)}"
        ) from error
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
