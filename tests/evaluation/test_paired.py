from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from ferdash.errors import EvaluationError
from ferdash.evaluation.paired import PairedResult, compare_paired

counts = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda drawn: sum(drawn) > 0)


def compare(both: int, only_a: int, only_b: int, neither: int, **options) -> PairedResult:
    kinds = np.repeat(np.arange(4), [both, only_a, only_b, neither])
    return compare_paired(
        y_true=np.zeros(len(kinds), dtype=int),
        predicted_a=np.where(np.isin(kinds, [0, 1]), 0, 3),
        predicted_b=np.where(np.isin(kinds, [0, 2]), 0, 4),
        **options,
    )


@given(table=counts)
@settings(max_examples=60, deadline=None)
def test_the_test_agrees_with_statsmodels(table: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, neither = table
    result = compare(*table, resamples=10)
    golden = mcnemar([[both, only_a], [only_b, neither]], exact=True)
    assert result.p_value == pytest.approx(golden.pvalue, abs=1e-9)
    assert (result.both, result.only_a, result.only_b, result.neither) == table
    assert result.images == sum(table)


@given(table=counts)
@settings(max_examples=20, deadline=None)
def test_swapping_the_models_swaps_the_result(table: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, neither = table
    there, back = compare(*table, resamples=10), compare(both, only_b, only_a, neither, resamples=10)
    assert there.difference == -back.difference
    assert there.p_value == pytest.approx(back.p_value, abs=1e-12)


def test_the_interval_is_that_of_drawing_images() -> None:
    both, only_a, only_b, neither = 2000, 300, 360, 929
    result = compare(both, only_a, only_b, neither)
    gains = np.repeat([0, -1, 1, 0], [both, only_a, only_b, neither])
    rng = np.random.default_rng(1)
    golden = np.quantile([rng.choice(gains, len(gains)).mean() for _ in range(1000)], [0.025, 0.975])
    assert result.difference == pytest.approx(60 / 3589)
    assert [result.interval.low, result.interval.high] == pytest.approx(list(golden), abs=0.0015)
    assert compare(both, only_a, only_b, neither) == result


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            (2000, 680, 727, 182),
            "No difference found: B minus A is +1.3 points, 95% CI -0.8 to +3.3, with 3,589 images (p = 0.22).",
        ),
        (
            (2000, 600, 720, 269),
            "B is better than A by 3.3 points, 95% CI 1.4 to 5.3; with 3,589 images that is unlikely to be chance "
            "(p = 0.0010).",
        ),
        (
            (100, 90, 10, 0),
            "A is better than B by 40.0 points, 95% CI 32.0 to 48.0; with 200 images that is unlikely to be chance "
            "(p < 0.001).",
        ),
        (
            (50, 7, 7, 3),
            "No difference found: B minus A is 0.0 points, 95% CI -10.4 to +10.4, with 67 images (p = 1.00).",
        ),
        ((1, 0, 0, 0), "No difference found: B minus A is 0.0 points, 95% CI 0.0 to 0.0, with 1 image (p = 1.00)."),
        (
            (9000, 1, 0, 0),
            "No difference found: B minus A is 0.0 points, 95% CI 0.0 to 0.0, with 9,001 images (p = 1.00).",
        ),
    ],
)
def test_the_sentence(table: tuple[int, int, int, int], sentence: str) -> None:
    assert compare(*table).sentence == sentence


def test_the_interval_in_words() -> None:
    words = compare(100, 1, 20, 79).interval_words
    assert words.startswith("B minus A: +9.5 points of accuracy, 95% CI +")
    assert words.endswith("; only A is right on 1 image, only B on 20 images.")


def test_a_p_value_just_below_the_threshold_does_not_read_as_the_threshold() -> None:
    result = PairedResult("A", "B", 0, 1, 2, 0, 1 / 3, compare(1, 0, 0, 0).interval, 0.0496)
    assert result.sentence.endswith("unlikely to be chance (p = 0.0496).")


def test_the_models_names_are_used() -> None:
    assert compare(10, 0, 10, 0, name_a="ViT", name_b="FerNet").sentence.startswith(
        "FerNet is better than ViT by 50.0 points"
    )
    assert compare(10, 0, 5, 0).sentence.startswith("Too few images to tell: B minus A is +33.3 points, 95% CI +")


def test_different_images_are_refused() -> None:
    with pytest.raises(EvaluationError, match="the same images can be compared, but A has 3, B 2, for 3 labels"):
        compare_paired(y_true=np.zeros(3), predicted_a=np.zeros(3), predicted_b=np.zeros(2))


def test_no_image() -> None:
    with pytest.raises(EvaluationError, match=r"^There is no image to compare on\.$"):
        compare_paired(y_true=np.empty(0), predicted_a=np.empty(0), predicted_b=np.empty(0))


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.0009, "p < 0.001"), (0.001, "p = 0.0010"), (0.0499, "p = 0.0499"), (0.0999, "p = 0.0999"), (0.1, "p = 0.10")],
)
def test_a_p_value_has_the_digits_that_matter(p_value: float, text: str) -> None:
    assert f"({text})" in replace(compare(50, 9, 3, 1), p_value=p_value).sentence


def test_no_p_value_reads_as_zero() -> None:
    assert compare(100, 0, 40, 0).p_text == "< 0.001"
    assert compare(100, 5, 5, 0).p_text == "1.00"
