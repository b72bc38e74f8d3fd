"""Why a model sees an emotion in a face: maps of where it looks. They show what the model reacts to, which need not be
what makes a person see that emotion.
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ferdash.emotions import emotion_index
from ferdash.errors import ModelError
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.preprocess import FER2013_MEAN, Preprocess
from ferdash.models.registry import architecture_of
from ferdash.models.torch_model import TorchModel, in_torch

GREY = round(255 * FER2013_MEAN)
"""What an occluded part is filled with: the grey of an average training pixel, which tells the model the least."""

PATCHES_ACROSS = 4
"""A patch is a quarter of the face wide (an eye, half a mouth) and moves by half its width."""


def grad_cam(model: EmotionModel, face: np.ndarray, emotion: str) -> np.ndarray:
    """Where the last feature maps of a convolutional network speak for an emotion, float32 (H, W), 0 to 1.

    face: uint8 (H, W) grey or (H, W, 3) RGB. The map is scaled to a maximum of 1, or is 0 everywhere where nothing
    speaks for the emotion. It is no finer than those maps: FerNet's are 3 x 3.

    Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization" (2017),
    equations 1 and 2. Raises ModelError for a network without such maps, or one that is not in PyTorch, and LabelError
    for an unknown emotion.
    """
    model = in_torch(model)
    column = model.columns[emotion_index(emotion)]
    with torch.enable_grad():
        pixels = model.preprocess(face[None], model.device).requires_grad_()
        logits, maps = _logits_and_maps(model.network, pixels, model.reference)
        (gradient,) = torch.autograd.grad(logits[0, column], maps)
    importance = gradient.mean(dim=(2, 3), keepdim=True)
    positive = F.relu((importance * maps).sum(dim=1, keepdim=True)).detach()
    heat = _onto_face(positive, model.preprocess, face.shape[:2])
    return heat / heat.max() if heat.max() > 0 else heat


def occlusion_map(model: EmotionModel, face: np.ndarray, emotion: str) -> np.ndarray:
    """How far the probability of an emotion falls when a part of the face is covered, float32 (H, W), 0 to 1.

    face as in `grad_cam`. A grey square moves over the face; each pixel gets the mean fall over the squares that cover
    it, those centred near it counting more; 0 where covering it helps. Works with any model, for 50 predictions.

    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4.2. Raises LabelError for
    an unknown emotion.
    """
    place = emotion_index(emotion)
    height, width = face.shape[:2]
    patch = max(1, round(min(height, width) / PATCHES_ACROSS))
    corners = [(top, left) for top in _starts(height, patch) for left in _starts(width, patch)]
    covered = np.repeat(face[None], len(corners) + 1, axis=0)
    for index, (top, left) in enumerate(corners):
        covered[index, top : top + patch, left : left + patch] = GREY
    probabilities = model.probabilities(covered)[:, place]  # the last one is the face as it is
    # Without the falling weight the map would show the edges of the squares rather than the face.
    tent = np.minimum(np.arange(patch), np.arange(patch)[::-1]) + 1.0
    weight = np.outer(tent, tent)
    total, weights = np.zeros((height, width)), np.zeros((height, width))
    for (top, left), probability in zip(corners, probabilities, strict=False):
        area = np.s_[top : top + patch, left : left + patch]
        total[area] += weight * (probabilities[-1] - probability)
        weights[area] += weight
    return np.clip(total / weights, 0, 1).astype(np.float32)


def has_feature_maps(model: EmotionModel) -> bool:
    """Whether `grad_cam` works with a model."""
    if not isinstance(model, TorchModel):
        return False
    pixels = model.preprocess(np.full((1, 48, 48), GREY, dtype=np.uint8), model.device)
    try:
        with torch.inference_mode():
            _logits_and_maps(model.network, pixels, model.reference)
    except ModelError:
        return False
    return True


def _logits_and_maps(network: nn.Module, pixels: torch.Tensor, reference: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits and the feature maps (N, C, h, w) they were computed from. No hooks: the network may be at work in
    other threads."""
    if (ours := architecture_of(network)) is not None and ours.feature_maps is not None:
        return ours.feature_maps(network, pixels)
    outputs: Any = network(pixel_values=pixels, output_hidden_states=True)
    maps = outputs.hidden_states[-1] if getattr(outputs, "hidden_states", None) else None
    if maps is None or maps.ndim != 4:
        raise ModelError(f"{reference} is no convolutional network, so it has no Grad-CAM map; use the occlusion map.")
    return outputs.logits, maps


def _onto_face(heat: torch.Tensor, preprocess: Preprocess, shape: tuple[int, ...]) -> np.ndarray:
    """A map (1, 1, h, w) of what the network was given, enlarged onto the face it was cut from, float32 (H, W)."""
    size = (preprocess.height, preprocess.width)
    heat = F.interpolate(heat, size=size, mode="bilinear", align_corners=False)
    if preprocess.resize is not None:
        # The network saw only the centre of the resized face.
        spare = [whole - part for whole, part in zip(preprocess.resize, size, strict=True)]
        top, left = (pixels // 2 for pixels in spare)
        heat = F.pad(heat, (left, spare[1] - left, top, spare[0] - top))
    heat = F.interpolate(heat, size=shape, mode="bilinear", align_corners=False)
    return heat[0, 0].float().cpu().numpy()


def _starts(length: int, patch: int) -> list[int]:
    """Where patches begin so that they cover everything, half a patch apart."""
    return sorted({*range(0, length - patch, max(1, patch // 2)), length - patch})
