"""From uint8 faces to the float tensor a network takes, a whole batch at once.

transformers' image processors work on one PIL image at a time. Resizing uint8 with PyTorch's antialiased interpolation
is the same arithmetic as Pillow's, so one tensor operation a batch gives the same pixels: measured on noise and on
photos enlarged and reduced to 224 px, at most 2 of 255 levels apart (0.04 on average), and 0 where the size stays.

PyTorch is imported only where it works: a face that is as large as the network takes it needs numpy alone.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL.Image import Resampling

from ferdash.errors import ModelError

if TYPE_CHECKING:
    import torch

FER2013_MEAN = 0.5077
FER2013_STD = 0.2550
"""Mean and standard deviation of a pixel over the 28,709 training images of FER2013, on a scale of 0 to 1."""

_MODES = {
    Resampling.NEAREST: "nearest",
    Resampling.BILINEAR: "bilinear",
    Resampling.BICUBIC: "bicubic",
    Resampling.LANCZOS: "lanczos",
}

MAX_SIDE = 2048
"""Pixels; no network of images is given more on a side."""

BYTE = 1 / 255


@dataclass(frozen=True)
class Preprocess:
    """Size, channels and normalisation that a network was trained with.

    rescale: factor on the uint8 pixels before mean and std. resample: nearest, bilinear, bicubic or lanczos. resize:
    (height, width) that a face is resized to before its centre is cut to height x width; None resizes to height x width
    itself. bgr: the channels are given in the order blue, green, red.

    Raises ModelError for values that no face can be prepared with.
    """

    height: int = 48
    width: int = 48
    channels: int = 1
    mean: tuple[float, ...] = (FER2013_MEAN,)
    std: tuple[float, ...] = (FER2013_STD,)
    rescale: float = 1 / 255
    resample: str = "bilinear"
    resize: tuple[int, int] | None = None
    bgr: bool = False

    def __post_init__(self) -> None:
        try:
            sides = [self.height, self.width, *(self.resize or ())]
            numbers = [*self.mean, *self.std, self.rescale]
            sound = (
                all(isinstance(side, int) and 0 < side <= MAX_SIDE for side in sides)
                and len(sides) in (2, 4)
                and self.channels in (1, 3)
                and len(self.mean) in (1, self.channels)
                and len(self.std) in (1, self.channels)
                and all(math.isfinite(number) for number in numbers)
                and all(number > 0 for number in (*self.std, self.rescale))
                and self.resample in _MODES.values()
            )
        except (TypeError, ValueError, OverflowError):
            sound = False
        if not sound:
            raise ModelError(
                f"A face cannot be prepared as the model asks: {self.height!s:.20} x {self.width!s:.20} pixels, "
                f"{self.channels!s:.20} channels, mean {self.mean!s:.60}, std {self.std!s:.60}, rescaled by "
                f"{self.rescale!s:.20}, {self.resample!s:.20}. Sides go up to {MAX_SIDE}; std and factor are over 0."
            )

    def at_size(self, side: int) -> "Preprocess":
        """The same for a network that is given side x side pixels; what is cut off around them stays in proportion."""
        resize = self.resize and (round(self.resize[0] * side / self.height), round(self.resize[1] * side / self.width))
        return replace(self, height=side, width=side, resize=resize)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocess":
        """From `to_dict`, also after JSON has made lists of its tuples. Raises TypeError for other fields."""
        fields: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in values.items()}
        return cls(**fields)

    def array(self, faces: np.ndarray) -> np.ndarray:
        """What `__call__` gives, bit by bit, as a float32 array; without PyTorch where no face has to be resized."""
        if faces.shape[1:3] != (self.height, self.width) or self.resize is not None:
            return np.ascontiguousarray(self(faces).numpy())
        pixels = _channels_first(faces, self.channels).astype(np.float32, order="C")
        pixels /= np.float32(1 / self.rescale)
        if self.bgr:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
        found: np.ndarray = (pixels - _by_plane(self.mean)) / _by_plane(self.std)
        return found

    def __call__(self, faces: np.ndarray, device: "torch.device | str" = "cpu") -> "torch.Tensor":
        """uint8 (N, H, W) grey or (N, H, W, 3) RGB -> float32 (N, channels, height, width) on `device`.

        Colour becomes grey by ITU-R BT.601, rounded as Pillow does; grey becomes colour by repetition.
        Raises ValueError for another dtype or shape.
        """
        import torch

        # A copy: PyTorch will not wrap a read-only memory map.
        pixels = self.resized(torch.tensor(_channels_first(faces, self.channels))).to(device)
        # Dividing by 255 is not multiplying by 1/255 in the last bit, and training divides.
        pixels = self.normalise(pixels.float().div_(1 / self.rescale))
        return pixels.contiguous(memory_format=torch.channels_last)

    def resized(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """uint8 (N, C, H, W) -> uint8 (N, C, height, width)."""
        top, left = self.corner
        return self.uncut(pixels)[..., top : top + self.height, left : left + self.width]

    def uncut(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """As `resized`, before the centre is cut out: uint8 (N, C, *whole)."""
        from torch.nn import functional as F

        if pixels.shape[-2:] == self.whole:
            return pixels
        if self.resample == "nearest":
            return F.interpolate(pixels, size=self.whole, mode="nearest-exact")
        if pixels.device.type != "cpu":  # where there is no antialiased form for bytes
            exact = F.interpolate(
                pixels.float(), size=self.whole, mode=self.resample, align_corners=False, antialias=True
            )
            return exact.round_().clamp_(0, 255).to(pixels.dtype)
        return F.interpolate(pixels, size=self.whole, mode=self.resample, align_corners=False, antialias=True)

    @property
    def whole(self) -> tuple[int, int]:
        """Height and width of the resized face before its centre is cut out."""
        return self.resize or (self.height, self.width)

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the resized face at which what is cut out begins."""
        return (self.whole[0] - self.height) // 2, (self.whole[1] - self.width) // 2

    def normalise_unit(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """As `normalise`, of pixels on a scale of 0 to 1 whatever the network's own scale is."""
        return self.normalise(pixels if self.rescale == BYTE else pixels * (self.rescale / BYTE))

    def normalise(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Float (N, 1 or channels, H, W), rescaled -> float (N, channels, H, W), shifted, scaled, in the network's
        order of channels."""
        import torch

        if self.bgr:
            pixels = pixels.flip(1)
        mean = torch.tensor(self.mean, device=pixels.device).view(1, -1, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(1, -1, 1, 1)
        return (pixels - mean) / std


def preprocess_of(processor: Any, channels: int) -> Preprocess:
    """The settings of a transformers image processor, for a network of `channels` input channels (1 or 3).

    Raises ModelError when it names a size or a resampling that a square face cannot be brought to, or values that make
    no sense.
    """
    try:
        return _preprocess_of(processor.to_dict(), channels)
    except (TypeError, ValueError, OverflowError, KeyError, ZeroDivisionError) as error:
        raise ModelError(f"The image processor's settings make no sense ({str(error)[:120]}).") from error


def _preprocess_of(settings: Mapping[str, Any], channels: int) -> Preprocess:
    resize = _size(settings.get("size"), "size") if settings.get("do_resize", True) else None
    if resize and str(settings.get("image_processor_type")).startswith("Levit") and "shortest_edge" in settings["size"]:
        size, resize = resize, (int(resize[0] * 256 / 224), int(resize[1] * 256 / 224))
    elif (share := settings.get("crop_pct")) and resize and resize[0] < 384:
        # ConvNeXT: below 384 px, enlarge by 1 / crop_pct and cut the centre.
        size, resize = resize, (int(resize[0] / share), int(resize[1] / share))
    elif settings.get("do_center_crop") or resize is None:
        size = _size(settings.get("crop_size") or settings.get("size"), "crop_size")
    else:
        size = resize
    resample = Resampling(settings.get("resample", Resampling.BILINEAR))
    if resample not in _MODES:
        raise ModelError(f"The image processor resizes by “{resample.name.lower()}”, which ferdash does not reproduce.")
    if resize is not None and (resize[0] < size[0] or resize[1] < size[1]):
        raise ModelError(f"The image processor cuts {size} out of a picture of {resize}, which does not fit.")
    mean, std = _mean_and_std(settings, channels)
    return Preprocess(
        height=size[0],
        width=size[1],
        channels=channels,
        mean=mean,
        std=std,
        rescale=float(settings.get("rescale_factor", BYTE)) if settings.get("do_rescale", True) else 1.0,
        resample=_MODES[resample],
        resize=None if resize == size else resize,
        bgr=bool(settings.get("do_flip_channel_order")) and channels > 1,
    )


def _mean_and_std(settings: Mapping[str, Any], channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of rescaled pixels, over all that a processor does with them."""
    mean, std = (0.0,) * channels, (1.0,) * channels
    if settings.get("do_normalize"):
        for name in ("image_mean", "image_std"):
            if settings.get(name) is None:
                raise ModelError(f"The image processor is to normalise (do_normalize) but says no {name}.")
        mean, std = _by_channel(settings["image_mean"], channels), _by_channel(settings["image_std"], channels)
    if settings.get("do_rescale", True) and settings.get("rescale_offset"):  # EfficientNet: pixels from -1 to 1
        mean = tuple(value + 1 for value in mean)
    if settings.get("include_top"):  # EfficientNet divides by the deviation once more
        std = tuple(a * b for a, b in zip(std, _by_channel(settings["image_std"], channels), strict=True))
    return mean, std


def _size(value: Any, field: str) -> tuple[int, int]:
    """(height, width) that a square picture is brought to by a processor's size entry."""
    if isinstance(value, Mapping) and value.get("height") and value.get("width"):
        return int(value["height"]), int(value["width"])
    if isinstance(value, Mapping) and value.get("shortest_edge"):
        return int(value["shortest_edge"]), int(value["shortest_edge"])
    raise ModelError(f"The image processor's “{field}” is {value!r}; ferdash needs height and width, or shortest_edge.")


def _by_channel(value: Any, channels: int) -> tuple[float, ...]:
    values = tuple(float(number) for number in np.atleast_1d(value))
    if channels == 1 and len(set(values)) == 1:
        return values[:1]
    return values * channels if len(values) == 1 else values


def _by_plane(values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, dtype=np.float32).reshape(1, -1, 1, 1)


def _channels_first(faces: np.ndarray, channels: int) -> np.ndarray:
    """uint8 faces of `Preprocess.__call__` as (N, 1 or channels, H, W)."""
    if faces.dtype != np.uint8 or faces.ndim not in (3, 4) or (faces.ndim == 4 and faces.shape[3] != 3):
        raise ValueError(f"faces must be uint8 (N, H, W) or (N, H, W, 3), not {faces.dtype} {faces.shape}")
    if faces.ndim == 3:
        return faces[:, None]
    return _grey(faces)[:, None] if channels == 1 else np.moveaxis(faces, 3, 1)


def _grey(faces: np.ndarray) -> np.ndarray:
    """uint8 RGB (N, H, W, 3) -> uint8 (N, H, W), in Pillow's fixed-point arithmetic."""
    red, green, blue = np.moveaxis(faces.astype(np.int32), 3, 0)
    found: np.ndarray = ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype(np.uint8)
    return found
