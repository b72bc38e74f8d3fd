"""The last seconds of every face in front of a camera, in steps of fixed length: its size is bounded, however long the
camera runs."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from ferdash.emotions import EMOTIONS


@dataclass(frozen=True)
class RecentSeries:
    """One face's last seconds. ago_s: float64 (T,), rising from about -span_s to 0, the middle of each step.
    probabilities: float64 (T, 7) in EMOTIONS order, the mean within the step; a row of NaN where the face was away."""

    track: int
    ago_s: np.ndarray
    probabilities: np.ndarray


class RecentBuffer:
    """Results go in as they come; what is older than span_s falls out. Not safe to share between threads."""

    def __init__(self, span_s: float = 60.0, step_s: float = 0.25, gap_s: float = 1.0) -> None:
        self.span_s, self.step_s, self.gap_s = span_s, step_s, gap_s
        # By track: (number of the step, sum of its rows, how many), oldest first.
        self._steps: dict[int, deque[tuple[int, np.ndarray, int]]] = {}

    def add(self, track: int, time_s: float, probabilities: np.ndarray) -> None:
        """Take in one result, float (7,); times must not go backwards."""
        number = int(time_s // self.step_s)
        steps = self._steps.setdefault(track, deque())
        total, count = np.asarray(probabilities, dtype=np.float64), 1
        if steps and steps[-1][0] == number:
            _, before, rows = steps.pop()
            total, count = total + before, rows + 1
        steps.append((number, total, count))
        self._forget(time_s)

    def series(self, now_s: float) -> list[RecentSeries]:
        """Every face of the last span_s, by track."""
        self._forget(now_s)
        return [self._series(track, now_s) for track in sorted(self._steps)]

    def tracks(self) -> set[int]:
        """The faces that are in it."""
        return set(self._steps)

    def _series(self, track: int, now_s: float) -> RecentSeries:
        steps = self._steps[track]
        numbers = np.array([number for number, _, _ in steps])
        ago = np.minimum((numbers + 0.5) * self.step_s - now_s, 0.0)
        rows = np.stack([total / count for _, total, count in steps])
        gaps = np.flatnonzero(np.diff(numbers) * self.step_s > self.gap_s) + 1
        ago = np.insert(ago, gaps, ago[gaps] - self.step_s)
        return RecentSeries(track, ago, np.insert(rows, gaps, np.full(len(EMOTIONS), np.nan), axis=0))

    def _forget(self, now_s: float) -> None:
        oldest = (now_s - self.span_s) // self.step_s
        for track in list(self._steps):
            steps = self._steps[track]
            while steps and steps[0][0] < oldest:
                steps.popleft()
            if not steps:
                del self._steps[track]
