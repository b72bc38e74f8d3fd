import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.inference.detector import Face
from ferdash.inference.framing import crop_face, frame_of


def test_a_haar_box_grows_by_three_percent_and_moves_down_a_little() -> None:
    x0, y0, x1, y1 = frame_of(Face((100, 200, 196.9, 296.9), 1.0, "haar"))
    assert x1 - x0 == pytest.approx(y1 - y0) == pytest.approx(100, abs=0.1)
    assert (x0, y0) == pytest.approx((98.45, 199.15), abs=0.1)


def test_a_whole_picture_is_framed_by_its_longer_side() -> None:
    assert frame_of(Face((0, 0, 40, 60), 1.0, "whole")) == pytest.approx((-10, 0, 50, 60))


def test_landmarks_put_the_eyes_where_fer2013_has_them() -> None:
    eyes = ((131.0, 239.0), (169.0, 239.0))
    face = Face((90, 190, 210, 330), 0.9, "yunet", (*eyes, (150, 260), (135, 282), (165, 282)))
    x0, y0, x1, y1 = frame_of(face)
    side = x1 - x0
    # 0.866 x 43 px from eyes to mouth is less than the 38 px between the eyes: those decide.
    assert side == pytest.approx(38 / 0.383, rel=0.02)
    assert ((150 - x0) / side, (239 - y0) / side) == pytest.approx((0.497, 0.39))
    assert y1 - y0 == pytest.approx(side)


def test_a_turned_head_is_not_cut_too_close() -> None:
    frontal = Face((0, 0, 1, 1), 1, "yunet", ((131, 239), (169, 239), (150, 260), (135, 282), (165, 282)))
    turned = Face((0, 0, 1, 1), 1, "yunet", ((141, 239), (159, 239), (158, 260), (145, 282), (158, 282)))
    sides = [box[2] - box[0] for box in (frame_of(frontal), frame_of(turned))]
    assert sides[1] == pytest.approx(sides[0], rel=0.05)


def test_a_crop_averages_areas() -> None:
    image = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    rgb = np.repeat(image[..., None], 3, axis=-1)
    expected = image.reshape(48, 2, 48, 2).mean(axis=(1, 3))
    assert np.abs(crop_face(rgb, (0, 0, 96, 96)) - expected).max() <= 0.51


def test_grey_is_made_of_red_green_and_blue() -> None:
    rgb = np.full((48, 48, 3), (200, 100, 50), np.uint8)
    assert crop_face(rgb, (0, 0, 48, 48))[0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)


def test_beyond_the_border_the_border_goes_on() -> None:
    rgb = np.zeros((48, 48, 3), np.uint8)
    rgb[:, :24] = 200
    crop = crop_face(rgb, (-24, -24, 24, 24))
    assert np.all(crop == 200)
    crop = crop_face(rgb, (24, 24, 72, 72))
    assert np.all(crop == 0)


@given(*[st.floats(-300, 300) for _ in range(2)], st.floats(0, 400))
def test_any_box_gives_a_crop(x: float, y: float, side: float) -> None:
    rgb = np.full((60, 80, 3), 77, np.uint8)
    crop = crop_face(rgb, (x, y, x + side, y + side))
    assert crop.shape == (48, 48)
    assert np.all(crop == 77)
