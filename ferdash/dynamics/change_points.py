"""Changes that are more than noise: which emotion moved, from when to when, by how much, and how surely.

A probability is read as levels with moves between them. Levels come from optimal partitioning (Jackson et al., "An
Algorithm for Optimal Partitioning of Data on an Interval", 2005) with a minimum length, so that one bad frame is no
level; a staircase of levels in one direction is one move; a ramp fitted to the frames around each says where it begins
and ends. A move counts when it is large enough to matter and many times what the track's own noise could do.

What noise is, ferdash.dynamics.noise measures.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ferdash.dynamics.noise import frames_in, measure_noise, spread
from ferdash.dynamics.series import TrackSeries, segments_of_continuity
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError

SHORTEST_LEVEL = 3
"""Frames that a level lasts at least, however short the time that it has to last."""

LONGEST_LEVEL = 256
"""Frames beyond which a level is cut for speed; the pieces do not differ and grow together again."""

AUTOCORRELATION_OF_JUMPS = 0.7
"""The same for a move that holds a jump. Noise does not jump, and a lively face makes its autocorrelation look
higher than it is, since the differences of its quieter half still hold expression."""

JUMP = 5.5
"""Change from a frame to the next, or over two frames, in robust standard deviations of such changes, that noise does
not reach in some ten thousand frames."""

LEAST_STEP = 0.2
"""Share of the larger step that the smaller one of a staircase has at least."""

CUT_SHORT_S = 0.3
"""A level that is cut off by a gap or an end may have gone on, and need not last longer than this."""

HELD = 0.75
"""Share of a level's frames that lie on its side of the middle of a move."""


@dataclass(frozen=True)
class EventSettings:
    """What counts as a change. min_size: of the probability, from 0 to 1. min_z: in standard deviations of what noise
    alone does to the difference of two such levels. level_s: how much of the level on each side of a move is looked at,
    and how far around a frame its noise is measured. hold_s: how long a level lasts at least, with the ways to it and
    from it. A blink closes the eyes for 0.1 to 0.4 s, a syllable takes about 0.2, and lips that close between two of
    them stay so for up to 0.4; an expression lasts half a second to four (Ekman, "Darwin, Deception, and Facial
    Expression", 2003), so what is back sooner than hold_s is no change. 0.1 or less shows those that last a few
    frames, micro-expressions among them."""

    min_size: float = 0.1
    min_z: float = 6.0
    level_s: float = 1.0
    hold_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.min_size < 1:
            raise ConfigError(f"The smallest change (min_size) is {self.min_size:g}; it lies between 0 and 1.")
        if self.min_z < 3:
            raise ConfigError(f"A change of {self.min_z:g} standard deviations (min_z) is noise; choose 3 or more.")
        if self.level_s <= 0:
            raise ConfigError(
                f"The time looked at beside a change (level_s) is {self.level_s:g} s; choose more than 0."
            )
        if self.hold_s < 0:
            raise ConfigError(f"A level cannot last {self.hold_s:g} s at least (hold_s); choose 0 or more.")


@dataclass(frozen=True)
class ChangeEvent:
    """One move of one emotion's probability from a level to another.

    start: the last frame on the old level. peak: the frame that differs most from the frame before. end: the first
    frame on the new level. size: new level minus old without its sign, from 0 to 1; direction: +1 up, -1 down.
    z: size in standard deviations of what noise alone does to such a difference. duration_s: from start to end.
    """

    track: int
    emotion: str
    start_s: float
    peak_s: float
    end_s: float
    start_frame: int
    peak_frame: int
    end_frame: int
    size: float
    direction: int
    z: float
    duration_s: float

    @property
    def sentence(self) -> str:
        way = "rises" if self.direction > 0 else "falls"
        return f"{self.emotion} {way} by {100 * self.size:.0f} points at {self.peak_s:.2f} s"


def find_events(series: TrackSeries, settings: EventSettings | None = None) -> list[ChangeEvent]:
    """The changes of all seven emotions, by time of their peak. None in a track too short to know its noise."""
    settings = settings or EventSettings()
    noise = measure_noise(series, settings.level_s)
    if noise is None:
        return []
    reach, shortest = frames_in(series, settings.level_s), _shortest_level(series, settings.hold_s)
    cut_short = min(shortest, _shortest_level(series, CUT_SHORT_S))
    events = []
    for segment in segments_of_continuity(series):
        x, step = series.probabilities[segment], noise.step[segment]
        if len(x) < 2 * cut_short:
            continue
        autocorrelation = min(noise.autocorrelation, AUTOCORRELATION_OF_JUMPS)
        for emotion, edges in enumerate(_levels(x, step, autocorrelation, shortest, cut_short)):
            finder = _Moves(x[:, emotion], step[:, emotion], noise.autocorrelation, reach, shortest, settings)
            events += [_event(series, segment.start, emotion, move) for move in finder.find(edges)]
    return sorted(events, key=lambda event: (event.peak_s, event.emotion))


