"""Heat maps and bars of changes have the sign and size of the numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.dynamics.deltas import deltas
from ferdash.dynamics.series import TrackSeries
from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import EMOTIONS
from ferdash.plots import changes as plots
from ferdash.plots.time_axis import MOST_POINTS

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")


@given(
    steps=st.lists(st.integers(1, 5), min_size=1, max_size=60),
    seed=st.integers(0, 99),
    columns=st.integers(1, 70),
)
def test_shared_columns_hold_the_largest_change_of_each_emotion(steps: list[int], seed: int, columns: int) -> None:
    frames = np.cumsum([0, *steps])
    values = np.random.default_rng(seed).dirichlet(np.ones(7), len(frames))
    series = TrackSeries(1, frames, frames / 25, values)
    changes = deltas(series)
    times, numbers, largest = plots.strongest(series, changes, columns)
    every = -(-len(series) // columns)
    assert len(times) == len(numbers) == len(largest) <= columns
    for place, row in enumerate(range(0, len(series), every)):
        shared = changes[row : row + every]
        assert numbers[place] == frames[row]
        assert (
            ((np.abs(largest[place]) == np.abs(shared)) | np.isnan(shared) | (largest[place] == shared))
            .any(axis=0)
            .all()
        )
        if np.isfinite(shared).any():
            np.testing.assert_allclose(np.abs(largest[place]), np.nanmax(np.abs(shared), axis=0))
        else:
            assert np.isnan(largest[place]).all()
    wide, sides, cells = plots.with_gaps(series, times, numbers, largest)
    assert len(wide) == len(sides) == len(cells)
    assert (np.diff(wide) > 0).all()
    assert set(times) <= set(wide)


def test_a_heat_map_is_empty_where_the_face_was_away(smiling: TrackSummary) -> None:
    (cells,) = plots.delta_heatmap(smiling.series, smiling.deltas).data
    z, x = np.array(cells.z, dtype=float), np.array(cells.x, dtype=float)
    leaves, returns = smiling.series.timestamps_s[[99, 100]]
    between = (x > leaves) & (x < returns)
    assert between.sum() == 2
    assert np.isnan(z[:, between]).all()
    # Nothing was seen of the change to the first frame after the gap, nor of that to the very first.
    blank = np.flatnonzero(np.isnan(z).all(axis=0))
    assert x[blank] == pytest.approx([0, *x[between], returns])
    assert not cells.hoverongaps


def test_a_heat_map_has_the_sign_of_each_change_on_a_scale_even_about_zero(smiling: TrackSummary) -> None:
    (cells,) = plots.delta_heatmap(smiling.series, smiling.deltas).data
    z = np.array(cells.z, dtype=float)
    assert cells.y == EMOTIONS
    assert z[HAPPY, 50] == pytest.approx(100 * smiling.deltas[50, HAPPY], abs=0.01)
    assert z[HAPPY, 50] > 45
    assert z[NEUTRAL, 50] < -45
    assert z[HAPPY, 90] < -45
    assert cells.zmin == -cells.zmax < 0
    # Noise of some tenths of a point is pale beside a leap of 50.
    assert cells.zmax == pytest.approx(np.nanmax(np.abs(z)) / 4, abs=0.01)
    assert cells.customdata[HAPPY][50] == 50
    title = plots.delta_heatmap(smiling.series, smiling.deltas, cursor_s=2.0).layout.title.text
    assert title.startswith("From frame to frame, ")
    assert title.endswith("points")


def test_a_heat_map_of_a_long_series_is_thinned_and_keeps_its_largest_change() -> None:
    rows = 4 * MOST_POINTS + 2
    values = np.tile(np.full(7, 1 / 7), (rows, 1))
    values[4001] = np.eye(7)[HAPPY]
    long = TrackSeries(1, np.arange(rows), np.arange(rows) / 25, values)
    (cells,) = plots.delta_heatmap(long, deltas(long)).data
    assert len(cells.x) <= MOST_POINTS // 2 + 2
    # One frame's leap survives, though it shares its column with others.
    assert np.nanmax(np.abs(np.array(cells.z, dtype=float))) == pytest.approx(100 * 6 / 7, abs=0.01)
