from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from ferdash.errors import ModelError
from ferdash.inference.centerface import FILE, CenterFaceDetector, centerface_file, decode
from ferdash.inference.faces import Face
from ferdash.inference.landmarks import roll_of

SHIPPED = Path(__file__).parents[2] / "checkpoints"
FACE_XYXY = (185, 70, 265, 175)
"""The astronaut's, read off the picture by eye: forehead to chin, cheek to cheek."""
LANDMARKS = np.array([[204, 105], [245, 105], [224, 126], [206, 143], [240, 143]])
"""Read off by eye too: pupils, tip of the nose, corners of the mouth."""


@pytest.fixture(scope="module")
def detector() -> CenterFaceDetector:
    return CenterFaceDetector(centerface_file(SHIPPED))


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return data.astronaut()


def turned(image: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned clockwise on a larger canvas, and the matrix (2, 3) that takes points there."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = int(height * sin + width * cos), int(height * cos + width * sin)
    matrix[:, 2] += np.array(size) / 2 - np.array([width, height]) / 2
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), matrix


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def only(faces: list[Face]) -> Face:
    (face,) = faces
    return face


def test_the_astronaut_has_one_face_with_its_landmarks(detector: CenterFaceDetector, astronaut: np.ndarray) -> None:
    face = only(detector(astronaut))
    assert overlap(face.box_xyxy, FACE_XYXY) > 0.7
    assert 0.8 < face.confidence <= 1
    assert face.detector == "centerface"
    assert np.linalg.norm(np.array(face.landmarks) - LANDMARKS, axis=1).max() < 6


@pytest.mark.parametrize("degrees", [-45, -30, 15, 30, 45, 90])
def test_a_tilted_face_keeps_its_landmarks(detector: CenterFaceDetector, astronaut: np.ndarray, degrees: float) -> None:
    image, matrix = turned(astronaut, degrees)
    face = only(detector(image))
    expected = LANDMARKS @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(np.array(face.landmarks) - expected, axis=1).max() < 9
    upright = only(detector(astronaut))
    assert roll_of(face.landmarks) - roll_of(upright.landmarks) == pytest.approx(degrees, abs=5)


@pytest.mark.parametrize("degrees", [0, 30])
@pytest.mark.parametrize("quality", ["dim", "noisy", "blurred", "left covered", "right covered", "mouth covered"])
def test_faces_in_bad_light_or_half_covered(
    detector: CenterFaceDetector, astronaut: np.ndarray, quality: str, degrees: float
) -> None:
    image = astronaut.copy()
    if quality == "dim":
        image = (0.15 * image).astype(np.uint8)
    elif quality == "noisy":
        noise = np.random.default_rng(0).normal(0, 30, image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    elif quality == "blurred":
        image = cv2.GaussianBlur(image, (0, 0), 4)
    elif quality == "mouth covered":
        image[128:180, 180:270] = 90
    else:
        middle = slice(180, 224) if quality == "left covered" else slice(224, 270)
        image[60:180, middle] = 90
    image, matrix = turned(image, degrees)
    face = max(detector(image), key=lambda face: face.confidence)
    x, y = np.array([224, 122]) @ matrix[:, :2].T + matrix[:, 2]
    assert face.box_xyxy[0] < x < face.box_xyxy[2]
    assert face.box_xyxy[1] < y < face.box_xyxy[3]


def test_a_blurred_face_that_lies_on_its_side_is_found_by_turning_the_picture(
    detector: CenterFaceDetector, astronaut: np.ndarray
) -> None:
    image, matrix = turned(cv2.GaussianBlur(astronaut, (0, 0), 6), 90)
    assert detector(image, quick=True) == []
    face = only(detector(image))
    expected = LANDMARKS @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(np.array(face.landmarks) - expected, axis=1).max() < 15
    assert roll_of(np.array(face.landmarks)) == pytest.approx(94, abs=10)


@pytest.mark.parametrize("name", ["brick", "chelsea", "clock", "coffee", "coins", "grass", "moon", "page", "rocket"])
def test_no_face_where_there_is_none(detector: CenterFaceDetector, name: str) -> None:
    image = getattr(data, name)()
    assert detector(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)) == []


def test_tiny_faces_and_tiny_pictures_without(detector: CenterFaceDetector) -> None:
    pictures = (255 * data.lfw_subset()).round().astype(np.uint8)  # 25 x 25, a hundred faces and a hundred without
    found = [bool(detector(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB))) for picture in pictures]
    assert sum(found[:100]) >= 95
    assert sum(found[100:]) <= 1


@pytest.mark.parametrize("factor", [0.25, 4])
def test_boxes_are_in_the_pictures_own_pixels(
    detector: CenterFaceDetector, astronaut: np.ndarray, factor: float
) -> None:
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    face = only(detector(cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=method)))
    assert overlap(tuple(value / factor for value in face.box_xyxy), FACE_XYXY) > 0.6