def _shortest_level(series: TrackSeries, seconds: float) -> int:
    return int(max(SHORTEST_LEVEL, round(seconds / series.step_s)) if series.step_s > 0 else SHORTEST_LEVEL)


def _levels(x: np.ndarray, step: np.ndarray, autocorrelation: float, shortest: int, cut_short: int) -> list[list[int]]:
    """For each emotion, the first frames of its levels but the first; all emotions at once, by dynamic programming.
    cut_short: frames that the first and the last level have at least, the others have `shortest`."""
    weights = 1 / (spread(autocorrelation) * step.T) ** 2
    w, wx, wxx = (_sums(part) for part in (weights, weights * x.T, weights * x.T**2))
    emotions, frames = x.shape[1], len(x)
    # Under AR(1) noise, sums over many frames vary by this factor more than under white noise.
    price = 2 * np.log(max(frames, 10)) * (1 + autocorrelation) / (1 - autocorrelation)
    best = np.full((emotions, frames + 1), np.inf)
    best[:, 0] = -price
    before = np.zeros((emotions, frames + 1), dtype=np.int64)
    every = np.arange(emotions)
    for end in range(cut_short, frames + 1):
        first = max(0, end - LONGEST_LEVEL)
        cut = slice(first, max(0, end - (cut_short if end == frames else shortest)) + 1)
        weight, total = w[:, end, None] - w[:, cut], wx[:, end, None] - wx[:, cut]
        cost = best[:, cut] + (wxx[:, end, None] - wxx[:, cut]) - total**2 / weight + price
        pick = cost.argmin(axis=1)
        best[:, end], before[:, end] = cost[every, pick], first + pick
    return [_walk_back(before[emotion]) for emotion in range(emotions)]


def _sums(values: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)


def _walk_back(before: np.ndarray) -> list[int]:
    edges, end = [], len(before) - 1
    while (end := int(before[end])) > 0:
        edges.append(end)
    return edges[::-1]


@dataclass(frozen=True)
class _Move:
    """Rows within a segment: start the last on the old level, end the first on the new; size with its sign."""

    start: int
    end: int
    peak: int
    size: float
    z: float


