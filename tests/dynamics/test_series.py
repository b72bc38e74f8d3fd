import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.dynamics.deltas import deltas
from ferdash.dynamics.series import TrackSeries, segments_of_continuity, track_series, tracks
from ferdash.emotions import EMOTIONS
from ferdash.errors import SeriesError
from ferdash.video.frame_table import empty_row, face_row, frames_table

EVEN = np.full(7, 1 / 7)
BOX = (1.0, 2.0, 40.0, 41.0)


def row(frame: int, track: int, probabilities: np.ndarray | None = EVEN, reason: str = "") -> dict:
    return face_row(
        frame, frame / 25, track, BOX, detected=True, confidence=0.9, probabilities=probabilities, reason=reason
    )


def series(frames: list[int], seed: int = 0, stride: int = 1) -> TrackSeries:
    numbers = np.array(frames)
    values = np.random.default_rng(seed).dirichlet(np.ones(7), len(numbers))
    return TrackSeries(1, numbers, numbers / 25, values, stride=stride)


def test_a_series_holds_the_frames_of_its_track_that_have_a_result() -> None:
    happy = np.eye(7)[EMOTIONS.index("happy")]
    table = frames_table(
        [row(0, 1), row(0, 2, happy), row(1, 2, None, "blurred"), empty_row(2, 0.08, "no_face"), row(3, 2, happy)]
    )
    assert tracks(table) == [1, 2]
    second = track_series(table, 2)
    assert second.frames.tolist() == [0, 3]
    assert second.timestamps_s.tolist() == pytest.approx([0, 0.12])
    assert second.probabilities.argmax(axis=1).tolist() == [EMOTIONS.index("happy")] * 2
    assert second.probabilities.dtype == np.float64


def test_rows_in_any_order_give_the_same_series() -> None:
    table = frames_table([row(frame, 1, np.eye(7)[frame]) for frame in range(5)])
    mixed = track_series(table.sample(frac=1, random_state=3), 1)
    assert mixed.frames.tolist() == [0, 1, 2, 3, 4]
    assert mixed.probabilities.argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


def test_a_track_that_is_not_there_is_named() -> None:
    table = frames_table([row(0, 1), row(0, 4)])
    with pytest.raises(SeriesError, match="no track 7 in this analysis; its tracks: 1, 4"):
        track_series(table, 7)
    with pytest.raises(SeriesError, match="its tracks: none"):
        track_series(table[:0], 1)


def test_a_track_without_any_result_is_an_empty_series() -> None:
    empty = track_series(frames_table([row(0, 1, None, "too_small")]), 1)
    assert len(empty) == 0
    assert segments_of_continuity(empty) == []
    assert deltas(empty).shape == (0, 7)
    assert empty.step_s == 0


def test_the_stride_is_that_of_all_analysed_frames() -> None:
    rows = [empty_row(frame, frame / 25, "no_face") for frame in range(0, 30, 3)]
    table = frames_table([*rows[2:], row(0, 1), row(3, 1)])
    assert track_series(table, 1).stride == 3


@pytest.mark.parametrize(
    ("frames", "stride", "starts"),
    [
        ([0, 1, 3, 4], 1, [0]),  # one missing result is bridged
        ([0, 1, 4, 5], 1, [0, 2]),  # two are a gap
        ([0, 2, 6, 8], 2, [0]),
        ([0, 2, 8], 2, [0, 2]),
    ],
)
def test_more_than_one_missing_result_is_a_gap(frames: list[int], stride: int, starts: list[int]) -> None:
    assert np.flatnonzero(series(frames, stride=stride).starts).tolist() == starts


def test_a_long_pause_is_a_gap_when_asked() -> None:
    frames = np.arange(3)
    times = np.array([0, 0.04, 5])
    values = np.tile(EVEN, (3, 1))
    assert TrackSeries(1, frames, times, values).starts.tolist() == [True, False, False]
    assert TrackSeries(1, frames, times, values, max_gap_s=1.0).starts.tolist() == [True, False, True]


@given(steps=st.lists(st.integers(1, 5), max_size=40), seed=st.integers(0, 999))
def test_stretches_make_up_the_series_and_deltas_telescope_in_each(steps: list[int], seed: int) -> None:
    one = series(np.cumsum([0, *steps]).tolist(), seed)
    changes = deltas(one)
    segments = segments_of_continuity(one)
    assert [row for segment in segments for row in range(segment.start, segment.stop)] == list(range(len(one)))
    assert np.isnan(changes[one.starts]).all()
    assert np.isfinite(changes[~one.starts]).all()
    for segment in segments:
        inside = one.probabilities[segment]
        np.testing.assert_allclose(changes[segment][1:].sum(axis=0), inside[-1] - inside[0], atol=1e-12)
    np.testing.assert_allclose(changes[~one.starts].sum(axis=1), 0, atol=1e-12)


def test_deltas_are_those_of_pandas_within_a_stretch() -> None:
    one = series([0, 1, 2, 3, 9, 10])
    expected = pd.DataFrame(one.probabilities).groupby(np.array([0, 0, 0, 0, 1, 1])).diff().to_numpy()
    np.testing.assert_allclose(deltas(one), expected)
