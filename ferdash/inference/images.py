"""Any picture file -> uint8 RGB, upright, at most 4,096 px on its longer side; or one sentence that says why not."""

import io
import struct
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ferdash.errors import ImageError
from ferdash.files import PICTURE_FORMATS

MAX_SIDE = 4096
MAX_PIXELS = 120_000_000
"""A picture that must be decoded whole takes about 3 bytes a pixel, twice while it is converted."""

MAX_FILE_BYTES = 300_000_000
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic")

# Pillow warns from 89 million pixels; read_image has its own limit, and a warning would reach nobody.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_image(data: bytes | Path, name: str | None = None) -> np.ndarray:
    """uint8 RGB (H, W, 3) of a picture file, given as its bytes or its path.

    EXIF rotation is applied, transparency is put on white, 16-bit greys are scaled to 8 bits, CMYK, palettes and
    greys become RGB, of an animation the first frame counts. Above MAX_SIDE the picture is reduced; a JPEG already
    while it is decoded, so that memory stays bounded.

    Raises ImageError naming the file when it is empty, no picture, cut short, or too large to decode safely.
    """
    name = name or (data.name if isinstance(data, Path) else "the picture")
    content = _content(data, name)
    try:
        with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as image:
            return _decode(image, name)
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} is too large: over {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels.") from error
    except Image.UnidentifiedImageError as error:
        raise ImageError(f"{name} is not a picture that can be read{_hint(content)}.") from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, struct.error) as error:
        raise ImageError(f"{name} is damaged or cut short and cannot be read as a picture ({error}).") from error


def read_images(sources: Iterable[tuple[str, bytes | Path] | Path]) -> Iterator[tuple[str, np.ndarray | ImageError]]:
    """Every picture of files, folders and zip archives, one at a time: its name, and its pixels or what is wrong.

    A source is a path, or a name with bytes or a path. In folders and archives only files with a picture's suffix
    count; one bad file does not stop the others.
    """
    for source in sources:
        name, data = (source.name, source) if isinstance(source, Path) else source
        if isinstance(data, Path) and data.is_dir():
            files = sorted(path for path in data.rglob("*") if _is_picture(path.relative_to(data).as_posix()))
            if not files:
                yield name, ImageError(f"The folder {name} holds no picture.")
            for path in files:
                yield from _read_one(f"{name}/{path.relative_to(data).as_posix()}", path)
        elif _is_zip(data):
            yield from _read_zip(name, data)
        else:
            yield from _read_one(name, data)


def _read_one(name: str, data: bytes | Path) -> Iterator[tuple[str, np.ndarray | ImageError]]:
    try:
        yield name, read_image(data, name)
    except ImageError as error:
        yield name, error


def _read_zip(name: str, data: bytes | Path) -> Iterator[tuple[str, np.ndarray | ImageError]]:
    try:
        archive = zipfile.ZipFile(data if isinstance(data, Path) else io.BytesIO(data))
    except (zipfile.BadZipFile, OSError) as error:
        yield name, ImageError(f"{name} is a damaged zip archive ({error}); make it again.")
        return
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir() and _is_picture(member.filename)]
        if not members:
            yield name, ImageError(f"{name} holds no picture.")
        for member in members:
            label = f"{name}/{member.filename}"
            try:
                # The size in the directory may be a lie: never unpack more than the limit.
                with archive.open(member) as file:
                    content = file.read(MAX_FILE_BYTES + 1)
            except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
                yield label, ImageError(f"{label} cannot be unpacked ({error}).")
                continue
            yield from _read_one(label, content)


def _is_picture(path: str) -> bool:
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))
    return not hidden and Path(path).suffix.lower() in PICTURE_SUFFIXES


def _is_zip(data: bytes | Path) -> bool:
    if isinstance(data, Path):
        if not data.is_file():
            return False
        with data.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    return data[:4] == b"PK\x03\x04"


def _content(data: bytes | Path, name: str) -> bytes:
    try:
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
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return ": it is in Apple's HEIC format; save it as JPEG first"
    return ""


def _decode(image: Image.Image, name: str) -> np.ndarray:
    if image.format == "JPEG":
        image.draft(None, (MAX_SIDE, MAX_SIDE))
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(
            f"{name} is too large to open safely: {image.width:,} x {image.height:,} pixels; make it smaller first."
        )
    upright = _rgb(ImageOps.exif_transpose(image))
    upright.thumbnail((MAX_SIDE, MAX_SIDE), reducing_gap=2.0)
    return np.array(upright)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _to_eight_bits(values: np.ndarray) -> np.ndarray:
    """Greys of 16 bits on their full range; of 32 bits or floats between the smallest and the largest there are."""
    if values.dtype.itemsize == 2:
        return ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    values = np.nan_to_num(values.astype(np.float32))
    low, high = float(values.min()), float(values.max())
    if low >= 0 and 0 < high <= 1 and values.dtype.kind == "f":
        low, high = 0.0, 1.0
    return np.round((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
