"""What there is to see of a camera at one moment, how its analysis is set, and what a recorder of it does."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ferdash.errors import ConfigError
from ferdash.inference.photos import UNCERTAIN_BELOW, ClassifiedFace
from ferdash.tracking.track import TrackedFace


@dataclass(frozen=True)
class LiveSettings:
    """How a camera is analysed.

    detect_every: frames from one detection to the next; between them faces are followed. detection_side: longer side,
    in pixels, to which a frame is reduced before new faces are looked for. tau_s: time after which a past frame's
    weight has fallen to 37%; 0 smooths nothing. threshold: below it no emotion is named. timeline_s: how far back is
    shown. calibration_s: how long to look neutral. idle_s: without a frame for so long, the worker ends.
    """

    detect_every: int = 3
    detection_side: int = 320
    tau_s: float = 0.3
    threshold: float = UNCERTAIN_BELOW
    timeline_s: float = 60.0
    calibration_s: float = 3.0
    idle_s: float = 5.0

    def __post_init__(self) -> None:
        if self.tau_s < 0:
            raise ConfigError(f"Smoothing over {self.tau_s:g} s makes no sense; choose 0 s or more.")
        if self.detect_every < 1 or self.detection_side < 64:
            raise ConfigError(
                f"Faces cannot be looked for every {self.detect_every} frames at {self.detection_side} pixels; choose "
                "at least 1 frame and 64 pixels."
            )


@dataclass(frozen=True, eq=False)
class LiveFace:
    """One face of the newest frame. classified: numbered by its track, with smoothed probabilities and the square that
    was cut out. raw: float32 (7,), this frame's own. change: float64 (7,), smoothed probabilities minus those of the
    neutral baseline, rows add up to 0; None before calibration."""

    tracked: TrackedFace
    classified: ClassifiedFace
    raw: np.ndarray
    change: np.ndarray | None


@dataclass(frozen=True)
class Calibration:
    """The last "look neutral". left_s: time still to go, 0 when done. tracks: the faces that gave a baseline."""

    left_s: float
    tracks: tuple[int, ...]


@dataclass(frozen=True)
class RecordingState:
    """What is being recorded. analysis: id of its folder."""

    analysis: str
    seconds: float
    frames: int


@dataclass(frozen=True, eq=False)
class LiveView:
    """All that there is to see at one moment.

    running: whether frames are coming in. faces: of the newest analysed frame. fps: analysed frames a second.
    latency_s: median time from a frame's arrival to its drawn result; None before there is one. analysed, skipped:
    frames so far; skipped ones were overtaken by newer ones. size: (width, height) of the newest frame as it came.
    recorded: id of the last finished recording. recording_problem: why the last recording ended early. problem: why
    the analysis ended; frames are refused until `dismiss_problem`.
    """

    running: bool
    faces: tuple[LiveFace, ...]
    fps: float
    latency_s: float | None
    analysed: int
    skipped: int
    size: tuple[int, int]
    calibration: Calibration | None
    recording: RecordingState | None
    recorded: str | None
    recording_problem: str | None
    problem: str | None


class Recorder(Protocol):
    """Where frames go while recording is on; see ferdash.live.recording."""

    analysis: str

    def add(self, image_rgb: np.ndarray, time_s: float, faces: tuple[LiveFace, ...], *, neutral: bool) -> None:
        """Keep a frame with its faces; neutral: the person was asked to look neutral."""
        ...

    def state(self) -> RecordingState:
        """How far it is."""
        ...

    def close(self, problem: str | None = None) -> None:
        """Finish the folder; problem: why recording ended early."""
        ...


class BeginRecording(Protocol):
    """Makes a recorder of pictures of `size` (width, height), which come at about `fps` frames a second."""

    def __call__(self, *, size: tuple[int, int], fps: float, settings: LiveSettings) -> Recorder: ...
