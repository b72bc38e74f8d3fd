"""A network as plain data inside a training checkpoint, and back.

Checkpoints are read with weights_only: tensors, numbers, strings and containers, never code.
"""

import hashlib
import json
import math
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForImageClassification, PreTrainedModel

from ferdash.errors import CheckpointError
from ferdash.models.registry import make_known
from ferdash.models.seal import is_broken


def pack_network(network: PreTrainedModel, preprocess: dict[str, Any]) -> dict[str, Any]:
    """What `unpack_network` needs to build the same network again; `preprocess` are the fields of a Preprocess."""
    return {
        "architecture": network.config.to_json_string(use_diff=False),
        "preprocess": preprocess,
        "weights": {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()},
    }


def unpack_network(packed: dict[str, Any]) -> PreTrainedModel:
    """The network of `pack_network`. Raises CheckpointError when the weights do not fit the architecture."""
    make_known()
    try:
        architecture = json.loads(packed["architecture"])
        config = AutoConfig.for_model(architecture.pop("model_type"), **architecture)
        claimed = sum(math.prod(tensor.shape) for tensor in packed["weights"].values())
        with torch.device("meta"):  # nothing is allocated until the sizes are those of the weights
            size = sum(tensor.numel() for tensor in AutoModelForImageClassification.from_config(config).parameters())
        if size > claimed:
            raise CheckpointError(f"The checkpoint holds weights of another architecture: {claimed:,} of {size:,}.")
        network = AutoModelForImageClassification.from_config(config)
    except CheckpointError:
        raise
    except Exception as error:  # odd values make transformers raise nearly anything
        raise CheckpointError(
            f"The checkpoint's network cannot be built ({type(error).__name__}: {str(error)[:120]})."
        ) from error
    load_weights(network, packed["weights"])
    found: PreTrainedModel = network
    return found


def load_weights(network: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Load a state dict strictly. Raises CheckpointError naming the first difference."""
    try:
        network.load_state_dict(weights)
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise CheckpointError(f"The checkpoint holds weights of another architecture: {reason}") from error


def fingerprint_of(network: nn.Module) -> str:
    """Identifies the weights of a network, whatever file and device they are on."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint file as plain data.

    Raises CheckpointError when it is missing, cut short, not a checkpoint, or holds objects other than plain data
    (as a file made to run code would).
    """
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path.name} in {path.parent}.")
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path.name} was refused: it holds more than numbers and text, and opening it could run somebody's code."
        ) from error
    except Exception as error:  # a damaged file makes the unpickler raise nearly anything
        raise CheckpointError(f"{path.name} is damaged or cut short and cannot be read.") from error
    if not isinstance(content, dict) or "network" not in content:
        raise CheckpointError(f"{path.name} is not a ferdash checkpoint.")
    return content


def _check_sums(path: Path) -> None:
    """Raise ValueError where a bit of a checkpoint is not as it was written. One from before checkpoints were sealed is
    a zip with a checksum for each tensor, which PyTorch does not look at."""
    if is_broken(path):
        raise ValueError("it is not as it was written")
    if not zipfile.is_zipfile(path):
        return  # not PyTorch's, or torn: opening it says so
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise ValueError(f"{damaged} has another checksum")


def read_network(path: Path) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The network of a checkpoint as it is evaluated (averaged weights where the run kept them), and the fields of
    its Preprocess. Raises CheckpointError as `read_checkpoint` and `load_weights` do."""
    content = read_checkpoint(path)
    network = unpack_network(content["network"])
    if content.get("averaged"):
        load_weights(network, content["averaged"])
    return network.eval(), content["network"]["preprocess"]
