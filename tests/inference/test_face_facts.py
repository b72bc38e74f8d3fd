from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

from ferdash.data.sharpness import sharpness
from ferdash.geometry import CropBox
from ferdash.inference.face_facts import FaceFacts, face_facts, reasons
from ferdash.inference.faces import Face
from ferdash.inference.framing import crop_face

GOOD = FaceFacts(120.0, 2.0, -5.0, 1500.0, 120.0, 50.0, 0.92)
BOX = CropBox(225, 118, 108)
"""Around the astronaut's face, as FER2013 would frame it."""


def test_a_good_picture_gives_no_reason() -> None:
    assert reasons(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"yaw_deg": -62.0}, "turned away by about 60 degrees"),
        ({"roll_deg": 44.0}, "tilted by about 40 degrees"),
        ({"size_px": 22.4}, "small: 22 px"),
        ({"brightness": 19.0}, "dark"),
        ({"brightness": 230.0}, "overexposed"),
        ({"sharpness": 50.0}, "blurred"),
        ({"confidence": 0.45}, "may be no face: the detector is 45% sure"),
    ],
)
def test_each_trouble_is_named(changed: dict[str, float], said: str) -> None:
    assert reasons(replace(GOOD, **changed)) == [said]


def test_what_is_unknown_is_no_reason() -> None:
    assert reasons(replace(GOOD, roll_deg=None, yaw_deg=None, confidence=None)) == []


def test_the_facts_of_a_frontal_face() -> None:
    eyes_nose_mouth = ((31.0, 40.0), (69.0, 40.0), (50.0, 60.0), (35.0, 76.0), (65.0, 76.0))
    crop = np.tile(np.array([[100, 140], [140, 100]], np.uint8), (24, 24))
    facts = face_facts(Face((0, 0, 9, 9), 0.8, "centerface", eyes_nose_mouth), CropBox(50, 50, 96), crop)
    assert (facts.size_px, facts.brightness, facts.contrast, facts.confidence) == (96, 120, 20, 0.8)
    assert (facts.roll_deg, facts.yaw_deg) == pytest.approx((0, 0), abs=1e-6)
    # Each pixel of the chessboard differs from its four neighbours by 40: a Laplacian of 160 or -160.
    assert facts.sharpness == pytest.approx(160**2)
    assert facts.rounded()["confidence"] == 0.8


def test_a_whole_picture_has_neither_angles_nor_confidence() -> None:
    facts = face_facts(Face((0, 0, 48, 48), 1.0, "whole"), CropBox(24, 24, 48), np.full((48, 48), 90, np.uint8))
    assert (facts.roll_deg, facts.yaw_deg, facts.confidence, facts.sharpness) == (None, None, None, 0)
    assert facts.rounded()["roll_deg"] is None


def test_blur_and_darkness_of_a_real_face_are_told_apart() -> None:
    photo = data.astronaut()
    face = Face((0, 0, 1, 1), 0.9, "haar")

    def said(image: np.ndarray) -> list[str]:
        return reasons(face_facts(face, BOX, crop_face(image, BOX)))

    assert said(photo) == []
    assert said((0.15 * photo).astype(np.uint8)) == ["dark"]
    assert said(cv2.GaussianBlur(photo, (0, 0), 5)) == ["blurred"]


def test_sharpness_falls_with_blur() -> None:
    crop = crop_face(data.astronaut(), BOX)
    values = [sharpness(cv2.GaussianBlur(crop, (0, 0), sigma)[None])[0] for sigma in (0.5, 1.0, 2.0)]
    assert sharpness(crop[None])[0] > values[0] > values[1] > values[2]
