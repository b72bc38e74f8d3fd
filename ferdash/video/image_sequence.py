"""Image sequences as if they were videos: the same frames table, people matched from photo to photo.

Between photos there is no motion to follow, so every photo is searched whole, and a face is given to the person of the
earlier photos whom it resembles most, in appearance and in place within the picture.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ferdash.errors import ConfigError, ImageError
from ferdash.inference.detector import Detector, find_faces
from ferdash.models.emotion_model import EmotionModel
from ferdash.pictures import read_image
from ferdash.tracking.appearance import blend, describe, difference
from ferdash.tracking.matching import assign, costs_of
from ferdash.tracking.track import TrackedFace
from ferdash.video.analysis import AnalysisSettings, Batch, Chunk
from ferdash.video.decoding import VideoFrame

UNLIKE = 0.6
"""A face that differs more than this from everybody before, in appearance and place together, is a new person."""

PLACE_WEIGHT = 0.3
"""What a distance of the picture's whole width adds to the difference in appearance."""


@dataclass(eq=False)
class _Person:
    """place: centre of the face as shares of the picture's width and height, (2,)."""

    track: int
    appearance: np.ndarray
    place: np.ndarray


def analyse_sequence(
    photos: Iterable[tuple[str, bytes]],
    model: EmotionModel,
    detector: Detector,
    settings: AnalysisSettings | None = None,
    *,
    interval_s: float = 1.0,
) -> Iterator[Chunk]:
    """The results of an image sequence, a chunk a photo; names and file contents come in, one photo is held at a time.

    interval_s: seconds from one photo to the next. A photo that cannot be read is a frame with the reason `unreadable`.
    One that is no larger than a cut-out face is taken for a face, as everywhere in ferdash.

    Raises ConfigError for an interval that is not positive.
    """
    if not interval_s > 0:
        raise ConfigError(f"The photos are {interval_s:g} s apart; it must be more than 0.")
    settings = settings or AnalysisSettings()
    people: list[_Person] = []
    for number, (name, content) in enumerate(photos):
        batch = Batch()
        try:
            image: np.ndarray | None = read_image(content, name)
        except ImageError:
            image = None  # its row says unreadable
        faces = [] if image is None else _matched(image, detector, people)
        batch.add(VideoFrame(number, number * interval_s, image), faces, settings)
        yield batch.classified(model)


def _matched(image_rgb: np.ndarray, detector: Detector, people: list[_Person]) -> list[TrackedFace]:
    """The faces of one photo with their persons' numbers; `people` learns from them."""
    faces = find_faces(image_rgb, detector)
    height, width = image_rgb.shape[:2]
    boxes = [np.array(face.box_xyxy) for face in faces]
    appearances = [describe(image_rgb, box) for box in boxes]
    places = [(box[:2] + box[2:]) / 2 / (width, height) for box in boxes]
    costs = costs_of(people, list(zip(appearances, places, strict=True)), _cost)
    known = {number: people[index] for index, number in assign(costs, UNLIKE).items()}
    tracked = []
    for number, face in enumerate(faces):
        person = known.get(number)
        if person is None:
            person = _Person(len(people) + 1, appearances[number], places[number])
            people.append(person)
        else:
            person.appearance, person.place = blend(person.appearance, appearances[number], 0.3), places[number]
        tracked.append(
            TrackedFace(
                person.track, face.box_xyxy, True, face.confidence, detector=face.detector, landmarks=face.landmarks
            )
        )
    return sorted(tracked, key=lambda one: one.track)


def _cost(person: _Person, face: tuple[np.ndarray, np.ndarray]) -> float:
    appearance, place = face
    return difference(person.appearance, appearance) + PLACE_WEIGHT * float(np.linalg.norm(person.place - place))
