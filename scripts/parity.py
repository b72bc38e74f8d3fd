"""How far ferdash is from transformers' own processors and pipeline, by family: `python scripts/parity.py`.

Each family is a tiny random network with an image processor set as its published checkpoints have it, built here and
saved to a temporary folder; nothing is downloaded. Three numbers are compared on grey faces of 48 x 48 pixels:

- pixels of training: the largest mean difference over faces between what a batch without augmentation, and one whose
  rotation is nearly nothing, gives the network and what the processor gives it, where black is 0 and white is 1;
- pixels of evaluation: the same for what a model at work is given;
- probabilities: the largest difference to `transformers.pipeline("image-classification")`.
"""

import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image

from ferdash.emotions import EMOTIONS
from ferdash.models.loading import load_model
from ferdash.training.augment import augment, batch_generator
from ferdash.training.settings import AugmentConfig

LABELS = ("sad", "disgust", "angry", "neutral", "fear", "surprise", "happy")
FACES = 6

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
SMALL_TOP = {"hidden_dim": 320, "initializer_range": 0.4}
EFFICIENT = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.47853944, 0.4732864, 0.47434163]}


@dataclass(frozen=True)
class Family:
    """network: its name in transformers before Config and ForImageClassification. config: of a tiny one. processor: its
    name before ImageProcessorPil. settings: of the processor."""

    network: str
    config: dict[str, Any]
    processor: str
    settings: dict[str, Any]


def square(side: int) -> dict[str, int]:
    return {"height": side, "width": side}


_TRANSFORMER = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
_VIT = _TRANSFORMER | {"image_size": 64, "patch_size": 16}
_RESIZED = {"size": square(64), "resample": 2}

