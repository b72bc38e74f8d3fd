"""Any picture file -> uint8 RGB, upright, of at most KEPT_PIXELS; or one sentence that says why not.

Everything that reads a picture does so here, so that a face is the same to the import of a dataset and to a prediction.
"""

import io
import math
import re
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ferdash.errors import ImageError
from ferdash.files import PICTURE_FORMATS

MAX_SIDE, KEPT_PIXELS = 16_384, 52_000_000
"""A larger picture is reduced. What cameras make is within, so that a box found in it is one in the file; OpenCV cuts
nothing out of sides over 32,767."""

MAX_PIXELS = 120_000_000
"""A picture that must be decoded whole takes about 4 bytes a pixel, twice while it is converted."""

COSTLY_MODES = {"RGBA": 2, "LA": 2, "PA": 2, "CMYK": 2, "I;16": 2, "I;16B": 2, "I;16L": 2, "I": 6, "F": 6}
"""By how much more memory than that a pixel of such a picture takes, as it is put on white or scaled as floats."""

MAX_FILE_BYTES = 300_000_000

PICTURE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("jpg", "jpeg", "jpe", "jfif", "jp2", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "avif", "tga"),
        *("pgm", "ppm", "pbm", "pnm", "heic", "heif"),
    )
)
"""What a file in a folder or an archive is called that is taken for a picture. HEIC is among them to be refused with
a sentence rather than passed over."""

_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 258
"""Tags of EXIF and TIFF."""

_ON_THEIR_SIDE = (5, 6, 7, 8)
"""Orientations whose width and height change places."""

_NARROW = (8, 10, 12)
"""Bits that cameras, scanners and careless conversions use of 16 when they do not use them all."""

# Pillow warns from 89 million pixels; read_image has its own limit, and a warning would reach nobody.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def is_picture_name(path: str) -> bool:
    """Whether a file's name says that it holds a picture; forward slashes, hidden files are none."""
    parts = PurePosixPath(path).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and PurePosixPath(path).suffix.lower() in PICTURE_SUFFIXES


def by_number(name: str) -> list[tuple[int, int, str]]:
    """What to sort names of photos by: photo2 before photo10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in re.split(r"(\d+)", name) if part]


def read_image(data: bytes | Path, name: str | None = None, *, bits: int | None = None) -> np.ndarray:
    """uint8 RGB (H, W, 3) of a picture file, given as its bytes or its path.

    EXIF rotation is applied, transparency is put on white, deep greys and colours are scaled to 8 bits, CMYK, palettes
    and greys become RGB, of an animation the first frame counts. Above MAX_SIDE or KEPT_PIXELS the picture is reduced;
    a JPEG already while it is decoded, so that memory stays bounded.

    bits: how many of a deep picture's 16 bits its values use; None takes the fewest of 8, 10, 12 and 16 that hold its
    largest (see `Look`). Raises ImageError naming the file when it is empty, no picture, cut short, or too large
    to decode safely.
    """
    return read_picture(data, name, bits=bits).pixels


@dataclass(frozen=True, eq=False)
class Picture:
    """What was read of a file. pixels: uint8 RGB (H, W, 3), as `read_image` gives them. size: (width, height) that the
    file has, upright; larger than that of the pixels where the picture had to be reduced."""

    pixels: np.ndarray
    size: tuple[int, int]

    @property
    def reduced(self) -> float:
        """Pixels of the file for one of these."""
        return float(self.size[0] / self.pixels.shape[1])


def read_picture(data: bytes | Path, name: str | None = None, *, bits: int | None = None) -> Picture:
    """As `read_image`, with the size of what is in the file. Raises ImageError as it does."""
    name = name or (data.name if isinstance(data, Path) else "the picture")
    content = _content(data, name)
    try:
        with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as image:
            return _decode(image, content, name, bits)
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} is too large: over {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels.") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is not a picture that can be read{_hint(content)}.") from error
    except _DAMAGED as error:
        raise ImageError(f"{name} is damaged or cut short and cannot be read as a picture ({error}).") from error


@dataclass(frozen=True)
class Look:
    """What a picture's file says of it. width, height: in pixels, as stored. bits: of a picture with 16 bits a channel,
    how many its values use: 8, 10, 12 or 16, whatever holds the largest; None for an ordinary picture.

    Cameras and scanners often put 10 or 12 bits into 16 without saying so; taken for 16, such a picture is nearly
    black.
    """

    width: int
    height: int
    bits: int | None


def look(data: bytes) -> Look | None:
    """A look at a picture file; only a deep picture is decoded for it. None for what cannot be read, which `read_image`
    then says."""
    try:
        with Image.open(io.BytesIO(data), formats=PICTURE_FORMATS) as image:
            size = image.size
            deep = _deep_values(image, data) if size[0] * size[1] <= _most_pixels(image) else None
    except (*_DAMAGED, Image.DecompressionBombError):
        return None
    return Look(*size, None if deep is None else _bits_of(deep))


# RuntimeError is how the decoder of AVIF says it.
_DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
    struct.error,
    cv2.error,
)


def _content(data: bytes | Path, name: str) -> bytes:
    try:
        if isinstance(data, Path) and data.exists() and not data.is_file():
            raise ImageError(f"{name} is not a file.")  # a pipe or a device, which may never end
        size = data.stat().st_size if isinstance(data, Path) else len(data)
        if size > MAX_FILE_BYTES:
            raise ImageError(f"{name} is too large: over {MAX_FILE_BYTES // 1_000_000:,} MB.")
        content = data.read_bytes() if isinstance(data, Path) else bytes(data)
    except OSError as error:
        raise ImageError(f"{name} cannot be opened ({error.strerror or error}).") from error
    if not content:
        raise ImageError(f"{name} is empty.")
    return content


def _hint(content: bytes) -> str:
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"heim", b"heis"):
        return ": it is in Apple's HEIC format; save it as JPEG first"
    return ""


def _most_pixels(image: Image.Image) -> int:
    return MAX_PIXELS // COSTLY_MODES.get(image.mode, 2 if image.has_transparency_data else 1)


def _decode(image: Image.Image, content: bytes, name: str, bits: int | None) -> Picture:
    stored = image.size
    if image.format == "JPEG":
        width, height = _kept(stored)
        halves = 2 if stored[0] * stored[1] > _most_pixels(image) else 1  # decoded at half its size, it can be opened
        image.draft(None, (max(1, width // halves), max(1, height // halves)))
    if image.width * image.height > _most_pixels(image):
        raise ImageError(
            f"{name} is too large to open safely: {image.width:,} x {image.height:,} pixels; make it smaller first."
        )
    upright = _rgb(_upright(image, content, bits))
    size = stored[::-1] if image.getexif().get(_ORIENTATION) in _ON_THEIR_SIDE else stored
    if _kept(size) != size:
        upright.thumbnail(_kept(size), reducing_gap=2.0)
    return Picture(np.array(upright), size)


def _kept(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height at which a picture of that size is read."""
    width, height = size
    share = min(1.0, MAX_SIDE / max(size), math.sqrt(KEPT_PIXELS / (width * height)))
    return max(1, int(width * share)), max(1, int(height * share))


