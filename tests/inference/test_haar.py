from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from skimage import data

from ferdash.data.demo import draw_photo
from ferdash.inference.haar import HaarDetector

ASTRONAUT_FACE = (185, 75, 265, 160)
"""Read off the picture by eye: hairline to chin, cheek to cheek."""


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return data.astronaut()


def test_the_astronaut_has_one_face(astronaut: np.ndarray) -> None:
    (face,) = HaarDetector()(astronaut)
    assert overlap(face.box_xyxy, ASTRONAUT_FACE) > 0.6
    assert 0.9 < face.confidence <= 1
    assert face.detector == "haar"


def test_boxes_of_a_large_photo_are_in_its_own_pixels(astronaut: np.ndarray) -> None:
    large = cv2.resize(astronaut, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    (face,) = HaarDetector()(large)
    assert overlap(tuple(value / 5 for value in face.box_xyxy), ASTRONAUT_FACE) > 0.6


def test_two_people_come_left_to_right(astronaut: np.ndarray) -> None:
    faces = HaarDetector()(np.hstack([astronaut, astronaut]))
    assert len(faces) == 2
    assert faces[1].box_xyxy[0] - faces[0].box_xyxy[0] == pytest.approx(512, abs=15)


def test_a_face_that_fills_its_picture_is_found_at_the_second_look(astronaut: np.ndarray) -> None:
    close = np.ascontiguousarray(astronaut[72:158, 178:268])
    detector = HaarDetector()
    grey = cv2.cvtColor(close, cv2.COLOR_RGB2GRAY)
    assert not detector._detect(grey, step=1.1, min_side=30)
    (face,) = detector(close)
    assert overlap(face.box_xyxy, (0, 0, 90, 86)) > 0.6


@pytest.mark.parametrize("name", ["coffee", "chelsea", "brick", "rocket"])
def test_no_face_where_there_is_none(name: str) -> None:
    image = getattr(data, name)()
    assert HaarDetector()(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (40, 10), (2000, 3)])
def test_pictures_too_small_for_a_face(shape: tuple[int, int]) -> None:
    assert HaarDetector()(np.full((*shape, 3), 128, np.uint8)) == []


def test_faces_that_ferdash_draws_are_found() -> None:
    photo = draw_photo(["happy", "neutral", "surprise"], np.random.default_rng(1), width=960, height=480)
    assert len(HaarDetector()(photo)) == 3


def test_analyses_share_one_detector(astronaut: np.ndarray) -> None:
    detector = HaarDetector()
    expected = detector(astronaut)
    with ThreadPoolExecutor(3) as pool:
        assert all(faces == expected for faces in pool.map(detector, [astronaut] * 4))
