import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.errors import EvaluationError
from ferdash.evaluation.protocol import Protocol, fingerprint, stratified_rows

FULL = Protocol(
    dataset="fer2013",
    dataset_hash="9079d33afbb7c79f",
    split="validation",
    images=3589,
    per_class=0,
    seed=0,
    duplicates_included=True,
    duplicates=280,
    tta="plain",
    rows="aa",
)
CLEAN = replace(FULL, images=3309, duplicates_included=False, duplicates=0, rows="bb")
SUBSET = replace(FULL, images=656, per_class=100, seed=3, duplicates=51, rows="cc")
SPLIT = "The validation split of fer2013 (9079d33a)"


@pytest.mark.parametrize(
    ("protocol", "sentence"),
    [
        (
            FULL,
            f"{SPLIT}, all 3,589 images, 280 of them identical to a training image.",
        ),
        (
            CLEAN,
            f"{SPLIT}, 3,309 images, without those identical to a training image.",
        ),
        (
            SUBSET,
            f"{SPLIT}, 656 images (at most 100 of each emotion, drawn by seed 3), 51 of them identical to a training "
            "image.",
        ),
        (
            replace(FULL, duplicates=0, images=1, tta="flip"),
            f"{SPLIT}, all 1 image; each probability is the mean over the image and its mirror image.",
        ),
        (
            replace(FULL, duplicates=0, tta="ten-crop"),
            f"{SPLIT}, all 3,589 images; each probability is the mean over ten crops of the image with its border "
            "continued: corners and centre, and their mirror images.",
        ),
    ],
)
def test_in_plain_words(protocol: Protocol, sentence: str) -> None:
    assert protocol.describe() == sentence


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (replace(FULL, tta="flip"), None),
        # Another rule that leads to the same images.
        (replace(FULL, per_class=5000), None),
        (replace(FULL, dataset_hash="1234567890"), "measured on two versions of fer2013 (9079d33a and 12345678)."),
        (replace(FULL, dataset="demo", dataset_hash="12"), "measured on fer2013 and demo (9079d33a and 12)."),
        (replace(FULL, split="test", rows="dd"), "one was measured on the validation split, the other on test."),
        (CLEAN, "only one of them includes images that duplicate training images."),
        (
            SUBSET,
            "one was measured on all 3,589 images, the other on 656 images (at most 100 of each emotion, drawn by "
            "seed 3).",
        ),
    ],
)
def test_only_scores_of_the_same_images_are_comparable(other: Protocol, reason: str | None) -> None:
    why = FULL.why_not_comparable(other)
    assert why == (reason and f"Not comparable: {reason}")
    assert (FULL.why_not_comparable(other) is None) == (other.why_not_comparable(FULL) is None) == (reason is None)


def test_json_and_back() -> None:
    assert Protocol.from_dict(json.loads(json.dumps(SUBSET.to_dict()))) == SUBSET


@pytest.mark.parametrize(
    ("old", "tta"),
    [({"tta": False}, "plain"), ({"tta": True}, "flip"), ({"views": "ten-crop"}, "ten-crop")],
)
def test_a_record_of_an_earlier_version(old: dict[str, bool | str], tta: str) -> None:
    record = {name: value for name, value in FULL.to_dict().items() if name != "tta"} | old
    assert Protocol.from_dict(record) == replace(FULL, tta=tta)


def test_an_augmentation_that_does_not_exist() -> None:
    with pytest.raises(EvaluationError, match="augmentation “upside-down”; there are plain, flip, ten-crop"):
        Protocol.from_dict(FULL.to_dict() | {"tta": "upside-down"})


def test_a_protocol_with_a_field_missing() -> None:
    with pytest.raises(EvaluationError, match="not the protocol of an evaluation: dataset_hash is missing"):
        Protocol.from_dict({"dataset": "fer2013"})


@given(rows=st.lists(st.integers(0, 100_000), unique=True), data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_fingerprint_knows_the_rows_and_not_their_order(rows: list[int], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert fingerprint(np.array(rows, dtype=np.int64)) == fingerprint(np.array(shuffled, dtype=np.int32))
    assert fingerprint(np.array(rows, dtype=np.int64)) != fingerprint(np.array([*rows, 100_001], dtype=np.int64))


@given(seed=st.integers(0, 1000), images=st.integers(0, 200), per_class=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_stratified_subset(seed: int, images: int, per_class: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 7, images)
    rows = np.arange(images) * 3
    drawn = stratified_rows(rows, labels, per_class=per_class, seed=seed)
    assert (np.diff(drawn) > 0).all()
    assert set(drawn) <= set(rows)
    have, all_of = np.bincount(labels[drawn // 3], minlength=7), np.bincount(labels, minlength=7)
    assert (have == np.minimum(all_of, per_class)).all()
    assert (drawn == stratified_rows(rows, labels, per_class=per_class, seed=seed)).all()


def test_the_seed_draws_other_images_and_zero_takes_all() -> None:
    labels = np.repeat(np.arange(7), 50)
    rows = np.arange(350)
    first, second = (stratified_rows(rows, labels, per_class=10, seed=seed) for seed in (0, 1))
    assert len(first) == len(second) == 70
    assert set(first) != set(second)
    assert (stratified_rows(rows, labels, per_class=0) == rows).all()


def test_a_negative_number_of_images() -> None:
    with pytest.raises(EvaluationError, match=r"from 0 \(all\), not -1"):
        stratified_rows(np.arange(3), np.zeros(3, dtype=int), per_class=-1)
