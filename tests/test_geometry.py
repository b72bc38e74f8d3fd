import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from ferdash.geometry import CropBox, cut_out


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """uint8 RGB (200, 300, 3), smooth enough to be turned without much loss."""
    values = np.random.default_rng(0).normal(0, 1, (200, 300, 3))
    smooth = gaussian_filter(values, (4, 4, 0))
    return np.clip(128 + 128 * smooth / np.abs(smooth).max(), 0, 255).astype(np.uint8)


def test_the_corners_of_an_upright_and_a_turned_box() -> None:
    assert CropBox(10, 20, 8).corners.tolist() == [[6, 16], [14, 16], [14, 24], [6, 24]]
    turned = CropBox(10, 20, 8, roll_deg=45).corners
    reach = 8 / math.sqrt(2)
    assert turned == pytest.approx(np.array([[10, 20 - reach], [10 + reach, 20], [10, 20 + reach], [10 - reach, 20]]))
    assert CropBox(10, 20, 8, roll_deg=45).xyxy == (6, 16, 14, 24)


def test_a_box_around_another() -> None:
    assert CropBox.from_xyxy(0, 10, 20, 50) == CropBox(10, 30, 40)
    assert CropBox(10, 20, 8, 5).scaled(0.5) == CropBox(5, 10, 4, 5)


def test_areas_are_averaged() -> None:
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    expected = image.reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    assert np.abs(cut_out(image, CropBox(48, 48, 96), 48) - expected).max() <= 0.51


def test_large_areas_are_averaged_too() -> None:
    image = np.random.default_rng(0).integers(0, 256, (960, 960, 3), dtype=np.uint8)
    expected = image.reshape(48, 20, 48, 20, 3).mean(axis=(1, 3))
    difference = np.abs(cut_out(image, CropBox(480, 480, 960), 48) - expected)
    assert difference.max() <= 3
    assert difference.mean() < 0.5


def test_a_box_of_the_same_size_is_copied(noise: np.ndarray) -> None:
    assert np.array_equal(cut_out(noise, CropBox(100, 80, 48), 48), noise[56:104, 76:124])


def test_a_quarter_turn_is_that_of_the_picture(noise: np.ndarray) -> None:
    """What is turned by 90 degrees clockwise comes out upright: like the picture turned back."""
    expected = np.rot90(noise[56:104, 76:124])
    assert np.array_equal(cut_out(noise, CropBox(100, 80, 48, roll_deg=90), 48), expected)


@pytest.mark.parametrize("degrees", [-120, -37, 20, 160])
@pytest.mark.parametrize("side", [40, 96, 150])
def test_a_turned_picture_gives_the_same_cut_out(noise: np.ndarray, degrees: float, side: float) -> None:
    matrix = cv2.getRotationMatrix2D((149.5, 99.5), -degrees, 1.0)  # the centre of the picture, of pixel centres
    matrix[:, 2] += 100, 150
    turned = cv2.warpAffine(noise, matrix, (500, 500), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    upright = cut_out(noise, CropBox(150, 100, side), 48)
    again = cut_out(turned, CropBox(250, 250, side, roll_deg=degrees), 48)
    assert np.abs(again.astype(int) - upright).mean() < 1.5


def test_points_come_back_to_the_picture(noise: np.ndarray) -> None:
    box = CropBox(150, 100, 80, roll_deg=30)
    corners = np.array([[0, 0], [40, 0], [40, 40], [0, 40]])
    assert box.to_picture(corners, 40) == pytest.approx(box.corners)


def test_grey_is_made_of_red_green_and_blue() -> None:
    image = np.full((48, 48, 3), (200, 100, 50), np.uint8)
    assert cut_out(image, CropBox(24, 24, 48), 48, grey=True)[0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)


def test_beyond_the_border_the_border_goes_on() -> None:
    image = np.zeros((48, 48, 3), np.uint8)
    image[:, :24] = 200
    assert np.all(cut_out(image, CropBox(0, 0, 46), 48) == 200)
    assert np.all(cut_out(image, CropBox(48, 48, 30, roll_deg=30), 48) == 0)


@given(*[st.floats(-300, 300) for _ in range(2)], st.floats(0, 400), st.floats(-180, 180))
def test_any_box_gives_a_cut_out(x: float, y: float, side: float, roll_deg: float) -> None:
    image = np.full((60, 80, 3), 77, np.uint8)
    crop = cut_out(image, CropBox(x, y, side, roll_deg), 48)
    assert crop.shape == (48, 48, 3)
    assert np.all(crop == 77)
