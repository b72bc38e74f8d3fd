"""A folder in transformers' image-classification format as a network and how it sees, or one sentence why not.

What others put into such folders is checked before it is used: code of theirs never runs, and what transformers would
quietly make up (weights that are missing or of another size) is an error.
"""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification, PreTrainedModel
from transformers.utils import logging

from ferdash.emotions import EMOTIONS
from ferdash.errors import LabelError, ModelError
from ferdash.models.labels import model_columns
from ferdash.models.preprocess import Preprocess, preprocess_of
from ferdash.models.registry import make_known

logging.disable_progress_bar()  # transformers' own bars would mix with ours on stderr
logging.set_verbosity_error()  # what does not fit is said in our own sentences, not in its tables

MAX_LAYERS = 1000
MAX_CONFIG_NUMBER = 10_000_000
_DEPTHS = ("num_hidden_layers", "depths", "num_layers", "encoder_layers", "hidden_sizes_layers")
"""Limits on what a config.json may ask for: building a network of a million layers takes hours."""

TOLERANCE_LEVELS = 2.5
"""How far, in levels of 255, a model's own image processor and its Preprocess may be apart on any pixel."""


def read_model(folder: Path, reference: str) -> tuple[PreTrainedModel, Preprocess]:
    """The network of the seven emotions in a folder, in evaluation mode, and how it wants its faces. Raises ModelError;
    `reference` is what it calls the model."""
    config = read_config(folder, reference)
    try:
        # Labels are checked before the weights are read: it is the commonest mismatch and costs nothing.
        model_columns(config.id2label)
    except LabelError as error:
        raise ModelError(f"{reference} is not a model of the seven emotions. {error}") from error
    network, report = _read_network(folder, config, reference)
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"The weights of {reference} do not fit its config.json: {len(missing)} are missing ({missing[0]} ...)."
        )
    if mismatched := sorted(report["mismatched_keys"]):
        raise _mismatch(mismatched[0], reference)
    return network, _read_preprocess(folder, config, network, reference)


def read_backbone(folder: Path, reference: str, seed: int) -> tuple[PreTrainedModel, Preprocess]:
    """As `read_model`, of a network of other classes: its last layer is new, for the seven emotions, drawn from
    `seed`."""
    config = read_config(folder, reference)
    config.id2label = dict(enumerate(EMOTIONS))
    config.label2id = {name: column for column, name in enumerate(EMOTIONS)}
    torch.manual_seed(seed)
    network, report = _read_network(folder, config, reference)
    # The parts that end in seven outputs decide; they may be missing, and nothing else.
    heads = {name: part for name, part in network.named_children() if any(map(_has_seven_outputs, part.modules()))}
    new = [*report["missing_keys"], *(_name_of(key) for key in report["mismatched_keys"])]
    if inside := sorted(key for key in new if key.partition(".")[0] not in heads):
        raise ModelError(
            f"The weights of {reference} do not fit its config.json: {inside[0]} is missing or of another size."
        )
    for layer in (layer for head in heads.values() for layer in head.modules() if _has_seven_outputs(layer)):
        layer.reset_parameters()  # type: ignore[operator]  # also where the file has one of seven outputs, whose meaning nobody knows
    return network, _read_preprocess(folder, config, network, reference)


def _has_seven_outputs(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.shape[0] == len(EMOTIONS)


def read_config(folder: Path, reference: str) -> Any:
    """config.json as transformers reads it. Raises ModelError as `read_model` does."""
    for needed, what in (("config.json", "says what network it is"), ("preprocessor_config.json", "says how it sees")):
        if not (folder / needed).is_file():
            raise ModelError(
                f"{reference} is not a model folder: it has no {needed}, which {what}. Give a folder in transformers' "
                "image-classification format, as save_pretrained writes it."
            )
    make_known()
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a stranger's file makes transformers raise nearly anything
        raise _unreadable(error, reference) from error
    for name, value in config.to_dict().items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(number, int) and number > MAX_CONFIG_NUMBER for number in values):
            raise ModelError(f"config.json of {reference} asks for a {name} of {value!s:.60}; no network is so large.")
        if name in _DEPTHS and any(isinstance(number, int) and number > MAX_LAYERS for number in values):
            raise ModelError(f"config.json of {reference} asks for {value!s:.60} layers ({name}), over {MAX_LAYERS:,}.")
        if any(isinstance(number, float) and not math.isfinite(number) for number in values):
            raise ModelError(f"config.json of {reference} gives {name} as {value!s:.60}, which is no number.")
        if "drop" in name and any(isinstance(number, int | float) and not 0 <= number <= 1 for number in values):
            raise ModelError(f"config.json of {reference} gives {name} as {value!s:.60}; it lies between 0 and 1.")
    return config


