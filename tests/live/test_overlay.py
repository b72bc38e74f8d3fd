"""What is drawn into the camera's picture, and that the picture itself stays."""

import numpy as np
import pytest

from ferdash.drawing import UNCERTAIN_COLOUR
from ferdash.emotions import COLOURS, EMOTIONS, emotion_index
from ferdash.geometry import CropBox
from ferdash.inference.detector import Face
from ferdash.inference.photos import ClassifiedFace
from ferdash.live.overlay import RED, draw_live

PICTURE = np.full((240, 320, 3), 128, np.uint8)


def classified(box: tuple[float, float, float, float], probability: float) -> ClassifiedFace:
    rest = (1 - probability) / (len(EMOTIONS) - 1)
    values = np.full(len(EMOTIONS), rest, np.float32)
    values[emotion_index("sad")] = probability
    return ClassifiedFace(1, Face(box, 0.9, "haar"), CropBox.from_xyxy(*box), np.zeros((48, 48), np.uint8), values)


def holds(image: np.ndarray, colour: tuple[int, ...]) -> bool:
    return bool((image == colour).all(axis=2).any())


def rgb(name: str) -> tuple[int, ...]:
    return tuple(int(name[place : place + 2], 16) for place in (1, 3, 5))


@pytest.mark.parametrize(("probability", "colour"), [(0.9, COLOURS["sad"]), (0.3, UNCERTAIN_COLOUR)])
def test_a_box_has_the_colour_of_its_emotion_and_grey_when_uncertain(probability, colour):
    drawn = draw_live(PICTURE, [classified((100, 100, 180, 180), probability)], threshold=0.4, recording=False)
    assert holds(drawn, rgb(colour))
    assert (PICTURE == 128).all()
    np.testing.assert_array_equal(drawn[120:160, 120:160], PICTURE[120:160, 120:160])


def test_a_face_beyond_the_border_is_drawn_inside():
    drawn = draw_live(PICTURE, [classified((-50, -60, 400, 300), 0.9)], threshold=0.4, recording=False)
    assert holds(drawn[:30, :60], rgb(COLOURS["sad"]))


def test_the_red_mark_is_there_only_while_recording():
    assert holds(draw_live(PICTURE, [], threshold=0.4, recording=True)[:40, -120:], RED)
    np.testing.assert_array_equal(draw_live(PICTURE, [], threshold=0.4, recording=False), PICTURE)
