"""FerNet, ferdash's own architecture: a compact residual network for grey faces (see `ferdash.models.fernet`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.fusing import fuse
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.registry import Architecture


def _build(settings: Mapping[str, Any]) -> FerNetForImageClassification:
    return FerNetForImageClassification(FerNetConfig(**settings))


def _describe(config: FerNetConfig) -> str:
    widths = ", ".join(str(config.width * 2**stage) for stage in range(len(config.depths)))
    return (
        f"A residual network for grey {config.image_size} x {config.image_size} faces: stages of {widths} channels and "
        f"{', '.join(map(str, config.depths))} blocks, each with a squeeze-and-excitation gate."
    )


def _save_processor(preprocess: Preprocess, folder: Path) -> None:
    processor_of(preprocess).save_pretrained(folder)


def _feature_maps(network: FerNetForImageClassification, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    maps = network.stages(network.stem(pixels))
    return network.classifier(maps.mean(dim=(2, 3))), maps


ARCHITECTURE = Architecture(
    title="FerNet",
    model=FerNetForImageClassification,
    build=_build,
    describe=_describe,
    save_processor=_save_processor,
    fuse=fuse,
    feature_maps=_feature_maps,
)
