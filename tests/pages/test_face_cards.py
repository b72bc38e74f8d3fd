import re

import numpy as np
import pytest

from pages.parts.common.face_cards import card

from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.geometry import CropBox
from ferdash.inference.detector import Face
from ferdash.inference.photos import ClassifiedFace

PROBABILITIES = np.array([0.05, 0.01, 0.04, 0.6, 0.2, 0.07, 0.03], dtype=np.float32)


CROP = np.tile(np.array([[100, 140], [140, 100]], np.uint8), (24, 24))
"""Neither dark nor blurred."""


def face(crop: np.ndarray = CROP) -> ClassifiedFace:
    box = (0.0, 0.0, 48.0, 48.0)
    return ClassifiedFace(2, Face(box, 0.9, "haar"), CropBox.from_xyxy(*box), crop, PROBABILITIES)


def test_card_names_the_emotion_and_gives_all_seven_shares():
    html = card(face(), threshold=0.4, note="")
    assert ">2 · happy<" in html
    assert re.findall(r"(\d+\.\d)%<", html) == ["5.0", "1.0", "4.0", "60.0", "20.0", "7.0", "3.0"]
    assert [html.count(f">{name}<") for name in EMOTIONS] == [1] * 7
    assert COLOURS["happy"] in html


def test_below_the_threshold_the_card_is_grey_and_says_so():
    html = card(face(), threshold=0.61, note="")
    assert "2 · uncertain" in html
    assert "most likely happy" in html
    assert COLOURS["happy"] not in html
    assert set(re.findall(r"#[0-9A-F]{6}", html)) == {COLOURS["neutral"]}


@pytest.mark.parametrize("note", ["<b>bold</b>", '"quoted" & more'])
def test_note_is_text_not_html(note: str):
    assert note not in card(face(), threshold=0.4, note=note)


def test_a_face_that_is_hard_to_read_says_why():
    assert "Hard to read" not in card(face(), threshold=0.4, note="")
    assert "Hard to read: dark." in card(face(CROP // 5), threshold=0.4, note="")
