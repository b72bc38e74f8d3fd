import cv2
import numpy as np
import pytest

from ferdash.tracking.optical_flow import follow

BOX = np.array([110.0, 70.0, 210.0, 170.0])


@pytest.fixture
def grey(film):
    def make(x=160.0, y=120.0, side=150.0):
        return cv2.cvtColor(film.canvas((film.head(), x, y, side)), cv2.COLOR_RGB2GRAY)

    return make


def test_a_shift_is_found_to_a_fraction_of_a_pixel(grey):
    moved = follow(grey(), grey(166.5, 116.0), BOX, [])
    np.testing.assert_allclose(moved - BOX, [6.5, -4.0, 6.5, -4.0], atol=0.7)


def test_growth_is_found(grey):
    moved = follow(grey(), grey(side=157.5), BOX, [])
    assert (moved[2] - moved[0]) / 100 == pytest.approx(1.05, abs=0.015)


def test_the_same_picture_moves_nothing(grey):
    np.testing.assert_allclose(follow(grey(), grey(), BOX, []), BOX, atol=0.05)


def test_what_is_gone_cannot_be_followed(grey, film):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320), dtype=np.uint8)
    assert follow(grey(), noise, BOX, []) is None
    assert follow(np.zeros((240, 320), np.uint8), grey(), BOX, []) is None
    assert follow(grey(), grey(), np.array([400.0, 300, 500, 400]), []) is None


def test_points_on_another_face_are_left_out(grey):
    assert follow(grey(), grey(), BOX, [BOX + np.array([-5, -5, 5, 5])]) is None
