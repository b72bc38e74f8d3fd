"""Laws of drawing splits."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.data.dataset import content_hashes
from ferdash.data.sources.splits import ALL_THREE, VALIDATION_OF_TRAIN, draw_splits

drawn_faces = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), min_size=1, max_size=120)


def as_hashes(contents: list[int]) -> list[str]:
    return content_hashes(np.array(contents, dtype=np.uint8).reshape(-1, 1, 1))


@given(drawn_faces)
def test_identical_images_stay_together_whatever_their_labels(faces):
    contents, labels = zip(*faces, strict=True)
    splits = draw_splits(as_hashes(list(contents)), np.array(labels), ALL_THREE)
    found = defaultdict(set)
    for content, split in zip(contents, splits, strict=True):
        found[content].add(split)
    assert all(len(of_one_content) == 1 for of_one_content in found.values())


@given(drawn_faces, st.randoms(use_true_random=False))
def test_order_plays_no_part(faces, random):
    def by_face(order):
        splits = draw_splits(as_hashes([c for c, _ in order]), np.array([label for _, label in order]), ALL_THREE)
        return sorted(zip(order, splits, strict=True))

    shuffled = random.sample(faces, len(faces))
    assert by_face(faces) == by_face(shuffled)


@given(st.integers(1, 300))
def test_one_emotion_of_distinct_images_is_divided_to_the_nearest_image(count):
    hashes = content_hashes(np.arange(count, dtype=np.uint16).reshape(-1, 1, 1))
    splits = draw_splits(hashes, np.zeros(count), VALIDATION_OF_TRAIN)
    assert abs(splits.count("validation") - 0.1 * count) <= 0.5 + 1e-9


@pytest.mark.parametrize("label", range(7))
def test_every_emotion_is_divided_alike(label):
    labels = np.repeat(np.arange(7), 200)
    hashes = content_hashes(np.arange(1400, dtype=np.uint16).reshape(-1, 1, 1))
    splits = np.array(draw_splits(hashes, labels, ALL_THREE))[labels == label]
    assert [int((splits == split).sum()) for split in ALL_THREE] == [160, 20, 20]
