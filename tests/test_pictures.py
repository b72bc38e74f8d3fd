import ast
import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image

from ferdash.errors import ImageError
from ferdash.pictures import MAX_SIDE, Look, is_picture_name, look, read_image, read_picture

PROJECT = Path(__file__).parents[1]
MODULES = sorted([*PROJECT.glob("ferdash/**/*.py"), *PROJECT.glob("pages/**/*.py")])

QUADRANTS = np.zeros((40, 60, 3), np.uint8)
QUADRANTS[:20, :30] = (230, 30, 30)
QUADRANTS[:20, 30:] = (30, 200, 30)
QUADRANTS[20:, :30] = (30, 30, 220)
QUADRANTS[20:, 30:] = (240, 240, 240)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def picture() -> Image.Image:
    return Image.fromarray(QUADRANTS)


def assert_close(result: np.ndarray, expected: np.ndarray, tolerance: int) -> None:
    assert result.dtype == np.uint8
    assert result.shape == expected.shape
    assert np.abs(result.astype(int) - expected).mean() <= tolerance


@pytest.mark.parametrize(
    ("form", "tolerance"), [("PNG", 0), ("JPEG", 6), ("WEBP", 6), ("BMP", 0), ("TIFF", 0), ("GIF", 2), ("AVIF", 6)]
)
def test_formats(form: str, tolerance: int) -> None:
    assert_close(read_image(encoded(picture(), form), "p"), QUADRANTS, tolerance)


def test_a_postscript_file_starts_no_other_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path / 'started'}\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # whether there is one is asked once
    content = encoded(picture(), "EPS")
    with Image.open(io.BytesIO(content)) as taken, contextlib.suppress(OSError):
        taken.load()
    assert (tmp_path / "started").exists(), "Pillow left to itself starts it"
    (tmp_path / "started").unlink()
    with pytest.raises(ImageError, match=r"photo\.jpg is not a picture"):
        read_image(content, "photo.jpg")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(PROJECT).as_posix())
def test_every_picture_is_opened_as_one_of_the_formats_that_are_safe(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open":
            assert "formats" in {keyword.arg for keyword in node.keywords}, f"line {node.lineno}"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, lambda a: np.rot90(np.fliplr(a))),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(np.fliplr(a), -1)),
        (8, np.rot90),
    ],
)
def test_exif_rotation(form: str, orientation: int, turn) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = read_image(encoded(picture(), form, exif=exif), "p")
    assert_close(result, turn(QUADRANTS), 6)


def test_transparency_is_put_on_white() -> None:
    rgba = np.dstack([QUADRANTS, np.full((40, 60), 255, np.uint8)])
    rgba[:20, :30, 3] = 0
    rgba[20:, :30, 3] = 128
    result = read_image(encoded(Image.fromarray(rgba), "PNG"), "p")
    assert result[5, 5].tolist() == [255, 255, 255]
    assert result[5, 45].tolist() == [30, 200, 30]
    assert np.abs(result[35, 5].astype(int) - [142, 142, 237]).max() <= 1


def test_transparent_palettes_greys_and_colour_keys() -> None:
    palette = picture().quantize(4)
    seen = palette.getpixel((5, 5))
    assert read_image(encoded(palette, "PNG", transparency=seen), "p")[5, 5].tolist() == [255, 255, 255]
    assert read_image(encoded(palette, "GIF", transparency=seen), "p")[5, 5].tolist() == [255, 255, 255]
    grey = Image.new("LA", (4, 4), (100, 0))
    assert read_image(encoded(grey, "PNG"), "p")[0, 0].tolist() == [255, 255, 255]
    keyed = encoded(picture(), "PNG", transparency=(30, 200, 30))
    assert read_image(keyed, "p")[5, 45].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "YCbCr", "LAB", "HSV"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    form = "TIFF" if mode in ("CMYK", "YCbCr", "LAB") else "PNG"
    image = picture() if mode in ("LAB", "HSV") else picture().convert(mode)
    if mode == "LAB":
        from PIL import ImageCms

        to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        image = ImageCms.applyTransform(image, to_lab)
    result = read_image(encoded(image, form), "p")
    assert result.shape == (40, 60, 3)


