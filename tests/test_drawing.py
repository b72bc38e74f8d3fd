import numpy as np
import pytest

from ferdash.drawing import draw_label, rgb


def strip(corner: tuple[int, int], **options: int) -> tuple[int, int, int, int]:
    """The rows and columns, first and last, that a label of one colour takes."""
    canvas = np.zeros((100, 200, 3), np.uint8)
    draw_label(canvas, "happy", corner, (200, 10, 10), size=0.5, pad=4, **options)
    rows, columns = np.nonzero((canvas == (200, 10, 10)).all(axis=2))
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


def test_it_ends_at_the_corner_it_stands_above() -> None:
    top, bottom, left, _ = strip((30, 60))
    assert (bottom, left) == (60, 30)
    assert 10 < 60 - top < 30


@pytest.mark.parametrize(("options", "expected"), [({}, 5), ({"under": 50}, 50)])
def test_without_room_above_it_stands_below(options: dict[str, int], expected: int) -> None:
    assert strip((30, 5), **options)[0] == expected


def test_it_stays_inside_the_picture() -> None:
    top, bottom, _, right = strip((195, 3), under=99)
    assert top > 0
    assert bottom <= 99
    assert right <= 199


@pytest.mark.parametrize(("colour", "ink"), [((250, 250, 200), 0), ((10, 10, 60), 255)])
def test_the_words_can_be_read(colour: tuple[int, int, int], ink: int) -> None:
    canvas = np.full((100, 200, 3), 128, np.uint8)
    draw_label(canvas, "happy", (30, 60), colour, size=0.5, pad=4)
    assert (canvas == ink).all(axis=2).any()


def test_a_colour_as_channels() -> None:
    assert rgb("#D62728") == (214, 39, 40)
