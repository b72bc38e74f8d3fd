from dataclasses import replace

import pytest

from ferdash.comparable import Images, why_not_comparable

FULL = Images("70aa12fb2c1e", "validation", 0, "all 3,578 images", "fer2013")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (replace(FULL, words="3,578 images", dataset="renamed"), None),
        (
            replace(FULL, drawn=100, words="700 images"),
            "one was measured on all 3,578 images, the other on 700 images.",
        ),
        (replace(FULL, dataset_hash="99"), "measured on two versions of fer2013 (70aa12fb and 99)."),
        (replace(FULL, dataset_hash="99", dataset="demo"), "measured on fer2013 and demo (70aa12fb and 99)."),
        (replace(FULL, split="test"), "one was measured on the validation split, the other on test."),
        (replace(FULL, known=False), "on which images one of them was measured is not known."),
        (replace(FULL, words=""), "one of them has not been measured."),
    ],
)
def test_only_the_same_images_are_comparable(other: Images, reason: str | None) -> None:
    expected = reason and f"Not comparable: {reason}"
    assert why_not_comparable(FULL, other) == expected
    assert (why_not_comparable(other, FULL) is None) == (reason is None)


def test_what_was_never_measured_is_comparable_with_nothing() -> None:
    fresh = replace(FULL, words="")
    assert why_not_comparable(fresh, fresh) == "Not comparable: they have not been measured."
