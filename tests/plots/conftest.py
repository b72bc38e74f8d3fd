"""People whose emotions over time are known, summarised as an analysis is."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from ferdash.dynamics.summary import TrackSummary, summarise
from ferdash.emotions import EMOTIONS
from ferdash.video.frame_table import face_row, frames_table

FPS = 25.0
STILL = np.array([0.05, 0.03, 0.06, 0.13, 0.6, 0.08, 0.05])
HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")


def watch(
    frames: int, *, away: Iterable[int] = (), smiles: tuple[int, int] = (50, 90), neutral: Iterable[int] = ()
) -> TrackSummary:
    """Person 1, who smiles from one frame to another: neutral gives 0.5 to happy. away: frames without a result."""
    rng = np.random.default_rng(0)
    gone = set(away)
    rows = []
    for frame in range(frames):
        values = STILL + (0.5 * (np.eye(7)[HAPPY] - np.eye(7)[NEUTRAL]) if smiles[0] <= frame < smiles[1] else 0)
        values = values + rng.normal(size=7) * values * 0.02
        seen = {"reason": "blurred"} if frame in gone else {"probabilities": values / values.sum()}
        rows.append(face_row(frame, frame / FPS, 1, (0, 0, 9, 9), detected=True, confidence=1, **seen))
    if not rows:
        rows = [face_row(0, 0.0, 1, (0, 0, 9, 9), detected=True, confidence=1, reason="blurred")]
    return summarise(frames_table(rows), neutral={1: neutral}).tracks[1]


@pytest.fixture(scope="session")
def person() -> Callable[..., TrackSummary]:
    """The function above."""
    return watch


@pytest.fixture(scope="session")
def smiling() -> TrackSummary:
    """Two seconds neutral, then a smile for 1.6 s, then neutral for 1.2 s; away for ten frames at 4 s."""
    return watch(130, away=range(100, 110), neutral=range(40))
