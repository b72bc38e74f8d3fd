from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from huggingface_hub import constants
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from ferdash.data.demo import draw_photo
from ferdash.errors import ModelError
from ferdash.inference.detector import (
    YUNET_FILE,
    Face,
    HaarDetector,
    YuNetDetector,
    find_faces,
    load_detector,
    suppress_duplicates,
    yunet_face,
)

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
    assert not detector._look(grey, step=1.1, min_side=30)
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


def test_sessions_share_one_detector(astronaut: np.ndarray) -> None:
    detector = HaarDetector()
    expected = detector(astronaut)
    with ThreadPoolExecutor(3) as pool:
        assert all(faces == expected for faces in pool.map(detector, [astronaut] * 4))


def test_small_pictures_are_taken_whole_unless_told_otherwise(astronaut: np.ndarray) -> None:
    small, detector = astronaut[:64, :50], HaarDetector()
    (face,) = find_faces(small, detector)
    assert (face.box_xyxy, face.detector, face.confidence) == ((0, 0, 50, 64), "whole", 1.0)
    assert find_faces(small, detector, whole=False) == []
    assert find_faces(astronaut[:65, :50], detector) == []
    assert [face.detector for face in find_faces(astronaut, detector, whole=True)] == ["whole"]


def face(x0: float, y0: float, side: float, confidence: float) -> Face:
    return Face((x0, y0, x0 + side, y0 + side), confidence, "haar")


def test_of_nested_boxes_the_most_confident_stays() -> None:
    outer, inner, other = face(0, 0, 100, 0.7), face(10, 10, 40, 0.9), face(200, 0, 50, 0.5)
    assert suppress_duplicates([outer, inner, other]) == [inner, other]
    assert suppress_duplicates([face(0, 0, 100, 0.7), face(90, 0, 100, 0.6)]) != [face(0, 0, 100, 0.7)]


@given(st.lists(st.builds(face, st.floats(0, 90), st.floats(0, 90), st.floats(1, 50), st.floats(0, 1)), max_size=12))
def test_suppression_keeps_the_best_and_is_stable(faces: list[Face]) -> None:
    kept = suppress_duplicates(faces)
    assert suppress_duplicates(kept) == kept
    assert all(one in faces for one in kept)
    if faces:
        assert max(one.confidence for one in kept) == max(one.confidence for one in faces)


def test_a_row_of_yunet_is_read_in_its_order() -> None:
    row = np.array([10, 20, 30, 40, 15, 30, 32, 31, 24, 40, 17, 50, 31, 51, 0.75], np.float32)
    found = yunet_face(row)
    assert found.box_xyxy == (10, 20, 40, 60)
    assert found.landmarks == ((15, 30), (32, 31), (24, 40), (17, 50), (31, 51))
    assert found.confidence == 0.75


class FakeYuNet:
    """Answers as cv2.FaceDetectorYN does; remembers the size it was told."""

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
        self.size = size

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert image.shape[1::-1] == self.size
        if not image.any():
            return 1, None
        row = [100, 50, 80, 90, 120, 80, 160, 80, 140, 100, 125, 120, 155, 120, 0.9]
        return 1, np.array([row, [*row[:14], 0.7]], np.float32)


def test_yunet_is_used_at_reduced_size_and_its_answer_scaled_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: FakeYuNet())
    detector = YuNetDetector(tmp_path / YUNET_FILE)
    (found,) = detector(np.full((1024, 2048, 3), 9, np.uint8))
    assert found.box_xyxy == (200, 100, 360, 280)
    assert found.landmarks is not None
    assert found.landmarks[0] == (240, 160)
    assert detector(np.zeros((100, 100, 3), np.uint8)) == []


def test_yunets_file_is_missing_or_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ModelError, match=f"Put {YUNET_FILE} from .* or use the built-in detector haar"):
        load_detector("yunet", tmp_path)
    assert not (tmp_path / "detectors").exists()
    (tmp_path / "detectors").mkdir()
    (tmp_path / "detectors" / YUNET_FILE).write_text("no network")
    with pytest.raises(ModelError, match="is not a face detector that OpenCV can read"):
        load_detector("yunet", tmp_path)


def test_an_unknown_detector(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no face detector “hog”; choose one of haar, yunet"):
        load_detector("hog", tmp_path)
    assert load_detector("haar", tmp_path).name == "haar"
