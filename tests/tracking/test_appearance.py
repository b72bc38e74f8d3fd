import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.tracking.appearance import blend, describe, difference
from ferdash.tracking.matching import MAX_DIFFERENCE_ANYWHERE, MAX_DIFFERENCE_NEARBY

pictures = st.integers(0, 1000).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)
)


def look(film, who: str, x: float, side: float) -> np.ndarray:
    half = side / 4
    return describe(film.canvas((film.head(who), x, 120, side)), np.array([x - half, 120 - half, x + half, 120 + half]))


def test_one_person_resembles_herself_and_not_another(film):
    she = look(film, "she", 100, 150)
    assert difference(she, look(film, "she", 200, 110)) < MAX_DIFFERENCE_ANYWHERE
    assert difference(she, look(film, "other", 100, 150)) > MAX_DIFFERENCE_NEARBY


@given(pictures, pictures)
def test_difference_is_a_distance(one, other):
    box = np.array([0.0, 0.0, 40.0, 40.0])
    a, b = describe(one, box), describe(other, box)
    assert difference(a, a) == pytest.approx(0, abs=1e-3)
    assert difference(a, b) == pytest.approx(difference(b, a), abs=1e-6)
    assert 0 <= difference(a, b) <= 1


@given(pictures, pictures, st.floats(0, 1))
def test_a_blend_lies_between(one, other, share):
    box = np.array([0.0, 0.0, 40.0, 40.0])
    a, b = describe(one, box), describe(other, box)
    assert difference(blend(a, b, 0.0), a) == pytest.approx(0, abs=1e-3)
    assert difference(blend(a, b, 1.0), b) == pytest.approx(0, abs=1e-3)
    assert difference(blend(a, b, share), a) <= difference(a, b) + 1e-3


def test_a_box_beyond_the_border_is_no_trouble():
    picture = np.zeros((20, 30, 3), np.uint8)
    for box in ([-10.0, -10, 5, 5], [28, 18, 60, 60], [40, 40, 50, 50]):
        assert np.isfinite(describe(picture, np.array(box))).all()