def test_grey_stays_grey() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    result = read_image(encoded(Image.fromarray(grey), "PNG"), "p")
    assert np.array_equal(result, np.repeat(grey[..., None], 3, axis=-1))


def test_cmyk_jpeg_is_not_a_negative() -> None:
    result = read_image(encoded(picture().convert("CMYK"), "JPEG", quality=95), "p")
    assert_close(result, QUADRANTS, 8)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(form: str) -> None:
    ramp = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    result = read_image(encoded(Image.fromarray(ramp), form), "p")
    assert np.array_equal(result[..., 0], np.round(ramp / 257).astype(np.uint8))


def test_sixteen_bit_colour() -> None:
    # A 16-bit RGB PNG written by hand: Pillow cannot write one.
    rows = b"".join(b"\x00" + struct.pack(">6H", 65535, 32896, 0, 0, 257, 65535) for _ in range(2))
    header = struct.pack(">2I5B", 2, 2, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    result = read_image(b"\x89PNG\r\n\x1a\n" + b"".join(parts), "p")
    assert result[0].tolist() == [[255, 128, 0], [0, 1, 255]]


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 40.0)])
def test_floats_span_the_range(low: float, high: float) -> None:
    values = np.linspace(low, high, 16, dtype=np.float32).reshape(4, 4)
    result = read_image(encoded(Image.fromarray(values), "TIFF"), "p")
    assert result[..., 0].ravel().tolist() == np.round(np.linspace(0, 255, 16)).astype(int).tolist()


def test_flat_thirty_two_bits_do_not_divide_by_zero() -> None:
    result = read_image(encoded(Image.fromarray(np.full((4, 4), 70000, np.int32)), "TIFF"), "p")
    assert result.shape == (4, 4, 3)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for form in ("GIF", "WEBP"):
        result = read_image(encoded(frames[0], form, save_all=True, append_images=frames[1:], lossless=True), "p")
        assert np.abs(result[0, 0].astype(int) - [255, 0, 0]).max() <= 3


def test_what_cameras_make_is_read_as_it_is() -> None:
    assert read_image(encoded(Image.new("L", (6000, 4000)), "JPEG"), "p").shape == (4000, 6000, 3)


def test_large_photos_are_reduced_and_their_size_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferdash.pictures.KEPT_PIXELS", 1_000_000)
    picture = read_picture(encoded(Image.new("RGB", (9000, 3000), "teal"), "JPEG"), "p")
    assert picture.pixels.shape[0] * picture.pixels.shape[1] <= 1_000_000
    assert picture.pixels.shape[1] / picture.pixels.shape[0] == pytest.approx(3, abs=0.01)
    assert np.abs(picture.pixels[10, 10].astype(int) - [0, 128, 128]).max() <= 4
    assert picture.size == (9000, 3000)
    assert picture.reduced == pytest.approx(9000 / picture.pixels.shape[1])
    on_its_side = Image.Exif()
    on_its_side[0x0112] = 6
    turned = read_picture(encoded(Image.new("RGB", (3000, 1000)), "JPEG", exif=on_its_side), "p")
    assert (turned.size, turned.reduced) == ((1000, 3000), pytest.approx(1000 / turned.pixels.shape[1]))


def test_no_side_is_too_long_to_cut_from() -> None:
    picture = read_picture(encoded(Image.new("L", (2 * MAX_SIDE, 20)), "PNG"), "p")
    assert (picture.pixels.shape, picture.reduced) == ((10, MAX_SIDE, 3), 2.0)


