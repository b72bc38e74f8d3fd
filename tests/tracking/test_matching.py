"""Who is who: golden costs, with appearances whose difference is known because it is set."""

import numpy as np
import pytest

from ferdash.inference.detector import Face
from ferdash.tracking.appearance import COLOURS_WEIGHT, LEVELS, difference
from ferdash.tracking.association import Tracker
from ferdash.tracking.matching import IMPOSSIBLE, return_cost, stay_cost
from ferdash.tracking.track import Track

PATTERN = np.eye(4)[0]


def appearance(colour: float) -> np.ndarray:
    """Colours of unit length at an angle, and one pattern: the difference to appearance(0) is known by hand."""
    colours = np.zeros(LEVELS**3)
    colours[:2] = np.cos(colour), np.sin(colour)
    return np.concatenate([colours, PATTERN])


def angle_of(apart: float) -> float:
    """The angle at which appearances differ by so much: COLOURS_WEIGHT sqrt(1 - cos(angle)) = apart."""
    return float(np.arccos(1 - (apart / COLOURS_WEIGHT) ** 2))


def face(x: float, side: float = 100) -> Face:
    return Face((x, 100.0, x + side, 100.0 + side), 0.95, "centerface")


def track(number: int, x: float, looks_like: np.ndarray, seen_s: float = 0.0) -> Track:
    box = np.array([x, 100.0, x + 100, 200.0])
    return Track(number, box, 0.95, "centerface", None, looks_like, seen_s)


@pytest.mark.parametrize("apart", [0.1, 0.29, 0.31, 0.44, 0.46])
def test_the_difference_is_what_was_set(apart: float) -> None:
    assert difference(appearance(0), appearance(angle_of(apart))) == pytest.approx(apart, abs=1e-6)


@pytest.mark.parametrize(
    ("apart", "moved", "cost"),
    [
        # About the same appearance: the same person wherever it is. Half a side away costs 0.05, ten sides 0.3.
        (0.29, 50, 0.29 + 0.05),
        (0.29, 1000, 0.29 + 0.3),
        # A look-alike: the same only within 1 + 2 t sides of where it was, here 2 after half a second.
        (0.31, 199, 0.31 + 0.199),
        (0.31, 201, IMPOSSIBLE),
        (0.44, 199, 0.44 + 0.199),
        (0.44, 1000, IMPOSSIBLE),
        # Somebody else, even in the same place.
        (0.46, 0, IMPOSSIBLE),
    ],
)
def test_a_look_alike_elsewhere_is_somebody_else(apart: float, moved: float, cost: float) -> None:
    lost = track(1, 0.0, appearance(0), seen_s=1.0)
    assert return_cost(lost, face(moved), appearance(angle_of(apart)), 1.5) == pytest.approx(cost, abs=1e-6)


def test_a_lost_face_is_expected_where_it_was_going_for_a_second_at_most() -> None:
    lost = track(1, 0.0, appearance(0), seen_s=0.0)
    lost.velocity = np.array([200.0, 0.0])
    assert return_cost(lost, face(100), appearance(0), 0.5) == pytest.approx(0)
    assert return_cost(lost, face(200), appearance(0), 4.0) == pytest.approx(0)


def test_a_present_face_stays_where_the_box_is_and_about_as_large() -> None:
    here = track(1, 0.0, appearance(0))
    # A third of the width apart: 2/3 common of 4/3 together.
    shifted = Face((100 / 3, 100.0, 400 / 3, 200.0), 0.95, "centerface")
    assert stay_cost(here, shifted, appearance(angle_of(0.2)), 0.5) == pytest.approx(0.5 + 0.5 * 0.2, abs=1e-6)
    assert stay_cost(here, face(0, side=49), appearance(0), 0.5) == IMPOSSIBLE
    assert stay_cost(here, face(-100, side=201), appearance(0), 0.5) == IMPOSSIBLE
    assert stay_cost(here, face(95), appearance(0), 0.5) == IMPOSSIBLE


@pytest.mark.parametrize(("overlapping", "places"), [(True, (40, 20)), (False, (5, 55))])
def test_where_faces_cross_appearance_decides_and_elsewhere_the_place(
    monkeypatch: pytest.MonkeyPatch, overlapping: bool, places: tuple[float, float]
) -> None:
    """Each of two faces lies nearer to the other's box, 20 of 100 pixels off, but looks like itself.

    Overlap 80 / 120 against 60 / 140: keeping the place costs 1/3 and half or one and a half times 0.4, keeping the
    appearance costs 4/7 and nothing. Half of 0.4 is less than the difference of 0.238, one and a half is more. A box is
    corrected by a quarter of the way where they overlap by half, else wholly.
    """
    left, right = appearance(0), appearance(angle_of(0.4))
    faces = [face(20), face(40)]
    monkeypatch.setattr("ferdash.tracking.association.describe", lambda image, box: right if box[0] == 20 else left)
    tracker = Tracker(lambda image, **how: faces)
    tracker._tracks = [track(1, 0.0, left), track(2, 60.0, right)]
    tracker._detect(np.zeros((300, 300, 3), np.uint8), 0.0, overlapping, searching=True)
    first, second = sorted(tracker._tracks, key=lambda one: one.id)
    assert (first.box[0], second.box[0]) == pytest.approx(places)
    assert [one.detections for one in (first, second)] == [2, 2]
