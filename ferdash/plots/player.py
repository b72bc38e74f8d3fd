"""What a player in a browser needs to step through an analysis by itself: one person's frames, numbers and curves.

Whatever depends on the frame goes along for all frames at once, so that a step asks nobody. Places are shares of the
whole, from 0 to 100 across and from 0 to 1000 down, so that the browser scales them to any size.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ferdash.dynamics.moments import Moment
from ferdash.dynamics.series import TrackSeries
from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import COLOURS, DASHES, EMOTIONS
from ferdash.plots.timeline import label_heights, points_tick, timeline_title
from ferdash.video.frame_table import REASONS

MOST_POINTS = 1500
"""Points of one curve, at most: more than a screen has across."""

DOWN = 1000
_STROKES = {"solid": "", "dash": "7 4", "dot": "2 3", "longdash": "11 4", "dashdot": "7 3 2 3"}


def player_data(
    frames: pd.DataFrame,
    track: TrackSummary | None,
    *,
    person: int | None = None,
    marks: Iterable[Mapping[str, Any]] = (),
    stacked: bool = False,
    relative: bool = False,
    measured: bool = True,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything about one person of a frames table, ready for JSON.

    track: the person's summary; None where nobody was seen, and person is None then. stacked: areas instead of lines.
    relative: lines as points above the neutral baseline, where there is one. measured: the unsmoothed lines, faintly,
    behind them. names: of the photos of a sequence, by frame.

    Arrays are base64: frames int32 (F,) and times_s float32 (F,) rise; rows int32 (F,), the row of `probabilities`
    uint16 (T, 7) in 65535ths at each frame, -1 where there is none, for the reason in `why`. starts: rows that follow
    no other, so that they differ from none.
    """
    shown = frames.drop_duplicates("frame").sort_values("frame")
    numbers = shown["frame"].to_numpy(np.int64)
    times = shown["timestamp_s"].to_numpy(np.float64)
    place = _Across(times)
    data: dict[str, Any] = {
        "frames": _packed(numbers, "<i4"),
        "times_s": _packed(times, "<f4"),
        "person": person,
        "why": _reasons(frames, numbers, person),
        "names": [names[number] if number < len(names) else "" for number in numbers] if names else [],
        "marks": [{"left": place(mark["timestamp_s"]), "name": str(mark["name"])} for mark in marks],
        "emotions": [{"name": one, "colour": COLOURS[one], "dash": _STROKES[DASHES[one]]} for one in EMOTIONS],
        "rows": _packed(np.full(len(numbers), -1), "<i4"),
        "probabilities": "",
        "starts": [],
        "title": "",
        "pins": [],
        "segments": [],
        "chart": None,
        "ends": [f"{times[0]:.2f} s", f"{times[-1]:.2f} s"],
    }
    if track is None:
        return data
    series = track.series
    rows = np.full(len(numbers), -1)
    rows[np.searchsorted(numbers, series.frames)] = np.arange(len(series))
    level = track.baseline.level if relative and not stacked and track.baseline is not None else None
    return data | {
        "rows": _packed(rows, "<i4"),
        "probabilities": _packed(np.rint(series.probabilities * 65535), "<u2"),
        "starts": np.flatnonzero(series.starts).tolist(),
        "title": timeline_title(series, track.moments),
        "pins": _pins(track.moments, place),
        "segments": [
            {
                "left": place(one.start_s),
                "width": place(one.end_s) - place(one.start_s),
                "colour": COLOURS[one.emotion],
                "words": f"{one.emotion} from {one.start_s:.2f} to {one.end_s:.2f} s",
            }
            for one in track.segments
        ],
        "chart": _chart(track, place, stacked=stacked, level=level, measured=measured),
    }


class _Across:
    """From a time to its place across, from 0 to 100."""

    def __init__(self, times_s: np.ndarray) -> None:
        self.first, self.long = float(times_s[0]), max(float(times_s[-1] - times_s[0]), 1e-9)

    def __call__(self, time_s: float) -> float:
        return round(min(max(100 * (time_s - self.first) / self.long, 0.0), 100.0), 3)


