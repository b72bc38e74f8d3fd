"""Faces of a video as tracks whose ids stay.

The detector looks at every n-th frame, mostly around the faces it knows; in between they are followed by optical flow.
A detection corrects a followed box gently, so that the detector's noise does not become a change of emotion.

When a face is gone (it left, was covered by another, or the detector no longer sees it) its track is lost. A face that
appears within `return_s` seconds resumes a lost track of about the same appearance, or of a similar one near where it
should be by now; otherwise it is a new person with a new id. Ids count from 1 in order of appearance and are
never given twice.
"""

import time
from typing import Any

import cv2
import numpy as np

from ferdash.inference.detector import Detector, Face, suppress_duplicates
from ferdash.tracking.appearance import blend, describe
from ferdash.tracking.matching import assign, costs_of, overlap, return_cost, shared, stay_cost
from ferdash.tracking.optical_flow import follow
from ferdash.tracking.track import Track, TrackedFace, points_of

REGION_FACE = 64
"""Width, in pixels, to which a known face is brought before the detector looks at its surroundings."""

REGION_SMALLEST = 40
"""In that picture a smaller face is not looked for: from one detection to the next none shrinks by a third. The small
sizes are what takes the Haar cascade longest: leaving out those from 30 px on saves a fifth."""

QUICK_SHARE = 2 / 3
"""Share of the side of a thorough look at which a quick one looks at the whole frame."""

SEARCH_MARGIN = 0.35
"""How far around a known face the detector looks, as a share of its side: it was followed there, so it is near."""

CORRECTION = 0.25
"""Share of the way from the followed to the detected box that one detection moves it."""

EXPECTED_S = 2.0
"""After a face is lost, the detector looks at whole frames for this long."""


