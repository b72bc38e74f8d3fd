import re
from dataclasses import replace

import numpy as np
import pytest

from pages.parts.common.face_cards import card, pair_card

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


def test_below_the_threshold_the_card_is_hatched_and_says_so():
    html = card(face(), threshold=0.61, note="")
    assert "uncertain" in html
    assert "most likely happy" in html
    assert html.count("fer-hatched") == 7
    assert not any(colour in html for colour in COLOURS.values()), (
        "grey is neutral's, and an uncertain face is not that"
    )


@pytest.mark.parametrize(("happy", "threshold", "said"), [(0.456, 0.4, True), (0.6, 0.4, False), (0.456, 0.5, False)])
def test_a_close_call_is_said_where_an_emotion_is_named(happy: float, threshold: float, said: bool):
    probabilities = np.array([0.02, 0.01, 0.02, happy, 0.449, 0.9 - happy - 0.449, 0.05])
    html = card(replace(face(), probabilities=probabilities), threshold=threshold, note="")
    assert ("A close call: 45.6% against 44.9% neutral." in html) == said


def test_two_models_share_a_crop_and_their_bars_stand_in_pairs():
    other = replace(face(), probabilities=np.array([0.05, 0.01, 0.04, 0.3, 0.5, 0.07, 0.03], dtype=np.float32))
    html = pair_card(face(), other, threshold=0.4, note="")
    assert html.count("<img") == 1
    assert "2 · happy | neutral" in html
    assert "30.0% apart" in html
    assert re.findall(r">([+-]\d+\.\d)<", html) == ["+0.0", "+0.0", "+0.0", "-30.0", "+30.0", "+0.0", "+0.0"]
    assert re.findall(r'fer-name fer-top">(\w+)<', html) == ["happy"]
    assert html.count(COLOURS["happy"]) == 2


@pytest.mark.parametrize("note", ["<b>bold</b>", '"quoted" & more'])
def test_note_is_text_not_html(note: str):
    assert note not in card(face(), threshold=0.4, note=note)


def test_a_face_that_is_hard_to_read_says_why():
    assert "Hard to read" not in card(face(), threshold=0.4, note="")
    assert "Hard to read: dark." in card(face(CROP // 5), threshold=0.4, note="")
