import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ferdash.inference.faces import Face, from_left, in_rows, reduced, suppress_duplicates


def face(x0: float, y0: float, side: float, confidence: float) -> Face:
    return Face((x0, y0, x0 + side, y0 + side), confidence, "haar")


def test_of_nested_boxes_the_most_confident_stays() -> None:
    outer, inner, other = face(0, 0, 100, 0.7), face(10, 10, 40, 0.9), face(200, 0, 50, 0.5)
    assert suppress_duplicates([outer, inner, other]) == [inner, other]
    assert suppress_duplicates([face(0, 0, 100, 0.7), face(90, 0, 100, 0.6)]) != [face(0, 0, 100, 0.7)]


@given(st.lists(st.builds(face, st.floats(0, 90), st.floats(0, 90), st.floats(1, 50), st.floats(0, 1)), max_size=12))
def test_suppression_keeps_the_best_and_is_stable(faces: list[Face]) -> None:
    kept = suppress_duplicates(faces)
    assert suppress_duplicates(kept) == kept
    assert all(one in faces for one in kept)
    if faces:
        assert max(one.confidence for one in kept) == max(one.confidence for one in faces)


def test_faces_are_sorted_from_the_left_then_from_the_top() -> None:
    faces = [face(50, 0, 10, 0.5), face(0, 40, 10, 0.5), face(0, 20, 10, 0.5)]
    assert from_left(faces) == [faces[2], faces[1], faces[0]]


def test_a_face_of_a_reduced_part_comes_back_to_the_picture() -> None:
    found = Face((1, 2, 3, 4), 0.5, "centerface", ((1, 2), (3, 2), (2, 3), (1, 4), (3, 4)))
    placed = found.mapped(10, 100, 200)
    assert placed.box_xyxy == (110, 220, 130, 240)
    assert placed.landmarks == ((110, 220), (130, 220), (120, 230), (110, 240), (130, 240))
    assert face(0, 0, 1, 0.5).mapped(2).landmarks is None


def test_a_picture_is_reduced_by_its_longer_side_and_never_enlarged() -> None:
    small, scale = reduced(np.zeros((100, 400, 3), np.uint8), 100)
    assert (small.shape, scale) == ((25, 100, 3), 4)
    same = np.zeros((100, 400, 3), np.uint8)
    assert reduced(same, 400)[0] is same
    assert reduced(np.zeros((1, 4000, 3), np.uint8), 100)[0].shape == (1, 100, 3)


def test_a_group_is_numbered_as_it_is_read_and_neighbours_from_the_left() -> None:
    front = [face(10, 200, 60, 0.9), face(110, 190, 60, 0.9), face(220, 215, 60, 0.9)]
    back = [face(5, 20, 50, 0.9), face(120, 45, 50, 0.9)]
    assert in_rows([front[1], back[1], front[0], front[2], back[0]]) == [*back, *front]
    tall, short = face(100, 0, 50, 0.9), face(0, 40, 50, 0.9)
    assert in_rows([tall, short]) == [short, tall]
    assert in_rows([]) == []
