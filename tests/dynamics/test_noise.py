"""The noise of a track against the same definition written out: medians by hand, one emotion and frame at a time."""

from statistics import median

import numpy as np
import pytest

from ferdash.dynamics.noise import FEWEST_FRAMES, LEAST_NOISE, frames_in, measure_noise, spread, too_short_to_tell
from ferdash.dynamics.series import TrackSeries

FPS = 25.0
MAD = 1.4826


def shaking(frames: int, seed: int = 0) -> TrackSeries:
    """Probabilities that shake, each by another amount, and less in the middle than at the ends."""
    rng = np.random.default_rng(seed)
    loud = 1 + np.abs(np.linspace(-1, 1, frames))[:, None]
    values = np.full((frames, 7), 1 / 7) + rng.normal(size=(frames, 7)) * np.linspace(0.001, 0.01, 7) * loud
    values[:, 0] = 1 - values[:, 1:].sum(axis=1)
    return TrackSeries(1, np.arange(frames), np.arange(frames) / FPS, values)


@pytest.mark.parametrize("frames", [120, FEWEST_FRAMES + 1, FEWEST_FRAMES + 2])
@pytest.mark.parametrize("around_s", [1.04, 0.64])
def test_steps_are_medians_of_what_lies_around(frames: int, around_s: float) -> None:
    series = shaking(frames)
    found = measure_noise(series, around_s)
    assert found is not None
    half = max(5, round(around_s / 2 * FPS))
    steps = np.abs(np.diff(series.probabilities, axis=0))
    width = min(2 * half + 1, len(steps) if len(steps) % 2 else len(steps) - 1)
    for emotion in range(7):
        own = steps[:, emotion].tolist()
        around = [own[0]] * (width // 2) + own + [own[-1]] * (width // 2)
        near = [median(around[row : row + width]) for row in range(len(own))]
        quiet = [step for step, level in zip(own, near, strict=True) if level <= median(near)]
        scale = max(MAD * median(quiet), LEAST_NOISE)
        least = 0.5 * max(MAD * median(own), scale)
        wanted = [max(scale, least), *(max(MAD * level, scale, least) for level in near)]
        np.testing.assert_allclose(found.step[:, emotion], wanted, rtol=1e-4)


def test_the_difference_of_neighbours_gives_the_spread() -> None:
    assert spread(0.0) == pytest.approx(np.sqrt(0.5))
    assert spread(0.5) == pytest.approx(1.0)
    assert spread(0.875) == pytest.approx(2.0)


def test_too_short_is_less_than_the_fewest_that_follow() -> None:
    assert too_short_to_tell(shaking(FEWEST_FRAMES))
    assert not too_short_to_tell(shaking(FEWEST_FRAMES + 1))


def test_a_window_has_five_frames_at_least() -> None:
    assert frames_in(shaking(50), 1.0) == 25
    assert frames_in(shaking(50), 0.1) == 5
    assert frames_in(shaking(1), 1.0) == 5
