"""Copies of FER2013 that somebody altered, made here with OpenCV, are told by what was done to them."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ferdash.data.alterations import (
    ORIGINAL_CONTRAST,
    ORIGINAL_EDGES,
    ORIGINAL_LIGHT,
    Measures,
    alteration,
    describe_alteration,
    has_counts_of_fer2013,
    measure,
)
from ferdash.data.statistics import REPORT_COUNTS
from ferdash.emotions import EMOTIONS


@pytest.fixture(scope="module")
def originals() -> np.ndarray:
    """uint8 (40, 48, 48): smooth noise with FER2013's light, contrast and edges, and no pixel near black or white."""
    rng = np.random.default_rng(0)
    faces = []
    for _ in range(40):
        coarse = cv2.resize(rng.uniform(-1, 1, (5, 5)), (48, 48), interpolation=cv2.INTER_CUBIC)
        fine = cv2.GaussianBlur(rng.normal(0, 1, (48, 48)), (0, 0), 0.8)
        face = coarse / coarse.std() + 0.13 * fine / fine.std()
        faces.append(face / face.std() * ORIGINAL_CONTRAST + ORIGINAL_LIGHT - face.mean())
    return np.clip(np.round(faces), 0, 255).astype(np.uint8)


def edited(images: np.ndarray, edit: Callable[[np.ndarray], np.ndarray]) -> str:
    """What is said of an edit, were the images before it FER2013's own."""
    before, after = measure(images), measure(np.stack([edit(image) for image in images]))
    return describe_alteration(
        Measures(
            light=after.light - before.light + ORIGINAL_LIGHT,
            contrast=after.contrast / before.contrast * ORIGINAL_CONTRAST,
            edges=after.edges / before.edges * ORIGINAL_EDGES,
            blank=after.blank,
        )
    )


def stretched(image: np.ndarray) -> np.ndarray:
    return np.clip(127.5 + 1.25 * (image.astype(float) - 127.5), 0, 255).astype(np.uint8)


def sharpened(image: np.ndarray) -> np.ndarray:
    return cv2.addWeighted(image, 1.6, cv2.GaussianBlur(image, (0, 0), 1), -0.6, 0)


@pytest.mark.parametrize(
    ("edit", "said", "unsaid"),
    [
        (sharpened, "Sharpened: its edges are 1.", "contrast was"),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 0.6), "Blurred: its edges are 0.", "contrast was"),
        (stretched, "Its contrast was stretched: an image has a standard deviation of 6", "Sharpened"),
        (lambda image: sharpened(stretched(image)), "Sharpened", "Blurred"),
        (lambda image: cv2.convertScaleAbs(image, alpha=0.75), "Darkened: its mean grey level is ", "Sharpened"),
        (lambda image: np.zeros_like(image) if image[0, 0] % 8 == 0 else image, "single shade", "Sharpened"),
        (lambda image: cv2.add(image, 20), "Lightened", "Sharpened"),
    ],
)
def test_what_was_done_is_said(originals, edit, said, unsaid):
    sentence = edited(originals, edit)
    assert said in sentence
    assert unsaid not in sentence
    assert sentence.endswith("Scores on it will not compare with those on the original.")


def test_nothing_is_said_of_the_original_or_of_jpeg(originals):
    assert edited(originals, lambda image: image) == ""

    def compressed(image: np.ndarray) -> np.ndarray:
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
        return cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)

    assert edited(originals, compressed) == ""


def test_measures_of_a_checkerboard_by_hand():
    board = (np.indices((48, 48)).sum(axis=0) % 2 * 100 + 50).astype(np.uint8)
    # Every neighbour of a pixel is 100 levels off, so the Laplacian is 400 everywhere.
    assert measure(np.stack([board, np.full_like(board, 9)])) == Measures(100, 50, 400, 0.5)


def test_fer2013_is_recognised_by_its_counts(originals):
    train = np.repeat(range(7), [REPORT_COUNTS[emotion]["train"] for emotion in EMOTIONS])
    held_out = np.repeat(range(7), [REPORT_COUNTS[emotion]["test"] for emotion in EMOTIONS])
    both, splits = np.concatenate([train, held_out]), np.array(["train"] * len(train) + ["test"] * len(held_out))
    assert has_counts_of_fer2013(train, splits[: len(train)])
    assert has_counts_of_fer2013(both, splits)
    assert has_counts_of_fer2013(both, np.array(["test"] * len(both)))
    assert not has_counts_of_fer2013(train[::2], splits[: len(train) : 2])
    assert not has_counts_of_fer2013(train[200:], splits[200 : len(train)])


def test_other_datasets_are_not_measured_against_fer2013(originals):
    assert alteration(originals, np.zeros(40, dtype=int), np.array(["train"] * 40)) == ""