@pytest.mark.parametrize("factor", [1, 5])
def test_a_face_that_fills_its_picture(detector: CenterFaceDetector, astronaut: np.ndarray, factor: float) -> None:
    close = cv2.resize(astronaut[72:178, 180:268], None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    assert len(detector(close)) == 1


def test_a_small_face_in_a_large_picture(detector: CenterFaceDetector, astronaut: np.ndarray) -> None:
    large = np.full((1500, 2000, 3), 120, np.uint8)
    small = cv2.resize(astronaut[0:240, 100:340], (60, 60), interpolation=cv2.INTER_AREA)
    large[700:760, 1500:1560] = small
    assert detector(large, quick=True) == []
    x0, y0, x1, y1 = only(detector(large)).box_xyxy
    assert 1500 < x0 < x1 < 1560
    assert 700 < y0 < y1 < 760


def test_people_come_left_to_right(detector: CenterFaceDetector, astronaut: np.ndarray) -> None:
    faces = detector(np.hstack([astronaut, astronaut]))
    assert len(faces) == 2
    assert faces[1].box_xyxy[0] - faces[0].box_xyxy[0] == pytest.approx(512, abs=5)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (40, 10), (2000, 3)])
def test_pictures_too_small_for_a_face(detector: CenterFaceDetector, shape: tuple[int, int]) -> None:
    assert detector(np.full((*shape, 3), 128, np.uint8)) == []


def test_threads_share_one_detector(detector: CenterFaceDetector, astronaut: np.ndarray) -> None:
    expected = detector(astronaut)
    with ThreadPoolExecutor(3) as pool:
        assert all(faces == expected for faces in pool.map(detector, [astronaut] * 4))


def test_a_peak_is_read_as_the_paper_has_it() -> None:
    heatmap = np.zeros((8, 8), np.float32)
    heatmap[2, 5], heatmap[2, 4], heatmap[6, 1] = 0.9, 0.7, 0.3  # a peak, its slope, and one that is too weak
    scale, offset, landmarks = np.zeros((2, 8, 8)), np.zeros((2, 8, 8)), np.zeros((10, 8, 8))
    scale[:, 2, 5] = np.log(6), np.log(4)  # height and width, in cells of 4 pixels
    offset[:, 2, 5] = 0.25, -0.25
    landmarks[:, 2, 5] = 0.3, 0.2, 0.3, 0.8, 0.5, 0.5, 0.8, 0.3, 0.8, 0.7
    face = only(decode(heatmap, scale, offset, landmarks, 0.5))
    # Centre: x = (5 - 0.25 + 0.5) * 4 = 21, y = (2 + 0.25 + 0.5) * 4 = 11; width 16, height 24.
    assert face.box_xyxy == pytest.approx((13, -1, 29, 23))
    assert face.confidence == pytest.approx(0.9)
    expected = [(16.2, 6.2), (25.8, 6.2), (21, 11), (17.8, 18.2), (24.2, 18.2)]
    assert np.array(face.landmarks) == pytest.approx(np.array(expected))


def test_neighbouring_peaks_of_one_face_are_one_face() -> None:
    heatmap = np.zeros((8, 8), np.float32)
    heatmap[2, 2], heatmap[2, 4] = 0.6, 0.8
    face = only(decode(heatmap, np.full((2, 8, 8), np.log(5)), np.zeros((2, 8, 8)), np.zeros((10, 8, 8)), 0.5))
    assert face.confidence == pytest.approx(0.8)


def test_the_file_comes_from_the_given_folder_else_with_ferdash(tmp_path: Path) -> None:
    assert centerface_file(tmp_path) == SHIPPED / FILE
    own = tmp_path / FILE
    own.parent.mkdir(parents=True)
    own.write_text("no network")
    assert centerface_file(tmp_path) == own
    with pytest.raises(ModelError, match="cannot be opened by ONNX Runtime"):
        CenterFaceDetector(own)


def test_the_card_names_the_checksum_of_the_file_beside_it() -> None:
    digest = sha256((SHIPPED / FILE).read_bytes()).hexdigest()
    assert digest in (SHIPPED / FILE).with_name("README.md").read_text(encoding="utf-8")
    assert digest in Path(SHIPPED.parent, "scripts", "fetch_centerface.py").read_text(encoding="utf-8")


def test_a_quick_look_around_a_known_face_is_one_look_where_that_sees_it(
    detector: CenterFaceDetector, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = []
    look = CenterFaceDetector._at_side
    monkeypatch.setattr(
        CenterFaceDetector, "_at_side", lambda self, image, side: sides.append(side) or look(self, image, side)
    )
    around = astronaut[30:220, 130:320]
    known, whole = only(detector(around, min_side=40, quick=True)), len(sides)
    assert whole == 1
    assert only(detector(around, quick=True)) == known
    assert len(sides) == 3  # a fine and a coarse one
    assert detector(astronaut[300:, :190], min_side=40, quick=True) == []
    assert len(sides) > 4