class Tracker:
    """Follows the faces of one video, frame by frame in order. Not for several threads at once.

    every: the detector looks at each n-th frame. full_every_s: how often it looks at the whole frame while faces are
    known. detect_side: longer side to which the whole frame is reduced for it, which bounds the smallest face found:
    the Haar cascade starts at 30 px. keep_s: how long a face that the detector misses is followed. return_s: how long a
    track that is gone can be resumed. state: what `state` gave, to resume with; `see` comes before the next frame then.
    """

    def __init__(
        self,
        detector: Detector,
        every: int = 3,
        *,
        full_every_s: float = 1.0,
        detect_side: int = 480,
        keep_s: float = 1.0,
        return_s: float = 5.0,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.detector = detector
        self.every = every
        self.full_every_s, self.detect_side = full_every_s, detect_side
        self.keep_s, self.return_s = keep_s, return_s
        self.seconds = {"detect": 0.0, "follow": 0.0}
        self._tracks: list[Track] = []
        self._lost: list[Track] = []
        self._next_id = 1
        self._count = 0
        self._last_s: float | None = None
        self._full_s = float("-inf")
        self._grey: np.ndarray | None = None
        if state is not None:
            self._resume(state)

    def update(self, image_rgb: np.ndarray, timestamp_s: float) -> list[TrackedFace]:
        """The faces of the next frame, uint8 RGB, by id."""
        started = time.perf_counter()
        gone = self._follow(image_rgb, timestamp_s)
        followed = time.perf_counter()
        overlapping = self._overlapping()
        new = any(track.unconfirmed for track in self._tracks)
        if self._count % self.every == 0 or gone or overlapping or new:
            self._detect(image_rgb, timestamp_s, overlapping, searching=gone or not self._tracks)
        self._count += 1
        self._last_s = timestamp_s
        self.seconds["follow"] += followed - started
        self.seconds["detect"] += time.perf_counter() - followed
        return [track.face() for track in sorted(self._tracks, key=lambda track: track.id)]

    def state(self) -> dict[str, Any]:
        """All that the next frame depends on but the picture of the last one, as plain data for JSON."""
        return {
            "next_id": self._next_id,
            "tracks": [track.to_dict() for track in self._tracks],
            "lost": [track.to_dict() for track in self._lost],
            "count": self._count,
            "last_s": self._last_s,
            "full_s": None if self._full_s == float("-inf") else self._full_s,
        }

    def see(self, image_rgb: np.ndarray) -> None:
        """Take a picture, uint8 RGB, for the last frame: faces are followed from there. For whoever resumes."""
        self._grey = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)

    def _resume(self, state: dict[str, Any]) -> None:
        self._next_id = int(state["next_id"])
        tracks = [Track.from_dict(entry) for entry in state["tracks"]]
        if "count" not in state:  # from before more was kept: whom the detector sees again keeps the id
            self._lost = tracks
            return
        self._tracks, self._lost = tracks, [Track.from_dict(entry) for entry in state["lost"]]
        self._count, self._last_s = int(state["count"]), state["last_s"]
        self._full_s = float("-inf") if state["full_s"] is None else float(state["full_s"])

    def _follow(self, image_rgb: np.ndarray, timestamp_s: float) -> bool:
        """Move every track to the new frame; True when one of them could not be found there."""
        grey = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
        previous, self._grey = self._grey, grey
        for track in self._tracks:
            track.detected = False
        if previous is None or previous.shape != grey.shape:
            lost = list(self._tracks)
        else:
            boxes = {track.id: track.box for track in self._tracks}
            lost = [track for track in self._tracks if not self._move(track, previous, grey, boxes, timestamp_s)]
        for track in lost:
            self._mark_lost(track)
        return bool(lost)

    def _move(
        self,
        track: Track,
        previous: np.ndarray,
        grey: np.ndarray,
        boxes: dict[int, np.ndarray],
        timestamp_s: float,
    ) -> bool:
        others = [box for other, box in boxes.items() if other != track.id]
        elapsed = timestamp_s - self._last_s if self._last_s is not None else 0.0
        moved = follow(previous, grey, boxes[track.id], others)
        if moved is None:
            if not any(shared(boxes[track.id], other) > 0.1 for other in others):
                return False
            # Covered by another face: it moves on as it did until the detector decides.
            track.box = track.box + np.tile(track.velocity * elapsed, 2)
        else:
            before, track.box = track.centre, moved
            if elapsed > 0:
                track.velocity = 0.7 * track.velocity + 0.3 * (track.centre - before) / elapsed
        height, width = grey.shape
        x, y = track.centre
        return bool(0 <= x < width and 0 <= y < height)

    def _overlapping(self) -> bool:
        return any(
            shared(one.box, other.box) > 0.1
            for number, one in enumerate(self._tracks)
            for other in self._tracks[number + 1 :]
        )

    def _detect(self, image_rgb: np.ndarray, timestamp_s: float, overlapping: bool, *, searching: bool) -> None:
        """Run the detector, and bring its faces and the tracks together. searching: somebody is missing."""
        # Who was just lost, behind somebody else for example, is likely to be back soon.
        searching = searching or any(0 <= timestamp_s - track.seen_s < EXPECTED_S for track in self._lost)
        whole = searching or not 0 <= timestamp_s - self._full_s < self.full_every_s
        if whole:
            self._full_s = timestamp_s
        # The detection of newcomers comes again soon, so it may be a quick one.
        faces = self._whole_frame(image_rgb, quick=not searching) if whole else self._around_tracks(image_rgb)
        appearances = [describe(image_rgb, np.array(face.box_xyxy)) for face in faces]
        pairs = self._pair(faces, appearances, weight=1.5 if overlapping else 0.5)
        for index, number in pairs.items():
            self._correct(self._tracks[index], faces[number], appearances[number], timestamp_s)
        seen = [self._tracks[index].box for index in pairs]
        for track in [track for index, track in enumerate(self._tracks) if index not in pairs]:
            track.missed += 1
            covered = any(shared(track.box, box) > 0.3 for box in seen)
            if covered or track.unconfirmed or timestamp_s - track.seen_s > self.keep_s:
                self._mark_lost(track)
        fresh = [number for number in range(len(faces)) if number not in pairs.values()]
        self._activate([faces[n] for n in fresh], [appearances[n] for n in fresh], timestamp_s)

    def _whole_frame(self, image_rgb: np.ndarray, *, quick: bool) -> list[Face]:
        side = self.detect_side * (QUICK_SHARE if quick else 1)
        scale = max(1.0, max(image_rgb.shape[:2]) / side)
        return [face.mapped(scale) for face in self.detector(_resized(image_rgb, scale), quick=quick)]

    def _around_tracks(self, image_rgb: np.ndarray) -> list[Face]:
        """The detector's faces in the surroundings of each track, which are small and therefore quick."""
        height, width = image_rgb.shape[:2]
        found = []
        for track in self._tracks:
            reach = SEARCH_MARGIN * track.side
            x0, y0 = max(0, int(track.box[0] - reach)), max(0, int(track.box[1] - reach))
            x1, y1 = min(width, int(track.box[2] + reach)), min(height, int(track.box[3] + reach))
            if x1 - x0 < 8 or y1 - y0 < 8:
                continue
            scale = max(track.side / REGION_FACE, 0.5)
            region = _resized(image_rgb[y0:y1, x0:x1], scale)
            for quick in (True, False):  # what a quick look does not see again gets a thorough one
                faces = self.detector(region, min_side=REGION_SMALLEST, quick=quick)
                faces = [face.mapped(scale, x0, y0) for face in faces]
                if seen := [face for face in faces if shared(np.array(face.box_xyxy), track.box) > 0.3]:
                    found += seen
                    break
        return suppress_duplicates(found)

    def _pair(self, faces: list[Face], appearances: list[np.ndarray], weight: float) -> dict[int, int]:
        """Which face is which track's: index in self._tracks -> index in faces."""
        seen = list(zip(faces, appearances, strict=True))
        return assign(costs_of(self._tracks, seen, lambda track, face: stay_cost(track, *face, weight)))

    def _correct(self, track: Track, face: Face, appearance: np.ndarray, timestamp_s: float) -> None:
        box = np.array(face.box_xyxy, dtype=np.float64)
        share = CORRECTION if overlap(track.box, box) > 0.5 else 1.0
        points = points_of(face)
        track.box = (1 - share) * track.box + share * box
        known = track.points
        track.points = points if known is None or points is None else (1 - share) * known + share * points
        track.confidence, track.seen_s, track.detected = face.confidence, timestamp_s, True
        track.detections, track.missed = track.detections + 1, 0
        if not any(shared(track.box, other.box) > 0.1 for other in self._tracks if other is not track):
            track.appearance = blend(track.appearance, appearance, 0.1)

    def _activate(self, faces: list[Face], appearances: list[np.ndarray], timestamp_s: float) -> None:
        """Faces that belong to no present track: people who return, or new ones."""
        self._lost = [track for track in self._lost if timestamp_s - track.seen_s <= self.return_s]
        seen = list(zip(faces, appearances, strict=True))
        costs = costs_of(self._lost, seen, lambda track, face: return_cost(track, *face, timestamp_s))
        returned = {number: self._lost[index] for index, number in assign(costs).items()}
        for number, (face, appearance) in enumerate(seen):
            box = np.array(face.box_xyxy, dtype=np.float64)
            known_track = returned.get(number)
            if known_track is None:
                track_id, known, detections = self._next_id, appearance, 1
                self._next_id += 1
            else:
                self._lost.remove(known_track)
                track_id, detections = known_track.id, known_track.detections + 1
                known = blend(known_track.appearance, appearance, 0.1)
            self._tracks.append(
                Track(
                    track_id,
                    box,
                    face.confidence,
                    face.detector,
                    points_of(face),
                    known,
                    timestamp_s,
                    detections=detections,
                )
            )

    def _mark_lost(self, track: Track) -> None:
        self._tracks.remove(track)
        self._lost.append(track)


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    """The picture divided by `scale`."""
    if scale == 1.0:
        return np.ascontiguousarray(image)
    size = (max(1, round(image.shape[1] / scale)), max(1, round(image.shape[0] / scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
