"""What is drawn into a frame: boxes in the emotions' colours, grey ones with a reason."""

import numpy as np
import pytest

from ferdash.drawing import UNCERTAIN_COLOUR
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.video.frame_table import empty_row, face_row, frames_table
from ferdash.video.overlay import draw_frame

BOX = (50.0, 60.0, 120.0, 130.0)


def rgb(colour):
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def row(track=1, emotion="happy", reason="", box=BOX):
    shares = None if reason else np.eye(7)[EMOTIONS.index(emotion)] * 0.65 + 0.05
    return face_row(0, 0.0, track, box, detected=True, confidence=0.9, probabilities=shares, reason=reason)


@pytest.fixture
def grey():
    return np.full((200, 300, 3), 90, np.uint8)


def test_a_box_stands_where_the_table_says(grey):
    drawn = draw_frame(grey, frames_table([row(emotion="surprise")]))
    assert (grey == 90).all()
    assert drawn[100, 50].tolist() == rgb(COLOURS["surprise"])
    assert drawn[100, 120].tolist() == rgb(COLOURS["surprise"])
    assert drawn[100, 85].tolist() == [90, 90, 90]


def test_a_face_without_a_result_is_grey(grey):
    drawn = draw_frame(grey, frames_table([row(reason="blurred")]))
    assert drawn[100, 50].tolist() == rgb(UNCERTAIN_COLOUR)


def test_boxes_follow_a_reduced_picture(grey):
    drawn = draw_frame(grey, frames_table([row()]), scale=0.5)
    assert drawn[50, 25].tolist() == rgb(COLOURS["happy"])


def test_the_chosen_person_is_bolder(grey):
    rows = frames_table([row(1), row(2, box=(160.0, 60.0, 230.0, 130.0))])
    drawn = draw_frame(np.full((1000, 1500, 3), 90, np.uint8), rows, only=2)
    coloured = (drawn[100] != 90).any(axis=1)
    assert coloured[40:80].sum() < coloured[150:180].sum()


def test_a_frame_without_a_face_stays_as_it_is(grey):
    assert (draw_frame(grey, frames_table([empty_row(0, 0.0, "no_face")])) == grey).all()


def test_a_box_beyond_the_border_is_cut(grey):
    drawn = draw_frame(grey, frames_table([row(box=(-40.0, -30.0, 500.0, 400.0))]))
    assert drawn.shape == grey.shape
    assert drawn[100, 0].tolist() == rgb(COLOURS["happy"])
