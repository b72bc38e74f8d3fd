"""What every layout is read into, and how the bytes of one picture become one 48 x 48 grey face."""

import io
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ferdash.data.dataset import IMAGE_SIZE
from ferdash.errors import DatasetError
from ferdash.files import PICTURE_FORMATS

MAX_PIXELS = 50_000_000
"""More than any camera's face crop; a larger picture is refused before it is decoded."""


@dataclass(frozen=True)
class Faces:
    """The content of a source, before it becomes a dataset.

    images: uint8 (N, 48, 48). labels: positions in EMOTIONS. splits: one of SPLITS each. sources: the name each image
    came under. votes: uint8 (N, 10), zeros where unknown, or None. notes: sentences for the person importing.
    """

    images: np.ndarray
    labels: np.ndarray
    splits: list[str]
    sources: list[str]
    votes: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)


def decode_face(data: bytes, name: str) -> tuple[np.ndarray, bool]:
    """A picture file's bytes as a grey uint8 (48, 48) array, and whether it had to be resized to that.

    Raises DatasetError naming the file when it is no picture, cut short, or absurdly large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=PICTURE_FORMATS) as header:
            width, height = header.size
        if width * height > MAX_PIXELS:
            raise DatasetError(
                f"“{name}” is a picture of {width:,} x {height:,} pixels, too large for a face; remove it."
            )
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except (UnidentifiedImageError, Image.DecompressionBombError, cv2.error, OSError, ValueError, SyntaxError):
        image = None
    if image is None:
        raise DatasetError(f"“{name}” is not a picture, or only part of one. Remove it or get it again, then retry.")
    if image.shape == (IMAGE_SIZE, IMAGE_SIZE):
        return image, False
    return cv2.resize(image, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA), True
