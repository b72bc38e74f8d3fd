"""What the player gets: checked against the summary that it was made from."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from ferdash.dynamics.summary import summarise
from ferdash.emotions import EMOTIONS
from ferdash.plots.player import player_data


@pytest.fixture
def table(made_analysis, tmp_path: Path):
    return made_analysis(tmp_path / "analyses").frames()


def unpacked(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def test_every_frame_has_its_row_or_its_reason(table):
    track = summarise(table).tracks[1]
    data = json.loads(json.dumps(player_data(table, track, person=1)))
    frames, rows = unpacked(data["frames"], "<i4"), unpacked(data["rows"], "<i4")
    shares = unpacked(data["probabilities"], "<u2").reshape(-1, 7) / 65535
    assert frames.tolist() == list(range(100))
    assert np.flatnonzero(rows < 0).tolist() == [3]
    assert data["why"] == {"No result here: no face was found in the frame.": [3]}
    place = frames.tolist().index(60)
    wanted = table.set_index("frame").loc[60, list(EMOTIONS)].to_numpy(float)
    np.testing.assert_allclose(shares[rows[place]], wanted, atol=1e-5)
    np.testing.assert_allclose(unpacked(data["times_s"], "<f4")[place], 60 / 25, atol=1e-4)
    assert 0 in data["starts"]


def test_pins_and_segments_stand_at_their_times(table):
    track = summarise(table).tracks[1]
    data = player_data(table, track, person=1, marks=[{"timestamp_s": 99 / 25, "name": "end"}])
    (pin,) = data["pins"]
    assert pin["frame"] == track.moments[0].main.peak_frame
    assert pin["left"] == pytest.approx(100 * track.moments[0].main.peak_s / (99 / 25), abs=0.01)
    assert pin["from"] <= pin["left"] <= pin["to"]
    assert sum(one["width"] for one in data["segments"]) == pytest.approx(100, abs=1.5)
    assert data["marks"] == [{"left": 100.0, "name": "end"}]


def test_lines_lie_where_the_probabilities_are(table):
    track = summarise(table).tracks[1]
    curve = player_data(table, track, person=1)["chart"]["curves"][EMOTIONS.index("happy")]
    last = curve.replace("M", "L").split("L")[-1]
    left, top = map(float, last.split())
    assert left == 1000
    assert top == pytest.approx(1000 * (1 - track.smoothed.probabilities[-1, EMOTIONS.index("happy")]), abs=0.1)


def test_areas_fill_the_whole_and_relative_lines_begin_at_the_baseline(table):
    track = summarise(table, neutral={1: list(range(10, 30))}).tracks[1]
    top = player_data(table, track, person=1, stacked=True)["chart"]["curves"][-1]
    assert float(top.split("L")[1].split()[1]) == pytest.approx(0, abs=0.2)
    chart = player_data(table, track, person=1, relative=True)["chart"]
    assert chart["unit"] == "points above the neutral baseline"
    assert next(tick["text"] for tick in chart["ticks"]).startswith("-")


def test_where_nobody_is_there_is_only_the_reason(table):
    alone = table[table["track"].isna()]
    data = player_data(alone, None)
    assert (data["chart"], data["pins"], data["person"]) == (None, [], None)
    assert list(data["why"].values()) == [[0]]
