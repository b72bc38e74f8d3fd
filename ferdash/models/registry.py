"""Architectures by name: what a file in `ferdash/models/architectures` has to say so that its network can be trained,
saved, opened, explained, made faster and promoted like any other.

The file's name is the architecture's, and transformers' model_type of its configuration; ARCHITECTURE in it is an
`Architecture`. Names are known without PyTorch.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferdash.errors import ModelError
from ferdash.models import architectures

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from ferdash.models.fusing import FusedNetwork
    from ferdash.models.preprocess import Preprocess

DEFAULT = "fernet"


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    title: for a person. model: its class, which is registered with transformers' Auto classes. build: a new network
    from the settings of `network.*`, drawn from PyTorch's generator. describe: its configuration, or that of a network
    of it that was trained, as a sentence. save_processor: writes, into a model's folder, the image processor that fits
    a Preprocess. fuse: a copy that answers faster and the same, if it can. feature_maps: pixels (N, C, H, W) -> logits
    (N, labels) and the last feature maps (N, channels, h, w), for Grad-CAM; None where it has none.
    """

    title: str
    model: "type[PreTrainedModel]"
    build: "Callable[[Mapping[str, Any]], PreTrainedModel]"
    describe: Callable[[Any], str]
    save_processor: "Callable[[Preprocess, Any], object]"
    fuse: "Callable[[Any], FusedNetwork] | None" = None
    feature_maps: "Callable[[Any, torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None" = None


def names() -> list[str]:
    """Names of all architectures, the default first."""
    found = {module.name for module in pkgutil.iter_modules(architectures.__path__)}
    return [DEFAULT, *sorted(found - {DEFAULT})]


def architecture(name: str) -> Architecture:
    """The architecture of that name. Raises ModelError when there is none."""
    if name not in names():
        raise ModelError(f"There is no architecture “{name}”; there are: {', '.join(names())}.")
    found: Architecture = importlib.import_module(f"{architectures.__name__}.{name}").ARCHITECTURE
    return found


def architecture_of(network: object) -> Architecture | None:
    """The architecture that a network is of; None for one of transformers' own."""
    return next((one for one in map(architecture, names()) if isinstance(network, one.model)), None)


def make_known() -> None:
    """Make transformers' Auto classes know all architectures, so that they open what was saved of them."""
    for name in names():
        architecture(name)
