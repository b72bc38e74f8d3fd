"""FerNet: a compact residual network for grey 48 x 48 faces, as a transformers model.

A 3x3 stem at full resolution, then stages of residual blocks, each stage halving the resolution and doubling the
width. The blocks are those of He et al., "Deep Residual Learning for Image Recognition" (2016), with the squeeze-and-
excitation gate of Hu et al., "Squeeze-and-Excitation Networks" (2018), the average-pool shortcut (ResNet-D) of He et
al., "Bag of Tricks for Image Classification with Convolutional Neural Networks" (2019).

Importing this module registers FerNet with transformers' Auto classes.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForImageClassification, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ImageClassifierOutput

from ferdash.emotions import EMOTIONS
from ferdash.models.small_maps import Convolution


class FerNetConfig(PreTrainedConfig):
    """Shape of a FerNet.

    width: channels of the first stage; stage s has width * 2**s. depths: residual blocks of each stage.
    dropout: probability on the pooled features. image_size, num_channels: what the network was made for; it is fully
    convolutional, so other sizes run too.
    """

    model_type = "fernet"

    def __init__(
        self,
        width: int = 32,
        depths: tuple[int, ...] | list[int] = (1, 1, 1, 1),
        dropout: float = 0.3,
        image_size: int = 48,
        num_channels: int = 1,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("id2label", dict(enumerate(EMOTIONS)))
        kwargs.setdefault("label2id", {name: index for index, name in enumerate(EMOTIONS)})
        super().__init__(**kwargs)
        self.width = width
        self.depths = list(depths)
        self.dropout = dropout
        self.image_size = image_size
        self.num_channels = num_channels


class SqueezeExcitation(nn.Module):
    """Scale each channel by a gate computed from the mean of all channels. (N, C, H, W) in and out."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        hidden = max(8, channels // reduction)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        squeezed = _pooled(features, self.training)
        gate = torch.sigmoid(self.expand(F.relu(self.reduce(squeezed))))
        return features * gate[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, a channel gate and a shortcut; `stride` 2 halves the resolution."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Convolution(channels_in, channels_out, 3, stride=stride)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = Convolution(channels_out, channels_out, 3)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.gate = SqueezeExcitation(channels_out)
        shortcut: list[nn.Module] = []
        if stride != 1:
            shortcut.append(nn.AvgPool2d(stride, ceil_mode=True))
        if channels_in != channels_out:
            shortcut += [nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out)]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        residual = F.relu(self.norm1(self.conv1(features)), inplace=True)
        residual = self.gate(self.norm2(self.conv2(residual)))
        return F.relu(residual + self.shortcut(features), inplace=True)


class FerNetForImageClassification(PreTrainedModel):
    """FerNet with its classification head. `pixel_values` (N, 1, H, W) float, normalised -> logits (N, labels)."""

    config_class = FerNetConfig
    main_input_name = "pixel_values"
    base_model_prefix = "fernet"

    def __init__(self, config: FerNetConfig) -> None:
        super().__init__(config)
        stem_width = config.width // 2
        self.stem = nn.Sequential(
            nn.Conv2d(config.num_channels, stem_width, 3, padding=1, bias=False),
            nn.BatchNorm2d(stem_width),
            nn.ReLU(inplace=True),
        )
        stages = []
        channels = stem_width
        for stage, depth in enumerate(config.depths):
            width = config.width * 2**stage
            for block in range(depth):
                stages.append(ResidualBlock(channels, width, stride=2 if block == 0 else 1))
                channels = width
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(channels, len(config.id2label or EMOTIONS))
        self.post_init()  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
            nn.init.zeros_(module.running_mean)  # type: ignore[arg-type]
            nn.init.ones_(module.running_var)  # type: ignore[arg-type]
            module.num_batches_tracked.zero_()  # type: ignore[union-attr]
        elif isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Pooled features before the classifier, (N, channels of the last stage)."""
        return _pooled(self.stages(self.stem(pixel_values)), self.training)

    def forward(
        self, pixel_values: torch.Tensor, labels: torch.Tensor | None = None, **_: Any
    ) -> ImageClassifierOutput:
        logits = self.classifier(self.dropout(self.features(pixel_values)))
        loss = None if labels is None else F.cross_entropy(logits, labels)
        return ImageClassifierOutput(loss=loss, logits=logits)


def _pooled(features: torch.Tensor, training: bool) -> torch.Tensor:
    """The mean of each map, (N, C, H, W) -> (N, C). The gradient of `mean` is laid out channel by channel, and all that
    meets it afterwards has to go through memory in two orders; that of a sum is not laid out at all."""
    if training:
        return features.sum(dim=(2, 3)) / (features.shape[2] * features.shape[3])
    return features.mean(dim=(2, 3))


AutoConfig.register("fernet", FerNetConfig, exist_ok=True)
AutoModelForImageClassification.register(FerNetConfig, FerNetForImageClassification, exist_ok=True)
