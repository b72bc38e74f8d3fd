import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ferdash.plots.mosaic import enlarge, mosaic


@given(number=st.integers(1, 23), columns=st.integers(1, 7))
def test_every_face_stands_in_its_tile(number, columns):
    faces = np.arange(number * 6, dtype=np.uint8).reshape(number, 2, 3)
    sheet = mosaic(faces, columns)
    rows = -(-number // columns)
    assert sheet.shape == (rows * 2, columns * 3)
    for place in range(rows * columns):
        top, left = place // columns * 2, place % columns * 3
        expected = faces[place] if place < number else np.zeros((2, 3))
        np.testing.assert_array_equal(sheet[top : top + 2, left : left + 3], expected)


def test_enlarging_repeats_each_pixel():
    face = np.array([[1, 2], [3, 4]], dtype=np.uint8)
    np.testing.assert_array_equal(enlarge(face, 2), [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])
