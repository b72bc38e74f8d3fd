"""FerNet's image processor, so that a saved FerNet folder opens with transformers alone.

Importing this module registers it with AutoImageProcessor.
"""

from typing import Any, ClassVar

import numpy as np
from PIL import Image
from PIL.Image import Resampling
from transformers import AutoImageProcessor, BatchFeature
from transformers.image_processing_backends import PilBackend

from ferdash.models.fernet import FerNetConfig
from ferdash.models.preprocess import Preprocess

_RESAMPLING = {"bilinear": Resampling.BILINEAR, "bicubic": Resampling.BICUBIC, "lanczos": Resampling.LANCZOS}


class FerNetImageProcessor(PilBackend):
    """Any picture of a face -> `pixel_values` (N, 1, 48, 48): grey, resized, rescaled and normalised."""

    # transformers reads class attributes as defaults.
    resample = Resampling.BILINEAR
    size: ClassVar[dict[str, int]] = {"height": Preprocess.height, "width": Preprocess.width}
    image_mean: ClassVar[list[float]] = list(Preprocess.mean)
    image_std: ClassVar[list[float]] = list(Preprocess.std)
    do_resize = True
    do_rescale = True
    do_normalize = True

    def preprocess(self, images: Any, *args: Any, **kwargs: Any) -> BatchFeature:
        """As every image processor's, and grey arrays (H, W) without a channel axis are welcome, alone or in a list."""
        single = not isinstance(images, list | tuple)
        images = [_with_channel(image) for image in ([images] if single else images)]
        found: BatchFeature = super().preprocess(images[0] if single else images, *args, **kwargs)
        return found

    def process_image(self, image: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        """One image as grey (1, H, W)."""
        if isinstance(image, Image.Image):
            return np.asarray(image.convert("L"))[None]
        pixels = super().process_image(image, *args, **kwargs)
        if pixels.shape[0] == 1:
            return pixels
        return np.asarray(Image.fromarray(np.moveaxis(pixels, 0, -1)).convert("L"))[None]


def _with_channel(image: Any) -> Any:
    return image[..., None] if isinstance(image, np.ndarray) and image.ndim == 2 else image


def processor_of(preprocess: Preprocess) -> FerNetImageProcessor:
    """The image processor to save beside a FerNet that was trained with `preprocess`."""
    return FerNetImageProcessor(
        size={"height": preprocess.height, "width": preprocess.width},
        image_mean=list(preprocess.mean),
        image_std=list(preprocess.std),
        rescale_factor=preprocess.rescale,
        resample=_RESAMPLING[preprocess.resample],
    )


AutoImageProcessor.register(FerNetConfig, image_processor_classes={"pil": FerNetImageProcessor}, exist_ok=True)