FAMILIES: dict[str, Family] = {
    "ViT": Family("ViT", _VIT, "ViT", _RESIZED | HALF),
    "ViT, unscaled pixels": Family("ViT", _VIT, "ViT", _RESIZED | {"do_rescale": False, "do_normalize": False}),
    "ViT, oblong": Family(
        "ViT", _VIT | {"image_size": [64, 96]}, "ViT", {"size": {"height": 64, "width": 96}, "resample": 3} | HALF
    ),
    "ViT, Lanczos": Family("ViT", _VIT, "ViT", _RESIZED | HALF | {"resample": 1}),
    "ViT, smaller than the face": Family("ViT", _VIT | {"image_size": 32}, "ViT", {"size": square(32)} | HALF),
    "DeiT, centre cut out": Family(
        "DeiT", _VIT, "DeiT", {"size": square(72), "crop_size": square(64), "resample": 3} | IMAGENET
    ),
    "BEiT": Family(
        "Beit",
        _VIT,
        "Beit",
        {"size": square(72), "crop_size": square(64), "do_center_crop": True, "resample": 2} | HALF,
    ),
    "DINOv2": Family(
        "Dinov2",
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 56, "patch_size": 14},
        "Bit",
        {"size": {"shortest_edge": 64}, "crop_size": square(56), "resample": 3} | IMAGENET,
    ),
    "SigLIP": Family("Siglip", {}, "Siglip", {"size": square(64), "resample": 3} | HALF),
    "Swin": Family(
        "Swin",
        {"image_size": 64, "patch_size": 4, "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4},
        "ViT",
        _RESIZED | IMAGENET | {"resample": 3},
    ),
    "Swin v2": Family(
        "Swinv2",
        {"image_size": 64, "patch_size": 4, "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4},
        "ViT",
        _RESIZED | IMAGENET | {"resample": 3},
    ),
    "ConvNeXT": Family(
        "ConvNext",
        {"hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1]},
        "ConvNext",
        {"size": {"shortest_edge": 64}, "crop_pct": 0.875, "resample": 3} | IMAGENET,
    ),
    "ConvNeXT v2": Family(
        "ConvNextV2",
        {"hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1]},
        "ConvNext",
        {"size": {"shortest_edge": 64}, "crop_pct": 0.875, "resample": 3} | IMAGENET,
    ),
    "ResNet": Family(
        "ResNet",
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]},
        "ConvNext",
        {"size": {"shortest_edge": 64}, "crop_pct": 0.875, "resample": 3} | IMAGENET,
    ),
    "RegNet": Family(
        "RegNet",
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "groups_width": 4},
        "ConvNext",
        {"size": {"shortest_edge": 64}, "crop_pct": 0.875, "resample": 3} | IMAGENET,
    ),
    "EfficientNet, nearest": Family(
        "EfficientNet",
        {"image_size": 64, "width_coefficient": 0.25, "depth_coefficient": 0.25} | SMALL_TOP,
        "EfficientNet",
        {"size": square(64), "resample": 0, "include_top": True} | EFFICIENT,
    ),
    "EfficientNet, bilinear, from -1 to 1": Family(
        "EfficientNet",
        {"image_size": 64, "width_coefficient": 0.25, "depth_coefficient": 0.25} | SMALL_TOP,
        "EfficientNet",
        {"size": square(64), "resample": 2, "include_top": False, "rescale_offset": True, "rescale_factor": 1 / 127.5}
        | EFFICIENT,
    ),
    "MobileViT": Family(
        "MobileViT",
        {
            "initializer_range": 0.5,
            "image_size": 64,
            "hidden_sizes": [16, 16, 16],
            "neck_hidden_sizes": [8, 8, 8, 8, 16, 16, 32],
        },
        "MobileViT",
        {"size": {"shortest_edge": 72}, "crop_size": square(64), "resample": 2},
    ),
    "MobileNet v2": Family(
        "MobileNetV2",
        {"image_size": 64, "depth_multiplier": 0.35},
        "MobileNetV2",
        {"size": {"shortest_edge": 72}, "crop_size": square(64), "resample": 2} | HALF,
    ),
    "LeViT": Family(
        "Levit",
        {"image_size": 64, "hidden_sizes": [16, 24, 32], "num_attention_heads": [1, 2, 3], "depths": [1, 1, 1]},
        "Levit",
        {"size": {"shortest_edge": 64}, "crop_size": square(64), "resample": 3} | IMAGENET,
    ),
    "PoolFormer": Family(
        "PoolFormer",
        {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]},
        "PoolFormer",
        {"size": {"shortest_edge": 64}, "crop_size": square(64), "crop_pct": 0.9, "resample": 3} | IMAGENET,
    ),
    "SegFormer": Family(
        "Segformer",
        {"hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1], "num_attention_heads": [1, 1, 2, 2]},
        "Segformer",
        {"size": square(64), "resample": 2} | IMAGENET,
    ),
    "FerNet": Family("FerNet", {"width": 8, "depths": (1, 1)}, "FerNet", {}),
}


def build(name: str, folder: Path, labels: tuple[str, ...] = LABELS) -> None:
    """Save the family's tiny network, random but the same every time, and its processor in `folder`."""
    family = FAMILIES[name]
    if name == "FerNet":
        _build_fernet(family, folder)
        return
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: row for row, label in enumerate(labels)}}
    if name == "SigLIP":
        config = transformers.SiglipConfig(vision_config=_VIT, text_config=_TRANSFORMER, **names)
    else:
        config = getattr(transformers, f"{family.network}Config")(**family.config, **names)
    torch.manual_seed(0)
    network = getattr(transformers, f"{family.network}ForImageClassification")(config).eval()
    processor = getattr(transformers, f"{family.processor}ImageProcessorPil")(**family.settings)
    _make_decided(network, processor)
    network.save_pretrained(folder)
    processor.save_pretrained(folder)


def _build_fernet(family: Family, folder: Path) -> None:
    from ferdash.models.architectures.fernet import FerNetConfig, FerNetForImageClassification
    from ferdash.models.preprocess import Preprocess
    from ferdash.models.processing import processor_of

    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(**family.config)).eval()
    processor = processor_of(Preprocess())
    _make_decided(network, processor)
    network.save_pretrained(folder)
    processor.save_pretrained(folder)