def _read_network(folder: Path, config: Any, reference: str) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The network with the weights in the folder, and what transformers says of those that did not fit."""
    try:
        network, report = AutoModelForImageClassification.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            dtype=torch.float32,
            use_safetensors=True,
        )
    except SafetensorError as error:
        raise ModelError(f"The weights of {reference} are damaged or cut short ({error}). Copy them again.") from error
    except Exception as error:  # as above
        raise _unreadable(error, reference) from error
    return network, report


def _read_preprocess(folder: Path, config: Any, network: PreTrainedModel, reference: str) -> Preprocess:
    try:
        processor = _read_processor(folder)
    except Exception as error:  # as above
        raise _unreadable(error, reference) from error
    try:
        preprocess = preprocess_of(processor, int(getattr(config, "num_channels", 3)))
    except ModelError as error:
        raise ModelError(f"{reference} cannot be used. {error}") from error
    _check_preprocess(preprocess, processor, reference)
    _check_size(preprocess, network, reference)
    return preprocess


def _read_processor(folder: Path) -> Any:
    settings = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    kind = settings.get("image_processor_type") or settings.get("feature_extractor_type") or ""
    if not kind.endswith("FeatureExtractor"):
        return AutoImageProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False, backend="pil")
    # What image processors were called until transformers 4.26, and not known by that name any more.
    settings["image_processor_type"] = kind.replace("FeatureExtractor", "ImageProcessor")
    settings.pop("feature_extractor_type", None)
    with tempfile.TemporaryDirectory() as copy:
        (Path(copy) / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
        return AutoImageProcessor.from_pretrained(copy, local_files_only=True, trust_remote_code=False, backend="pil")


def _unreadable(error: Exception, reference: str) -> ModelError:
    if "trust_remote_code" in str(error):
        return ModelError(
            f"{reference} brings Python code of its own, which ferdash never runs. Use a model whose architecture "
            "transformers knows."
        )
    if isinstance(error, ImportError) and "timm" in str(error).lower():
        return ModelError(f"{reference} is a network of timm's, which is not installed: pip install timm torchvision")
    return ModelError(f"{reference} cannot be loaded by transformers: {first_line(error)}")


def _mismatch(key: Any, reference: str) -> ModelError:
    sizes = "" if isinstance(key, str) else f" is {tuple(key[1])} in the file and {tuple(key[2])} by its config.json"
    return ModelError(f"The weights of {reference} do not fit its config.json: {_name_of(key)}{sizes}.")


def _name_of(key: Any) -> str:
    """transformers lists a mismatched weight by its name, or with its two shapes."""
    return key if isinstance(key, str) else str(key[0])


def _check_preprocess(preprocess: Preprocess, processor: Any, reference: str) -> None:
    """Refuse a model whose image processor does something that Preprocess does not reproduce."""
    shape = (1, 60, 60) if preprocess.channels == 1 else (1, 60, 60, 3)
    face = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    kind = type(processor).__name__
    try:
        theirs = processor(list(face), return_tensors="pt")["pixel_values"]
    except Exception as error:  # as above
        if preprocess.channels == 1:
            raise ModelError(
                f"The image processor of {reference} ({kind}) prepares colour pictures, but its network takes 1 "
                "channel; save it with a processor for grey pictures."
            ) from error
        raise ModelError(
            f"The image processor of {reference} ({kind}) cannot prepare a picture: {first_line(error)[:160]}"
        ) from error
    ours = preprocess(face)
    level = preprocess.rescale / min(preprocess.std)
    if theirs.shape != ours.shape or float((theirs - ours).abs().max()) > TOLERANCE_LEVELS * level:
        raise ModelError(
            f"The image processor of {reference} ({kind}) prepares pictures in a way that ferdash "
            "does not reproduce, so its results would be wrong; use a model with a plain resize and normalisation."
        )


def _check_size(preprocess: Preprocess, network: PreTrainedModel, reference: str) -> None:
    """Refuse a model whose image processor makes pictures of a size that its network does not take."""
    side = getattr(network.config, "image_size", None)
    expected = tuple(side) if isinstance(side, list | tuple) else (side, side)
    given = (preprocess.height, preprocess.width)
    if side is None or given == expected:
        return  # what a network says it takes, it takes
    try:
        with torch.inference_mode():
            network.eval()(pixel_values=preprocess(np.zeros((1, 48, 48), dtype=np.uint8)))
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"The image processor of {reference} makes pictures of {given[0]} x {given[1]} pixels, which its network "
            f"does not take: {first_line(error)}"
        ) from error


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its name."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
