import numpy as np
import pytest

from ferdash.dynamics.comparison import compare
from ferdash.dynamics.resampling import block_length, block_means
from ferdash.dynamics.series import TrackSeries
from ferdash.emotions import EMOTIONS
from ferdash.errors import SeriesError

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
LEVEL = np.array([0.05, 0.03, 0.07, 0.2, 0.55, 0.05, 0.05])


def wandering(seed: int, frames: int, shift: float = 0.0, autocorrelation: float = 0.8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(frames, 7)) * LEVEL * 0.2
    for row in range(1, frames):
        noise[row] = autocorrelation * noise[row - 1] + np.sqrt(1 - autocorrelation**2) * noise[row]
    values = LEVEL + noise + shift * (np.eye(7)[HAPPY] - np.eye(7)[NEUTRAL])
    return values / values.sum(axis=1, keepdims=True)


def series(values: np.ndarray, *, fps: float = 25, start_s: float = 0.0) -> TrackSeries:
    frames = np.arange(len(values))
    return TrackSeries(1, frames, start_s + frames / fps, values)


def test_a_series_does_not_differ_from_itself() -> None:
    one = series(wandering(0, 200))
    found = compare(one, one)
    assert found.common == 200
    np.testing.assert_allclose(found.difference, 0, atol=1e-12)
    assert found.differing == []
    assert found.sentence == "On average, no emotion differs significantly between A and B."


def test_a_real_difference_is_found_and_said() -> None:
    found = compare(series(wandering(0, 500)), series(wandering(1, 500, shift=0.2)), names=("before", "after"))
    assert set(found.differing) == {"happy", "neutral"}
    assert found.mean[HAPPY] == pytest.approx(0.2, abs=0.02)
    assert found.intervals is not None
    assert found.intervals[HAPPY].low < found.mean[HAPPY] < found.intervals[HAPPY].high
    assert found.sentence.startswith("In after against before, ")
    assert "points higher" in found.sentence
    assert found.sentence.endswith("; the rest is not significant.")


def test_noise_alone_is_rarely_taken_for_a_difference() -> None:
    """95% for all seven together; blocks of two seconds take an autocorrelation of 0.8 at 25 frames a second in."""
    wrong = sum(
        bool(compare(series(wandering(seed, 750)), series(wandering(seed + 500, 750)), resamples=500).differing)
        for seed in range(40)
    )
    assert wrong <= 6


def test_series_are_laid_over_each_other_at_a_mark() -> None:
    values = wandering(3, 100)
    late = series(values[20:], start_s=20 / 25)
    found = compare(series(values), late, aligned_s=(1.0, 1.0))
    np.testing.assert_allclose(found.difference, 0, atol=1e-9)
    assert found.times_s[0] == pytest.approx(-0.2)
    by_start = compare(series(values), late)
    assert np.abs(by_start.difference).max() > 0.01


def test_a_slower_recording_sets_the_steps() -> None:
    values = wandering(4, 101)
    found = compare(series(values, fps=50), series(values[::5], fps=10))
    assert np.diff(found.times_s) == pytest.approx(0.1)
    np.testing.assert_allclose(found.difference, 0, atol=1e-9)


def test_nothing_is_read_across_a_gap() -> None:
    values = wandering(5, 40)
    frames = np.arange(40) + np.where(np.arange(40) >= 20, 30, 0)
    broken = TrackSeries(1, frames, frames / 25, values)
    found = compare(broken, series(wandering(6, 70)))
    assert found.common == 40
    missing = np.isnan(found.first).all(axis=1)
    assert missing.sum() == 30
    assert np.isfinite(found.second).all()


def test_a_few_moments_have_no_interval() -> None:
    found = compare(series(wandering(0, 4)), series(wandering(1, 4)))
    assert found.intervals is None
    assert found.differing == []
    assert found.sentence == (
        "A and B have only 4 moments in common; that is too little to tell a difference from chance."
    )