def _packed(values: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode("ascii")


def _reasons(frames: pd.DataFrame, numbers: np.ndarray, person: int | None) -> dict[str, list[int]]:
    """Sentence -> places, in `numbers`, of the frames in which the person has no result for this reason."""
    found: dict[str, list[int]] = {}
    mine = frames[frames["track"] == person] if person is not None else frames.iloc[:0]
    own = dict(zip(mine["frame"], mine["reason"], strict=True))
    alone = frames[frames["reason"].isin(["no_face", "unreadable"])]
    others = dict(zip(alone["frame"], alone["reason"], strict=True))
    for place, number in enumerate(numbers.tolist()):
        if number in own:
            if not own[number]:
                continue
            words = f"Person {person} has no result here: {REASONS[own[number]]}."
        elif number in others:
            words = f"No result here: {REASONS[others[number]]}."
        else:
            words = f"Person {person} is not seen in this frame."
        found.setdefault(words, []).append(place)
    return found


def _pins(moments: Sequence[Moment], place: _Across) -> list[dict[str, Any]]:
    """A pin for each change, in the lane of its emotion; where it began and ended, as a bar through the pin."""
    lanes = [emotion for emotion in EMOTIONS if any(one.main.emotion == emotion for one in moments)]
    return [
        {
            "frame": one.main.peak_frame,
            "left": place(one.main.peak_s),
            "from": place(one.start_s),
            "to": place(one.end_s),
            "lane": lanes.index(one.main.emotion),
            "up": one.main.direction > 0,
            "colour": COLOURS[one.main.emotion],
            "words": f"{one.sentence}, within {one.duration_s:.2f} s",
        }
        for one in moments
    ]


def _chart(
    track: TrackSummary, place: _Across, *, stacked: bool, level: np.ndarray | None, measured: bool
) -> dict[str, Any]:
    """The curves as SVG paths, with the marks of the axis on their left and the emotions' names on their right."""
    series = track.smoothed
    against = np.zeros(len(EMOTIONS)) if level is None else level
    low, high = (0.0, 1.0) if level is None else _range(series.probabilities - against)

    def down(values: Any) -> np.ndarray:
        found: np.ndarray = np.round(DOWN * (high - np.asarray(values)) / (high - low), 1)
        return found

    ticks = np.arange(np.ceil(low * 4) / 4, high + 1e-9, 0.25 if level is not None else 0.5)
    last = series.probabilities[-1] if len(series) else np.zeros(len(EMOTIONS))
    heights = np.cumsum(last) - last / 2 if stacked else last - against
    named = label_heights(dict(zip(EMOTIONS, heights.tolist(), strict=True)), low, high) if len(series) else {}
    return {
        "stacked": stacked,
        "curves": _areas(series, place, down) if stacked else _lines(series, place, down, against),
        "measured": _lines(track.series, place, down, against) if measured and not stacked else [],
        "ticks": [
            {"top": float(down(tick)) / 10, "text": points_tick(tick) if level is not None else f"{tick:.0%}"}
            for tick in ticks
        ],
        "names": [{"top": float(down(named[one])) / 10, "emotion": EMOTIONS.index(one)} for one in named],
        "unit": "points above the neutral baseline" if level is not None else "probability",
    }


def _range(values: np.ndarray) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return min(-0.25, np.floor(low * 4) / 4), max(0.25, np.ceil(high * 4) / 4)


def _pieces(series: TrackSeries) -> list[np.ndarray]:
    """Rows to draw, without a gap in each piece."""
    every = max(1, -(-len(series) // MOST_POINTS))
    bounds = [*np.flatnonzero(series.starts).tolist(), len(series)]
    pieces = []
    for start, end in pairwise(bounds):
        rows = np.arange(start, end, every)
        pieces.append(rows if rows[-1] == end - 1 else np.append(rows, end - 1))
    return pieces


def _path(x: Iterable[float], y: Iterable[float], begin: str = "M") -> str:
    # Across in thousands too, so that both sides of the picture have as many units.
    return begin + "L".join(f"{10 * left:g} {top:g}" for left, top in zip(x, y, strict=True))


def _lines(series: TrackSeries, place: _Across, down: Any, against: np.ndarray) -> list[str]:
    pieces = _pieces(series)
    lefts = [[place(float(time)) for time in series.timestamps_s[rows]] for rows in pieces]
    tops = [down(series.probabilities[rows] - against) for rows in pieces]
    return [
        "".join(_path(left, top[:, emotion].tolist()) for left, top in zip(lefts, tops, strict=True))
        for emotion in range(len(EMOTIONS))
    ]


def _areas(series: TrackSeries, place: _Across, down: Any) -> list[str]:
    paths = [""] * len(EMOTIONS)
    for rows in _pieces(series):
        left = [place(float(time)) for time in series.timestamps_s[rows]]
        upper = np.cumsum(series.probabilities[rows], axis=1)
        lower = upper - series.probabilities[rows]
        for emotion in range(len(EMOTIONS)):
            there = _path(left, down(upper[:, emotion]).tolist())
            back = _path(left[::-1], down(lower[::-1, emotion]).tolist(), "L")
            paths[emotion] += f"{there}{back}Z"
    return paths
