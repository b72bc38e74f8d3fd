"""The rolling timeline: seven lines, and names where they end."""

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.live.buffer import RecentSeries
from ferdash.plots.live import recent_lines


def series(last: dict[str, float]) -> RecentSeries:
    rows = np.full((3, len(EMOTIONS)), 0.02)
    for emotion, value in last.items():
        rows[-1, EMOTIONS.index(emotion)] = value
    return RecentSeries(4, np.array([-40.0, -20.0, -0.1]), rows)


def test_every_emotion_has_its_line():
    figure = recent_lines(series({"happy": 0.9}), 60)
    assert [line.name for line in figure.data] == list(EMOTIONS)
    assert figure.layout.xaxis.range == (-60, 0)
    assert figure.layout.title.text == "How has face 4 looked in the last 60 s?"


def test_lines_are_named_where_they_end_and_names_do_not_overlap():
    named = [
        label.text for label in recent_lines(series({"happy": 0.5, "sad": 0.45, "fear": 0.2}), 60).layout.annotations
    ]
    assert named == ["happy", "fear"]


def test_a_face_that_is_away_has_no_names_at_the_end():
    away = RecentSeries(1, np.zeros(0), np.zeros((0, len(EMOTIONS))))
    assert recent_lines(away, 60).layout.annotations == ()
