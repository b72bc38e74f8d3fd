from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.dynamics.dominant import DominantSettings, dominant_at, dominant_segments, dwell_times
from ferdash.dynamics.series import TrackSeries, segments_of_continuity
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError

PLAIN = DominantSettings(margin=0, min_duration_s=0)


def shown(*runs: tuple[str, int], fps: float = 10) -> TrackSeries:
    """A series in which each emotion is sure for so many frames."""
    states = np.concatenate([np.full(frames, EMOTIONS.index(emotion)) for emotion, frames in runs])
    values = np.full((len(states), 7), 0.02)
    values[np.arange(len(states)), states] = 0.88
    return TrackSeries(3, np.arange(len(states)), np.arange(len(states)) / fps, values)


@given(
    steps=st.lists(st.integers(1, 4), max_size=60),
    seed=st.integers(0, 999),
    margin=st.sampled_from([0, 0.05, 0.3]),
    shortest=st.sampled_from([0, 0.2, 1.0]),
)
@settings(deadline=None)
def test_segments_partition_the_time_of_each_stretch(
    steps: list[int], seed: int, margin: float, shortest: float
) -> None:
    frames = np.cumsum([0, *steps])
    one = TrackSeries(1, frames, frames / 10, np.random.default_rng(seed).dirichlet(np.ones(7), len(frames)))
    segments = dominant_segments(one, DominantSettings(margin, shortest))
    assert sum(segment.frames for segment in segments) == len(one)
    place = 0
    for segment in segments_of_continuity(one):
        times = one.timestamps_s[segment]
        mine = []
        while place < len(segments) and segments[place].start_s <= times[-1]:
            mine.append(segments[place])
            place += 1
        assert mine[0].start_s == times[0]
        assert mine[-1].end_s == pytest.approx(times[-1] + one.step_s)
        for before, after in pairwise(mine):
            assert before.end_s == after.start_s
            assert before.emotion != after.emotion
        assert len(mine) == 1 or min(segment.duration_s for segment in mine) >= shortest - 1e-9
    assert place == len(segments)
    if margin == shortest == 0:
        np.testing.assert_array_equal(dominant_at(one, segments), one.probabilities.argmax(axis=1))
    if one.step_s > 0:
        assert dwell_times(segments)["share"].sum() == pytest.approx(1)


def test_segments_say_who_leads_from_when_to_when() -> None:
    one = shown(("neutral", 5), ("happy", 10))
    first, second = dominant_segments(one)
    assert (first.emotion, first.start_frame, first.end_frame, first.frames) == ("neutral", 0, 4, 5)
    assert (second.emotion, second.start_s, second.end_s) == ("happy", 0.5, pytest.approx(1.5))
    assert (second.track, second.probability, second.duration_s) == (3, pytest.approx(0.88), pytest.approx(1.0))


def test_a_lead_by_less_than_the_margin_does_not_change_hands() -> None:
    values = np.full((20, 7), 0.02)
    values[:, 3] = 0.45 + 0.02 * (-1.0) ** np.arange(20)
    values[:, 4] = 0.9 - values[:, 3]
    one = TrackSeries(1, np.arange(20), np.arange(20) / 10, values)
    assert len(dominant_segments(one, DominantSettings(0.05, 0))) == 1
    assert len(dominant_segments(one, PLAIN)) == 20


def test_a_sliver_goes_to_its_more_probable_neighbour() -> None:
    one = shown(("neutral", 10), ("surprise", 1), ("happy", 10))
    one.probabilities[10, [3, 4]] = [0.04, 0.0]
    segments = dominant_segments(one, DominantSettings(0, 0.2))
    assert [(segment.emotion, segment.frames) for segment in segments] == [("neutral", 10), ("happy", 11)]
    assert [segment.emotion for segment in dominant_segments(one, PLAIN)] == ["neutral", "surprise", "happy"]


def test_neighbours_of_one_emotion_grow_together() -> None:
    (whole,) = dominant_segments(shown(("sad", 9), ("fear", 1), ("sad", 9)), DominantSettings(0, 0.2))
    assert (whole.emotion, whole.frames) == ("sad", 19)


def test_dwell_times_by_hand() -> None:
    table = dwell_times(dominant_segments(shown(("sad", 10), ("happy", 20), ("sad", 10)), PLAIN))
    assert table.loc["sad"].tolist() == pytest.approx([2, 2.0, 0.5, 1.0, 1.0])
    assert table.loc["happy"].tolist() == pytest.approx([1, 2.0, 0.5, 2.0, 2.0])
    assert table.loc["fear", "visits"] == 0
    assert np.isnan(table.loc["fear", "mean_s"])
    assert dwell_times([])["share"].sum() == 0


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="margin for a switch is 1; it goes from 0"):
        DominantSettings(margin=1)
    with pytest.raises(ConfigError, match="shortest segment is -1 s"):
        DominantSettings(min_duration_s=-1)