def _upright(image: Image.Image, content: bytes, bits: int | None) -> Image.Image:
    """The picture turned as EXIF says, with no more than 8 bits a channel."""
    deep = _deep_values(image, content)
    if deep is None and image.mode not in ("I", "F"):
        return ImageOps.exif_transpose(image)
    exif = Image.Exif()
    exif[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
    eight = Image.fromarray(_between_extremes(np.asarray(image)) if deep is None else _to_eight_bits(deep, bits))
    eight.info["exif"] = exif.tobytes()
    return ImageOps.exif_transpose(eight)


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _deep_values(image: Image.Image, content: bytes) -> np.ndarray | None:
    """uint16 (H, W), (H, W, 3) or (H, W, 4) of a picture with 16 bits a channel, not yet turned; None for another."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return np.asarray(image).astype(np.uint16)
    if not _has_deep_colour(image, content):
        return None
    # Pillow keeps only the high byte of deep colours, and of a picture that uses 12 bits, nearly nothing.
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if values is None or values.dtype != np.uint16:
        return None
    if values.ndim == 3:
        order = cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB
        values = cv2.cvtColor(values, order)
    return values


def _has_deep_colour(image: Image.Image, content: bytes) -> bool:
    if image.mode not in ("RGB", "RGBA", "LA"):
        return False
    if image.format == "PNG":
        return content[24:25] == b"\x10"  # the bit depth in IHDR (PNG specification, 11.2.2)
    if image.format == "TIFF":
        depth = image.tag_v2.get(_BITS_PER_SAMPLE, ())  # type: ignore[attr-defined]
        return depth == 16 or (isinstance(depth, tuple) and depth[:1] == (16,))
    return False


def _bits_of(values: np.ndarray) -> int:
    """The fewest of 8, 10, 12 and 16 bits that hold the largest colour; opacity says nothing of it."""
    colours = values[..., :3] if values.ndim == 3 else values
    largest = int(colours.max(initial=0))
    return next((bits for bits in _NARROW if largest < 2**bits), 16)


def _to_eight_bits(values: np.ndarray, bits: int | None) -> np.ndarray:
    """uint16 on the range of so many bits as uint8, rounded; opacity always has all 16."""
    highest = 2 ** (bits or _bits_of(values)) - 1
    eight = _scaled(values, highest)
    if values.ndim == 3 and values.shape[2] == 4:
        eight[..., 3] = _scaled(values[..., 3], 65535)
    return eight


def _scaled(values: np.ndarray, highest: int) -> np.ndarray:
    found: np.ndarray = ((np.minimum(values, highest).astype(np.uint32) * 255 + highest // 2) // highest).astype(
        np.uint8
    )
    return found


def _between_extremes(values: np.ndarray) -> np.ndarray:
    """Greys of 32 bits or floats as uint8, between the smallest and the largest there are; floats of 0 to 1 as such."""
    values = np.nan_to_num(values.astype(np.float32))
    low, high = float(values.min()), float(values.max())
    if low >= 0 and 0 < high <= 1 and values.dtype.kind == "f":
        low, high = 0.0, 1.0
    return np.round((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
