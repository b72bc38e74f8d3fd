import math

import cv2
import numpy as np
import pytest
from skimage import data

from ferdash.geometry import CropBox
from ferdash.inference.detector import Face, load_detector
from ferdash.inference.framing import crop_box, crop_face
from ferdash.paths import checkpoints_root

FRONTAL = ((31.0, 40.0), (69.0, 40.0), (50.0, 60.0), (35.0, 76.3), (65.0, 76.3))
"""Landmarks of a face as FER2013 would frame it in a picture of 100 pixels, looking at the camera."""


def turned(points: tuple[tuple[float, float], ...], degrees: float) -> tuple[tuple[float, float], ...]:
    """Turned clockwise around (50, 50)."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return tuple((50 + cos * (x - 50) - sin * (y - 50), 50 + sin * (x - 50) + cos * (y - 50)) for x, y in points)


def test_landmarks_put_the_face_where_fer2013_has_it() -> None:
    box = crop_box(Face((0, 0, 1, 1), 0.9, "centerface", FRONTAL))
    # 36.3 pixels from eyes to mouth are 0.363 of the side; their middle lies 0.079 of it below the centre.
    assert (box.side, box.roll_deg) == pytest.approx((100, 0))
    assert (box.x, box.y) == pytest.approx((50, 50.25), abs=0.01)


@pytest.mark.parametrize("degrees", [-120, -30, 45])
def test_the_box_turns_with_the_head(degrees: float) -> None:
    upright = crop_box(Face((0, 0, 1, 1), 0.9, "centerface", FRONTAL))
    box = crop_box(Face((0, 0, 1, 1), 0.9, "centerface", turned(FRONTAL, degrees)))
    assert (box.side, box.roll_deg) == pytest.approx((upright.side, degrees))
    assert (box.x, box.y) == pytest.approx(turned(((upright.x, upright.y),), degrees)[0])


def test_a_head_turned_away_is_not_cut_too_close_and_its_back_is_in_the_frame() -> None:
    away = ((53.0, 40.0), (67.0, 40.0), (70.0, 60.0), (56.0, 76.3), (66.0, 76.3))
    box = crop_box(Face((0, 0, 1, 1), 1, "centerface", away))
    assert box.side == pytest.approx(100, rel=0.01)
    assert 60.5 - 14 < box.x < 60.5 - 7  # 60.5 is the middle of eyes and mouth; the head's is further back


def test_a_head_bent_down_is_not_cut_too_close() -> None:
    bent = ((31.0, 50.0), (69.0, 50.0), (50.0, 66.0), (35.0, 70.0), (65.0, 70.0))
    assert crop_box(Face((0, 0, 1, 1), 1, "centerface", bent)).side == pytest.approx(0.8 * 38 / 0.363)


def test_a_haar_box_grows_by_three_percent_and_moves_down_a_little() -> None:
    box = crop_box(Face((100, 200, 196.9, 296.9), 1.0, "haar"))
    x0, y0, x1, y1 = box.xyxy
    assert x1 - x0 == pytest.approx(y1 - y0) == pytest.approx(100, abs=0.1)
    assert (x0, y0) == pytest.approx((98.45, 199.15), abs=0.1)


def test_a_box_of_centerface_without_landmarks() -> None:
    box = crop_box(Face((20, 30, 100, 125.1), 1.0, "centerface"))
    assert (box.x, box.y, box.side, box.roll_deg) == pytest.approx((60, 76.55, 100, 0))


def test_a_whole_picture_is_framed_by_its_longer_side() -> None:
    assert crop_box(Face((0, 0, 40, 60), 1.0, "whole")).xyxy == pytest.approx((-10, 0, 50, 60))


def test_a_crop_is_grey_and_48_pixels_wide() -> None:
    image = np.full((100, 100, 3), (200, 100, 50), np.uint8)
    crop = crop_face(image, CropBox(50, 50, 96))
    assert crop.shape == (48, 48)
    assert np.all(crop == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50))


def test_the_crop_of_a_tilted_photo_is_that_of_the_upright_one() -> None:
    detector, photo = load_detector("centerface", checkpoints_root()), data.astronaut()
    matrix = cv2.getRotationMatrix2D((224, 124), -30, 1.0)
    tilted = cv2.warpAffine(photo, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    (one,), (other,) = detector(photo), detector(tilted)
    upright = crop_face(photo, crop_box(one)).astype(float)
    again = crop_face(tilted, crop_box(other)).astype(float)
    assert np.corrcoef(upright.ravel(), again.ravel())[0, 1] > 0.95