@dataclass(frozen=True)
class _Moves:
    """Finds the moves of one emotion in one segment; x and step (see Noise): float (T,). reach: frames of a level that
    are looked at beside a move; shortest: those that a level lasts at least."""

    x: np.ndarray
    step: np.ndarray
    autocorrelation: float
    reach: int
    shortest: int
    settings: EventSettings

    def find(self, edges: list[int]) -> list[_Move]:
        """edges: first rows of all levels but the first."""
        spans = self._without_treads(edges)
        strengths = np.array([self._strength(spans, place) for place in range(len(spans))])
        while spans and strengths[weakest := int(strengths.argmin())] < 1:
            del spans[weakest]
            strengths = np.delete(strengths, weakest)
            # Only its neighbours had it beside them: all anew would take the square of the time.
            for place in (weakest - 1, weakest):
                if 0 <= place < len(spans):
                    strengths[place] = self._strength(spans, place)
        moves = [self._fit(spans, place) for place in range(len(spans))]
        # What was strong enough between levels may not be, once it is known where it begins and ends.
        return [m for m in moves if abs(m.size) >= self.settings.min_size and m.z >= self.settings.min_z]

    def _without_treads(self, edges: list[int]) -> list[tuple[int, int]]:
        """Spans (last row before, first row after) of moves; levels that are but treads of a staircase are in them."""
        bounds = [0, *edges, len(self.x)]
        levels = [self.x[start:end].mean() for start, end in pairwise(bounds)]
        spans: list[tuple[int, int]] = []
        for place, edge in enumerate(edges, start=1):
            step = levels[place] - levels[place - 1]
            if spans and place > 1:
                earlier = levels[place - 1] - levels[place - 2]
                tread = self.x[bounds[place - 1] : bounds[place]]
                way = edge - spans[-1][0]
                if earlier * step > 0 and self._is_tread(tread, way, earlier, step):
                    spans[-1] = (spans[-1][0], edge)
                    continue
            spans.append((edge - 1, edge))
        return spans

    def _is_tread(self, rows: np.ndarray, way: int, earlier: float, step: float) -> bool:
        """Whether a level between two moves of one direction is on the way: itself sloped that way, or short on a way
        of no more than `reach` frames. A step beside which the other is small is no staircase, but a change and a
        chance wobble near it."""
        if min(abs(earlier), abs(step)) < LEAST_STEP * max(abs(earlier), abs(step)):
            return False
        if len(rows) <= max(SHORTEST_LEVEL, self.reach // 6) and way <= self.reach:
            return True
        slope = np.polyfit(np.arange(len(rows)), rows, 1)[0]
        return bool(slope * (len(rows) - 1) * np.sign(step) > 0.5 * min(abs(earlier), abs(step)))

    def _sides(self, spans: list[tuple[int, int]], place: int) -> tuple[int, int]:
        """First row of the level before a move, and the row behind the level after it, as far as is looked at."""
        first = spans[place - 1][1] if place else 0
        last = spans[place + 1][0] + 1 if place + 1 < len(spans) else len(self.x)
        return max(first, spans[place][0] + 1 - self.reach), min(last, spans[place][1] + self.reach)

    def _strength(self, spans: list[tuple[int, int]], place: int) -> float:
        """How far a move passes both thresholds; below 1 it fails one."""
        (start, end), (first, last) = spans[place], self._sides(spans, place)
        before, after = float(np.median(self.x[first : start + 1])), float(np.median(self.x[end:last]))
        if not self._lasts(start, end, before, after):
            return 0.0
        size = abs(after - before)
        z = size / self._deviation(first, start, end, last)
        return min(size / self.settings.min_size, z / self.settings.min_z)

    def _lasts(self, start: int, end: int, before: float, after: float) -> bool:
        """Whether the frames next to a move, as many as a level has at least, lie on their side of its middle: a level
        that is an excursion and what follows it is none."""
        middle, way = (before + after) / 2, np.sign(after - before)
        old, new = self.x[max(0, start + 1 - self.shortest) : start + 1], self.x[end : end + self.shortest]
        return bool(((old - middle) * way <= 0).mean() >= HELD and ((new - middle) * way > 0).mean() >= HELD)

    def _deviation(self, first: int, start: int, end: int, last: int) -> float:
        """Standard deviation that noise alone gives to the difference between the two levels."""
        autocorrelation = (
            min(self.autocorrelation, AUTOCORRELATION_OF_JUMPS) if self._jumps(start, end) else self.autocorrelation
        )
        sigma = max(self.step[first : start + 1].mean(), self.step[end:last].mean()) * spread(autocorrelation)
        parts = _mean_variance(start + 1 - first, autocorrelation) + _mean_variance(last - end, autocorrelation)
        return float(sigma * np.sqrt(parts))

    def _jumps(self, start: int, end: int) -> bool:
        """Whether something on the way from start to end is faster than noise."""
        rows, step = self.x[max(0, start - 2) : end + 3], self.step[max(0, start - 2) : end + 3]
        over_one, over_two = np.abs(np.diff(rows)), np.abs(rows[2:] - rows[:-2])
        # Over two frames a difference grows by sqrt(1 + autocorrelation), at most by the root of 2.
        return bool((over_one > JUMP * step[1:]).any() or (over_two > JUMP * np.sqrt(2) * step[2:]).any())

    def _fit(self, spans: list[tuple[int, int]], place: int) -> _Move:
        """Least squares of a level, a straight way and another level over the rows around a move."""
        (start, end), (first, last) = spans[place], self._sides(spans, place)
        rows = self.x[first:last]
        slack = max(self.shortest, self.reach // 2)
        starts = np.arange(max(first, start - slack), min(last - 2, start + slack) + 1)
        ends = np.arange(max(first + 1, end - slack), min(last - 1, end + slack) + 1)
        start_at, end_at = (grid.ravel() for grid in np.meshgrid(starts, ends, indexing="ij"))
        keep = start_at < end_at
        start_at, end_at = start_at[keep], end_at[keep]
        way = np.clip((np.arange(first, last) - start_at[:, None]) / (end_at - start_at)[:, None], 0, 1)
        way_about = way - way.mean(axis=1, keepdims=True)
        spread = (way_about**2).sum(axis=1)
        slopes = way_about @ (rows - rows.mean()) / spread
        # What is left unexplained is smallest where this is largest.
        pick = int(np.argmax(slopes**2 * spread))
        start, end, size = int(start_at[pick]), int(end_at[pick]), float(slopes[pick])
        changes = np.diff(self.x[start : end + 1]) * np.sign(size)
        peak = start + 1 + int(np.argmax(changes))
        return _Move(start, end, peak, size, abs(size) / self._deviation(first, start, end, last))


def _mean_variance(frames: int, autocorrelation: float) -> float:
    """Variance of the mean of so many values of an AR(1) process of variance 1."""
    lags = np.arange(1, frames)
    return float((frames + 2 * ((frames - lags) * autocorrelation**lags).sum()) / frames**2)


def _event(series: TrackSeries, offset: int, emotion: int, move: _Move) -> ChangeEvent:
    start, peak, end = (offset + row for row in (move.start, move.peak, move.end))
    times, frames = series.timestamps_s, series.frames
    return ChangeEvent(
        track=series.track,
        emotion=EMOTIONS[emotion],
        start_s=float(times[start]),
        peak_s=float(times[peak]),
        end_s=float(times[end]),
        start_frame=int(frames[start]),
        peak_frame=int(frames[peak]),
        end_frame=int(frames[end]),
        size=abs(move.size),
        direction=1 if move.size > 0 else -1,
        z=move.z,
        duration_s=float(times[end] - times[start]),
    )
