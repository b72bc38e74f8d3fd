import cv2
import numpy as np
import pytest

from ferdash.data.demo import draw_face
from ferdash.data.near_duplicates import near_duplicate_pairs
from ferdash.emotions import EMOTIONS


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Big enough that shifted crops of 48 x 48 can be cut from them."""
    rng = np.random.default_rng(5)
    return np.stack([draw_face(emotion, rng, 56) for emotion in EMOTIONS])


def crop(face: np.ndarray, down: int = 4, right: int = 4) -> np.ndarray:
    return face[down : down + 48, right : right + 48]


def brightened(face):
    return np.clip(crop(face) * 0.8 + 30, 0, 255).astype(np.uint8)


def compressed(face):
    return cv2.imdecode(cv2.imencode(".jpg", crop(face), [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_GRAYSCALE)


def watermarked(face):
    marked = cv2.putText(crop(face).copy(), "photo", (4, 42), cv2.FONT_HERSHEY_PLAIN, 0.6, 230)
    return cv2.addWeighted(crop(face), 0.7, marked, 0.3, 0)


@pytest.mark.parametrize("change", [brightened, compressed, watermarked, crop])
def test_another_version_of_the_picture_is_found(faces, change):
    images = np.stack([crop(face) for face in faces] + [change(faces[3])])
    assert near_duplicate_pairs(images).tolist() == [[3, 7]]


@pytest.mark.parametrize(("down", "right"), [(2, 4), (6, 5), (4, 3), (5, 5)])
def test_a_shift_of_two_pixels_is_found(faces, down, right):
    images = np.stack(
        [cv2.GaussianBlur(crop(faces[3]), (0, 0), 2), cv2.GaussianBlur(crop(faces[3], down, right), (0, 0), 2)]
    )
    assert near_duplicate_pairs(images).tolist() == [[0, 1]]


def test_different_faces_are_not_found(faces):
    assert near_duplicate_pairs(np.stack([crop(face) for face in faces])).shape == (0, 2)


def test_empty_pictures_are_left_out(noise_faces):
    images = np.concatenate([np.zeros((3, 48, 48), np.uint8), np.full((2, 48, 48), 90, np.uint8), noise_faces(1)])
    assert near_duplicate_pairs(images).shape == (0, 2)
    assert near_duplicate_pairs(images[:0]).shape == (0, 2)


def test_the_pruned_search_finds_what_comparing_every_pair_finds(noise_faces):
    rng = np.random.default_rng(2)
    originals = cv2.resize(rng.integers(0, 256, (12, 12, 40), dtype=np.uint8), (48, 48)).transpose(2, 0, 1)
    mixed = [np.clip(originals[n % 40] + rng.normal(0, 12, (48, 48)), 0, 255) for n in range(150)]
    images = np.stack(mixed).astype(np.uint8)
    expected = [[a, b] for a in range(150) for b in range(a + 1, 150) if a % 40 == b % 40]
    assert near_duplicate_pairs(images).tolist() == expected


def test_progress_reaches_the_end(noise_faces):
    calls = []
    near_duplicate_pairs(noise_faces(5), lambda *call: calls.append(call))
    assert calls == [(5, 5)]
