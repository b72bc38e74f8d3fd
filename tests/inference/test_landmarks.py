import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.inference.landmarks import NOSE_DEPTH, roll_of, yaw_of

HEAD = np.array([[-32, -36, 0], [32, -36, 0], [0, 0, 64 * NOSE_DEPTH], [-24, 32, 0], [24, 32, 0]], dtype=np.float64)
"""Eyes, nose and corners of the mouth of a head that looks at the camera: right, down, and towards the camera."""


def seen(yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> np.ndarray:
    """The landmarks of a head turned to the right of the picture, then bent down, then tilted clockwise; (5, 2)."""
    yaw, pitch, roll = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    turn = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    bend = np.array([[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]])
    tilt = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    return 100 + (HEAD @ (tilt @ bend @ turn).T)[:, :2]


@pytest.mark.parametrize("degrees", [-180, -100, -45, 0, 10, 90, 179])
def test_roll_of_a_head_that_looks_at_the_camera(degrees: float) -> None:
    assert math.cos(math.radians(roll_of(seen(roll_deg=degrees)) - degrees)) == pytest.approx(1, abs=1e-9)


@given(st.floats(-80, 80), st.floats(-90, 90))
def test_roll_and_yaw_are_told_apart(yaw_deg: float, roll_deg: float) -> None:
    points = seen(yaw_deg=yaw_deg, roll_deg=roll_deg)
    assert roll_of(points) == pytest.approx(roll_deg, abs=1e-6)
    assert yaw_of(points) == pytest.approx(yaw_deg, abs=1e-6)


@given(st.floats(-60, 60), st.floats(0.1, 20), st.floats(-500, 500))
def test_neither_depends_on_size_or_place(yaw_deg: float, factor: float, shift: float) -> None:
    points = seen(yaw_deg=yaw_deg, roll_deg=20)
    assert yaw_of(points * factor + shift) == pytest.approx(yaw_of(points), abs=1e-6)


@pytest.mark.parametrize("pitch_deg", [-15, 15])
@pytest.mark.parametrize("yaw_deg", [0, 30, 60])
def test_a_head_bent_down_or_up_is_turned_by_about_as_much(yaw_deg: float, pitch_deg: float) -> None:
    assert yaw_of(seen(yaw_deg=yaw_deg, pitch_deg=pitch_deg)) == pytest.approx(yaw_deg, abs=12)


def test_a_mirrored_face_is_turned_the_other_way() -> None:
    points = seen(yaw_deg=40)
    mirrored = points[[1, 0, 2, 4, 3]] * [-1, 1]
    assert yaw_of(mirrored) == pytest.approx(-40)


def test_landmarks_that_all_coincide_are_no_error() -> None:
    assert (roll_of(np.zeros((5, 2))), yaw_of(np.zeros((5, 2)))) == (0, 0)
