"""Pictures as they are meant to be seen: all eight ways of laying one down, written by PyAV and read back."""

import av
import numpy as np
import pytest

from ferdash.video.decoding import frame_at, probe
from ferdash.video.display import Orientation, RgbConverter

ONE, WHOLE = 1 << 16, 1 << 30
WIDTH, HEIGHT = 96, 64
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "white": (235, 235, 235)}

# a, b, c, d of the matrix of ISO/IEC 14496-12, 6.2.2; rows and columns of the upright picture follow from it alone.
WAYS = [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1), (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, 1, 0)]
WAYS.append((0, -1, -1, 0))


def quartered() -> np.ndarray:
    """A picture of four colours: red and green above, blue and white below."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for place, colour in enumerate(COLOURS.values()):
        row, column = divmod(place, 2)
        picture[row * HEIGHT // 2 :, column * WIDTH // 2 :][: HEIGHT // 2, : WIDTH // 2] = colour
    return picture


def by_the_matrix(picture: np.ndarray, way: tuple[int, int, int, int]) -> np.ndarray:
    """Each point put where the matrix sends it: (x, y) goes to (a x + c y, b x + d y), moved into view."""
    a, b, c, d = way
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    to_x, to_y = a * x + c * y, b * x + d * y
    to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
    seen = np.zeros((to_y.max() + 1, to_x.max() + 1, 3), np.uint8)
    seen[to_y, to_x] = picture
    return seen


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_each_of_the_eight_ways_stands_upright(tmp_path, film, way, suffix):
    a, b, c, d = (ONE * one for one in way)
    path = film.write(tmp_path / f"laid{suffix}", [quartered()], matrix=[a, b, 0, c, d, 0, 0, 0, WHOLE])
    upright = by_the_matrix(quartered(), way)
    seen = frame_at(path, 0)
    assert seen.shape == upright.shape
    assert np.abs(seen.astype(int) - upright).mean() < 10
    info = probe(path)
    assert (info.width, info.height) == (upright.shape[1], upright.shape[0])
    stated = Orientation(info.rotation // 90, info.mirrored)
    assert np.array_equal(stated.upright(quartered()), upright)


def test_a_camera_held_slightly_askew_is_not_turned(tmp_path, film):
    path = film.write(tmp_path / "askew.mp4", [quartered()], rotation=8)
    assert frame_at(path, 0).shape == (HEIGHT, WIDTH, 3)


def test_one_converter_serves_frames_of_any_size_and_format_as_a_new_one_each_would():
    rng, converter = np.random.default_rng(0), RgbConverter()
    for side, kind in [(64, "yuv420p"), (64, "yuv420p"), (90, "yuv420p"), (90, "nv12"), (64, "rgb24"), (64, "yuv420p")]:
        picture = rng.integers(0, 256, (side, side + 6, 3), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=kind)
        assert np.array_equal(converter.as_stored(frame), frame.to_ndarray(format="rgb24"))
