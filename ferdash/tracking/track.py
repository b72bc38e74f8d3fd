"""A face that is followed: what is known of it, and how it is told to whoever asks."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ferdash.inference.detector import DEFAULT_DETECTOR, Face

CONFIRMED_CONFIDENCE = {"centerface": 0.7, "haar": 0.9, "yunet": 0.9}
"""By detector: a first detection below this confidence must be confirmed by the next detection, or its track ends."""


@dataclass(frozen=True)
class TrackedFace:
    """A face in one frame.

    track: id of the person, from 1. box_xyxy: pixels of the frame. detected: whether the detector saw it in this frame.
    confidence: the detector's, when it last saw the face. missed: detections in a row in which it did not. landmarks:
    five points as in `Face`, where the detector knows them, moved along with the box.
    """

    track: int
    box_xyxy: tuple[float, float, float, float]
    detected: bool
    confidence: float
    missed: int = 0
    detector: str = DEFAULT_DETECTOR
    landmarks: tuple[tuple[float, float], ...] | None = None

    def as_face(self) -> Face:
        """The same for `crop_box`, which knows how to cut it out."""
        return Face(self.box_xyxy, self.confidence, self.detector, self.landmarks)


@dataclass(eq=False)
class Track:
    """A followed face. box: float64 (4,). points: landmarks as shares of the box, (5, 2). velocity: pixels a second,
    (2,)."""

    id: int
    box: np.ndarray
    confidence: float
    detector: str
    points: np.ndarray | None
    appearance: np.ndarray
    seen_s: float
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))
    detections: int = 1
    missed: int = 0
    detected: bool = True

    @property
    def side(self) -> float:
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def centre(self) -> np.ndarray:
        found: np.ndarray = (self.box[:2] + self.box[2:]) / 2
        return found

    @property
    def unconfirmed(self) -> bool:
        return self.detections == 1 and self.confidence < CONFIRMED_CONFIDENCE.get(self.detector, 0.9)

    def face(self) -> TrackedFace:
        x0, y0, x1, y1 = (float(value) for value in self.box)
        landmarks = None
        if self.points is not None:
            placed = self.box[:2] + self.points * (self.box[2:] - self.box[:2])
            landmarks = tuple((float(x), float(y)) for x, y in placed)
        return TrackedFace(
            self.id, (x0, y0, x1, y1), self.detected, self.confidence, self.missed, self.detector, landmarks
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {
            "id": self.id,
            "box": self.box.tolist(),
            "confidence": self.confidence,
            "detector": self.detector,
            "points": None if self.points is None else self.points.tolist(),
            "appearance": [float(value) for value in self.appearance],
            "seen_s": self.seen_s,
            "velocity": self.velocity.tolist(),
            "detections": self.detections,
            "missed": self.missed,
            "detected": self.detected,
        }

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> "Track":
        """What `to_dict` gave."""
        return cls(
            id=int(entry["id"]),
            box=np.array(entry["box"], dtype=np.float64),
            confidence=float(entry["confidence"]),
            detector=str(entry["detector"]),
            points=None if entry["points"] is None else np.array(entry["points"], dtype=np.float64),
            appearance=np.array(entry["appearance"], dtype=np.float32),
            seen_s=float(entry["seen_s"]),
            velocity=np.array(entry["velocity"], dtype=np.float64),
            detections=int(entry.get("detections", entry.get("looks", 1))),
            missed=int(entry.get("missed", 0)),
            detected=bool(entry.get("detected", True)),
        )


def points_of(face: Face) -> np.ndarray | None:
    """Landmarks as shares of the box, (5, 2)."""
    if face.landmarks is None:
        return None
    box = np.array(face.box_xyxy)
    points: np.ndarray = (np.array(face.landmarks) - box[:2]) / (box[2:] - box[:2])
    return points