def test_a_jpeg_too_large_to_be_decoded_whole_is_decoded_at_half_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferdash.pictures.MAX_PIXELS", 1_000_000)
    monkeypatch.setattr("ferdash.pictures.KEPT_PIXELS", 600_000)
    picture = read_picture(encoded(Image.new("RGB", (1600, 1200)), "JPEG"), "p")
    assert (picture.pixels.shape, picture.size) == ((600, 800, 3), (1600, 1200))


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that claims a size; its pixels are never reached."""
    body = b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return head + struct.pack(">I", 10) + b"IDAT" + b"\x00" * 14


@pytest.mark.parametrize("size", [(100_000, 100_000), (13_000, 13_000)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"^bomb\.png is too large"):
        read_image(png_of(*size), "bomb.png")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", r"^x\.jpg is empty\.$"),
        (b"these are words", r"^x\.jpg is not a picture that can be read\.$"),
        (encoded(picture(), "PNG")[:80], r"^x\.jpg is damaged or cut short"),
        (encoded(picture(), "JPEG")[:400], r"^x\.jpg is (damaged or cut short|not a picture)"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64, r"^x\.jpg is .*HEIC format; save it as JPEG first\.$"),
    ],
)
def test_what_is_no_picture_is_said_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ImageError, match=sentence) as caught:
        read_image(data, "x.jpg")
    assert "\n" not in str(caught.value)


def test_paths(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png"), QUADRANTS)
    with pytest.raises(ImageError, match=r"b\.png cannot be opened \(No such file"):
        read_image(tmp_path / "b.png")


@settings(max_examples=60)
@given(
    st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12),
    st.floats(0.05, 1),
)
def test_damaged_files_give_a_picture_or_a_sentence(form: str, hits: list[tuple[float, int]], kept: float) -> None:
    data = bytearray(encoded(picture(), form, exif=Image.Exif()))
    for place, value in hits:
        data[int(place * (len(data) - 1))] = value
    cut = bytes(data[: max(1, int(kept * len(data)))])
    look(cut)
    try:
        result: np.ndarray | ImageError = read_image(cut, "p")
    except ImageError as error:
        result = error
    assert str(result).startswith("p ") if isinstance(result, ImageError) else result.ndim == 3


def deep_png(values: np.ndarray) -> bytes:
    return cv2.imencode(".png", values)[1].tobytes()


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_of_which_fewer_are_used(bits: int, channels: int) -> None:
    ramp = np.linspace(0, 2**bits - 1, 64).astype(np.uint16).reshape(8, 8)
    values = ramp if channels == 1 else np.dstack([ramp] * 3)
    if channels == 4:
        values = np.dstack([values, np.full((8, 8), 65535, np.uint16)])
    data = deep_png(values)
    assert look(data) == Look(8, 8, bits)
    assert np.abs(read_image(data, "p")[..., 0] - ramp / (2**bits - 1) * 255).max() <= 0.51


def test_a_dark_deep_picture_is_not_brightened_when_its_bits_are_known() -> None:
    dark = np.full((8, 8), 700, np.uint16)
    assert read_image(deep_png(dark), "p")[0, 0, 0] == round(700 / 1023 * 255)
    assert read_image(deep_png(dark), "p", bits=12)[0, 0, 0] == round(700 / 4095 * 255)


def test_deep_pictures_are_turned_as_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    values = np.arange(6, dtype=np.uint16).reshape(2, 3) * 13107
    image = Image.fromarray(values)
    assert read_image(encoded(image, "PNG", exif=exif), "p")[..., 0].tolist() == [[153, 0], [204, 51], [255, 102]]


@pytest.mark.parametrize("suffix", ["pgm", "jpe", "jfif", "tga", "avif", "dib", "ppm", "gif", "JPG"])
def test_common_suffixes_are_pictures(suffix: str) -> None:
    assert is_picture_name(f"a/b.{suffix}")


@pytest.mark.parametrize("name", ["a.txt", ".a.png", "__MACOSX/a.png", "png", "a/.b/c.png"])
def test_other_names_are_not(name: str) -> None:
    assert not is_picture_name(name)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ImageError, match=r"a\.png is not a file"):
        read_image(tmp_path / "a.png")


def test_a_small_file_cannot_take_all_memory() -> None:
    flat = encoded(Image.fromarray(np.zeros((6000, 6000), np.float32)), "TIFF", compression="tiff_deflate")
    assert len(flat) < 1_000_000
    with pytest.raises(ImageError, match="too large to open safely: 6,000 x 6,000 pixels"):
        read_image(flat, "p")


def test_an_avif_that_breaks_while_it_is_decoded_is_damaged() -> None:
    """Its head is whole, its picture is not: the decoder of AVIF raises what no other format does."""
    whole = encoded(Image.fromarray(np.random.default_rng(3).integers(0, 255, (64, 64, 3), np.uint8)), "AVIF")
    start = whole.index(b"mdat") + 8
    broken = whole[:start] + bytes(len(whole) - start)
    with pytest.raises(ImageError, match=r"a\.avif is damaged or cut short"):
        read_image(broken, "a.avif")