def _make_decided(network: torch.nn.Module, processor: Any) -> None:
    """A random network answers much the same to every face, so that no difference would show; its last layer is
    enlarged until a face's logits are 2 from the others', and shifted so that these lie around 0."""
    last = [parameter for parameter in network.parameters() if parameter.shape[0] == len(EMOTIONS)]
    pictures = [Image.fromarray(face).convert("RGB") for face in faces()]
    pixels = processor(pictures, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        for _ in range(30):  # until batch norms know what these faces look like inside
            network.train()(pixel_values=pixels)
        network.eval()
        larger = 2 / network(pixel_values=pixels).logits.std(dim=0).mean()
        for parameter in last:
            parameter.mul_(larger)
        shift = network(pixel_values=pixels).logits.mean(dim=0)
        for parameter in last:
            if parameter.ndim == 1:
                parameter.sub_(shift)


def faces() -> np.ndarray:
    """uint8 (FACES, 48, 48): light with structure at every scale, as photographs have."""
    rng = np.random.default_rng(5)
    made = []
    for _ in range(FACES):
        layers = [Image.fromarray(rng.integers(0, 256, (side, side), dtype=np.uint8)) for side in (4, 12, 48)]
        wide = [np.asarray(layer.resize((48, 48), Image.Resampling.BICUBIC), dtype=np.float64) for layer in layers]
        made.append(np.clip(0.5 * wide[0] + 0.3 * wide[1] + 0.2 * wide[2], 0, 255).astype(np.uint8))
    return np.stack(made)


@dataclass(frozen=True)
class Parity:
    """Of one family, see the module."""

    training: float
    evaluation: float
    probabilities: float
    spread: float


def measure(folder: Path) -> Parity:
    """Of the model in `folder`. spread: largest difference between two faces' probabilities, without which the third
    number says nothing."""
    model = load_model(str(folder), folder, device="cpu")
    grey = faces()
    pictures = [Image.fromarray(face).convert("RGB") for face in grey]
    with _quiet():
        pipe = transformers.pipeline("image-classification", model=str(folder), device="cpu")
    processed = pipe.image_processor(pictures, return_tensors="pt")["pixel_values"]
    seen = model.preprocess
    unit = max(seen.rescale * 255 / deviation for deviation in seen.std)
    batches = [
        augment(torch.from_numpy(grey), change, batch_generator(0, 0), seen)
        for change in (AugmentConfig(), AugmentConfig(rotation=1e-6))
    ]
    trained = [seen.normalise_unit(pixels).expand_as(processed) for pixels in batches]
    theirs = np.array([_in_order(pipe(picture, top_k=len(EMOTIONS))) for picture in pictures])
    ours = model.probabilities(grey)
    return Parity(
        training=max(_apart(pixels, processed) for pixels in trained) / unit,
        evaluation=_apart(seen(grey).expand_as(processed), processed) / unit,
        probabilities=float(np.abs(ours - theirs).max()),
        spread=float(np.ptp(theirs, axis=0).max()),
    )


def _apart(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).abs().flatten(1).mean(dim=1).max())


def _in_order(answers: list[dict[str, Any]]) -> list[float]:
    scores = {answer["label"]: answer["score"] for answer in answers}
    return [scores[name] for name in EMOTIONS]


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def table() -> str:
    """As Markdown, a row a family."""
    lines = ["| family | pixels of training | pixels of evaluation | probabilities |", "|---|---|---|---|"]
    for name in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            build(name, Path(folder))
            parity = measure(Path(folder))
        lines.append(f"| {name} | {parity.training:.4f} | {parity.evaluation:.4f} | {parity.probabilities:.4f} |")
        print(lines[-1], f"(answers differ by {parity.spread:.2f})", file=sys.stderr, flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
