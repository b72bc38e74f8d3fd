"""Boxes over a photo: where they are, what they say, and that a picture which is one face has none."""

import re
from dataclasses import replace

import numpy as np

from pages.parts.common.boxed import boxed

from ferdash.emotions import COLOURS
from ferdash.geometry import CropBox
from ferdash.inference.detector import Face
from ferdash.inference.photos import ClassifiedFace, Photo

HAPPY = np.array([0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0])
UNSURE = np.array([0.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1])


def face(number: int, box: CropBox, shares: np.ndarray, detector: str = "centerface") -> ClassifiedFace:
    return ClassifiedFace(number, Face(box.xyxy, 0.9, detector), box, np.zeros((48, 48), np.uint8), shares)


def photo(*faces: ClassifiedFace, width: int = 400, height: int = 200) -> Photo:
    return Photo("<me>.png", list(faces), None, (width, height), np.zeros((height, width, 3), np.uint8))


def places(html: str, kind: str) -> list[dict[str, float]]:
    styles = re.findall(rf'class="fer-{kind}[^"]*"[^>]*style="([^"]*)"', html)
    return [{k: float(v) for k, v in re.findall(r"(left|top|width|height):([\d.]+)%", style)} for style in styles]


def test_a_box_and_its_label_stand_where_the_face_is() -> None:
    html = boxed(photo(face(1, CropBox(100, 100, 80), HAPPY)), 0.4)
    assert places(html, "box") == [{"left": 15.0, "top": 30.0, "width": 20.0, "height": 40.0}]
    assert places(html, "label") == [{"left": 15.0, "top": 30.0}], "the label ends where the box begins"
    assert ">1 happy<" in html
    assert f"border-color:{COLOURS['happy']}" in html
    assert 'alt="&lt;me&gt;.png: face 1 happy"' in html


def test_a_box_beyond_the_picture_is_cut_and_a_label_at_the_right_reaches_left() -> None:
    html = boxed(photo(face(1, CropBox(390, 10, 40), HAPPY)), 0.4)
    assert places(html, "box") == [{"left": 92.5, "top": 0.0, "width": 7.5, "height": 15.0}]
    assert places(html, "label") == [{"left": 100.0, "top": 0.0}]
    assert "fer-to-left" in html


def test_an_uncertain_face_is_dashed_and_has_no_emotions_colour() -> None:
    html = boxed(photo(face(1, CropBox(100, 100, 80), UNSURE)), 0.4)
    assert "fer-unsure-box" in html
    assert ">1 uncertain<" in html
    assert not any(colour in html for colour in COLOURS.values())


def test_a_picture_that_is_one_face_is_enlarged_and_has_nothing_over_it() -> None:
    html = boxed(photo(face(1, CropBox(24, 24, 48), HAPPY, "whole"), width=48, height=48), 0.4)
    assert "fer-box" not in html
    assert "fer-label" not in html
    assert "fer-small" in html


def test_many_faces_have_numbers_alone_and_those_not_asked_for_are_faint() -> None:
    faces = [face(number, CropBox(50 * number, 100, 40), HAPPY) for number in range(1, 8)]
    html = boxed(photo(*faces), 0.4, asked_for={2, 3})
    assert re.findall(r">(\d[^<]*)</span>", html) == ["2", "3"]
    assert html.count("fer-faint") == 5
    unsure = [replace(one, probabilities=UNSURE) for one in faces]
    assert ">1?<" in boxed(photo(*unsure), 0.4)