def test_what_cannot_be_compared_is_said() -> None:
    one, empty = series(wandering(0, 30)), series(np.zeros((0, 7)))
    with pytest.raises(SeriesError, match="B has no result to compare"):
        compare(one, empty)
    with pytest.raises(SeriesError, match=r"A and B have no moment in common\. Align them at another mark"):
        compare(one, one, aligned_s=(0.0, 9.0))
    frames = np.array([0, 1, 100, 101])
    values = wandering(0, 4)
    ends, middle = TrackSeries(1, frames, frames / 25, values), series(wandering(1, 30), start_s=1.0)
    with pytest.raises(SeriesError, match="have no moment in common"):
        compare(ends, middle, aligned_s=(0.0, 0.0))


def test_block_means_are_means_of_whole_blocks() -> None:
    values = np.arange(12.0)[:, None] * [1, -1]
    means = block_means(values, 4, resamples=300, seed=1)
    assert means.shape == (300, 2)
    np.testing.assert_allclose(means[:, 0], -means[:, 1])
    starts = np.arange(9)
    possible = {round((a + b + c) / 3 + 1.5, 9) for a in starts for b in starts for c in starts}
    assert {round(float(mean), 9) for mean in means[:, 0]} <= possible
    assert means[:, 0].mean() == pytest.approx(5.5, abs=0.4)
    np.testing.assert_allclose(block_means(values, 99, resamples=5), [[5.5, -5.5]] * 5)
    assert block_means(values[:7], 4, resamples=9).shape == (9, 2)


def test_blocks_of_single_rows_are_the_plain_bootstrap() -> None:
    values = np.random.default_rng(0).normal(size=(400, 1))
    assert block_means(values, 1, seed=3).std() == pytest.approx(values.std() / 20, rel=0.1)


def test_blocks_last_two_seconds_or_longer_but_leave_draws_to_differ() -> None:
    assert block_length(800, 25) == 50
    assert block_length(64_000, 25) == 80
    assert block_length(40, 25) == 5
    assert block_length(3, 25) == 1


def test_everything_is_about_the_common_moments_and_adds_up() -> None:
    """The second goes on for four seconds more, in which it is all happy: that must not count."""
    first = series(wandering(1, 100))
    later = np.tile(np.eye(7)[HAPPY] * 0.94 + 0.01 * (1 - np.eye(7)[HAPPY]), (100, 1))
    second = series(np.vstack([wandering(2, 100), later]))
    found = compare(first, second)
    means = found.group.set_index(["group", "emotion"])["mean"]
    for place, emotion in enumerate(EMOTIONS):
        assert means["B", emotion] - means["A", emotion] == pytest.approx(found.mean[place], abs=1e-12)
    assert means["B", "happy"] == pytest.approx(wandering(2, 100)[:, HAPPY].mean(), abs=1e-9)
    assert found.group.groupby("group")["dwell"].sum().tolist() == pytest.approx([1, 1])
    assert found.group.set_index(["group", "emotion"]).loc[("B", "happy"), "dwell"] < 0.1
    assert found.group["seconds"].tolist() == pytest.approx([4.0] * 14)


def test_intervals_lie_inside_of_what_is_possible() -> None:
    """From nothing to nearly all, by two long levels: such an interval would else reach beyond a probability of 1."""
    one, other = np.eye(7)[NEUTRAL], np.eye(7)[HAPPY]
    first = np.vstack([np.tile(one, (50, 1)), np.tile(other, (10, 1))])
    second = np.vstack([np.tile(other, (50, 1)), np.tile(other, (10, 1))])
    found = compare(series(first), series(second))
    assert found.intervals is not None
    for place, interval in enumerate(found.intervals):
        assert -first[:, place].mean() - 1e-12 <= interval.low <= found.mean[place] + 1e-12
        assert found.mean[place] - 1e-12 <= interval.high <= 1 - first[:, place].mean() + 1e-12
    assert found.intervals[HAPPY].high == pytest.approx(1 - first[:, HAPPY].mean())
