"""From a model reference to a network in PyTorch, with whatever else the model needs to answer."""

import inspect
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ferdash.emotions import EMOTIONS
from ferdash.errors import CheckpointError, LabelError, ModelError
from ferdash.models.calibration import read_calibration
from ferdash.models.labels import model_columns, new_layer_note
from ferdash.models.preprocess import Preprocess
from ferdash.models.pretrained import first_line, read_backbone, read_config, read_model
from ferdash.models.reference import model_folder, run_checkpoint, source_files, title_of
from ferdash.models.registry import architecture_of
from ferdash.models.torch_model import TorchModel
from ferdash.models.weights import fingerprint_of, read_network
from ferdash.references import Reference, parse


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
        network, preprocess = read_model(folder, bare)
        if calibrated and size is None:  # a temperature holds for the size it was fitted at
            calibration = read_calibration(folder, fingerprint_of(network))
    if size is not None:
        preprocess = _resize_input(network, preprocess, size, bare)
    try:
        columns = model_columns(network.config.id2label)  # type: ignore[union-attr,arg-type]
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
        multi_label=getattr(network.config, "problem_type", None) == "multi_label_classification",
        source=tuple(source_files(reference, checkpoints)),
        fused=ours.fuse(network) if ours is not None and ours.fuse is not None else None,
    )


def load_to_train(reference: str, checkpoints: Path, seed: int) -> tuple[TorchModel, str]:
    """The model that a run starts from, on the CPU, and a sentence where it got a new last layer ("" where it knows the
    seven emotions already).

    A network of other classes (ImageNet's, LABEL_0 ..., eight emotions) keeps all but its last layer, which is drawn
    from `seed` for the seven emotions. Raises ModelError as `load_in_torch` does.
    """
    asked = parse(reference)
    if asked.of_run:
        return load_in_torch(reference, checkpoints, "cpu"), ""
    folder = model_folder(asked.bare, checkpoints)
    note = new_layer_note(asked.bare, read_config(folder, asked.bare).id2label)
    if not note:
        return load_in_torch(reference, checkpoints, "cpu"), ""
    network, preprocess = read_backbone(folder, asked.bare, seed)
    if asked.size is not None:
        preprocess = _resize_input(network, preprocess, asked.size, asked.bare)
    columns, title = list(range(len(EMOTIONS))), title_of(reference, checkpoints)
    return TorchModel(reference, title, columns, preprocess, network, torch.device("cpu"), folder=folder), note


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
        raise ModelError(f"{reference} cannot take pictures of {size} pixels: {first_line(error)}") from error
    return resized


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"The device “{name}” is not there: {first_line(error)}") from error
