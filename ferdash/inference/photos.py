"""Photos in, faces with their seven probabilities out; the faces of all photos go through the model together."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import ImageError
from ferdash.geometry import CropBox
from ferdash.inference.detector import Detector, Face, find_faces
from ferdash.inference.face_facts import FaceFacts, face_facts
from ferdash.inference.face_facts import reasons as reasons_of
from ferdash.inference.faces import in_rows
from ferdash.inference.framing import crop_box, crop_face
from ferdash.inference.verdicts import UNCERTAIN, close_second
from ferdash.models.emotion_model import EmotionModel
from ferdash.pictures import Picture

if TYPE_CHECKING:
    import pandas as pd

UNCERTAIN_BELOW = 0.4
NO_FACE = "no face found"

Corrected = Mapping[tuple[str, str], str]
"""Emotion that a person named, by the crop's content hash and the photo's name, as
`ferdash.data.corrections.labels_in_photos` gives them."""


@dataclass(frozen=True, eq=False)
class ClassifiedFace:
    """One face of a photo.

    number: from 1, row by row, each from left to right. face, crop_box: what was found and the square that was cut out,
    turned with the head, in pixels of the photo's file.
    crop: uint8 grey (48, 48), what the model was given. probabilities: float32 (7,) in the order of EMOTIONS.
    """

    number: int
    face: Face
    crop_box: CropBox
    crop: np.ndarray
    probabilities: np.ndarray

    @property
    def emotion(self) -> str:
        return EMOTIONS[int(self.probabilities.argmax())]

    @property
    def probability(self) -> float:
        return float(self.probabilities.max())

    def uncertain(self, below: float = UNCERTAIN_BELOW) -> bool:
        """Whether the top probability is too low for a reader who asks for at least `below`."""
        return self.probability < below

    def verdict(self, below: float = UNCERTAIN_BELOW) -> str:
        """The emotion, or UNCERTAIN."""
        return UNCERTAIN if self.uncertain(below) else self.emotion

    @property
    def close_to(self) -> str | None:
        """The emotion that is nearly as probable, where the call is close."""
        return close_second(self.probabilities)

    @property
    def facts(self) -> FaceFacts:
        return face_facts(self.face, self.crop_box, self.crop)

    @property
    def reasons(self) -> list[str]:
        """What makes the face hard to read, in words; none where nothing does."""
        return reasons_of(self.facts)


@dataclass(frozen=True, eq=False)
class Photo:
    """What came of one file. problem: why it shows no face (unreadable, or none found), else None.

    preview: uint8 RGB, reduced, to draw on; None when not asked for or unreadable. preview_scale: preview pixels for
    one of the file's. size: (width, height) of the picture in the file, upright.
    """

    name: str
    faces: list[ClassifiedFace]
    problem: str | None = None
    size: tuple[int, int] = (0, 0)
    preview: np.ndarray | None = None
    preview_scale: float = 1.0


def classify_photos(
    photos: Iterable[tuple[str, Picture | np.ndarray | ImageError]],
    model: EmotionModel,
    detector: Detector,
    *,
    whole: bool | None = None,
    preview_side: int = 0,
    on_photo: Callable[[str], object] = lambda name: None,
) -> list[Photo]:
    """Find and classify the faces of many photos, as `ferdash.inference.images.read_images` gives them, or as uint8 RGB
    (H, W, 3).

    preview_side: longer side of the previews to keep, in pixels; 0 keeps none, so that memory does not grow with the
    photos. on_photo: called with each name when its faces are found.
    """
    results: list[Photo] = []
    for name, image in photos:
        results.append(_find(name, image, detector, whole, preview_side))
        on_photo(name)
    crops = [face.crop for photo in results for face in photo.faces]
    if not crops:
        return results
    rows = iter(model.probabilities(np.stack(crops)))
    return [
        replace(photo, faces=[replace(face, probabilities=next(rows)) for face in photo.faces]) for photo in results
    ]


def to_table(
    photos: list[Photo], model: str, threshold: float = UNCERTAIN_BELOW, corrected: Corrected = MappingProxyType({})
) -> "pd.DataFrame":
    """One row a face, and one for each photo without: file, face, box, emotion, probability, the seven, the face's
    measures, corrected, model, note.

    The box is the square that was classified, in pixels, before it is turned by roll_deg. corrected: what a person
    said instead, empty where nobody did. The note says why a face may be hard to read, that an emotion is nearly as
    probable as the one named, and below `threshold` that it is uncertain. Without a face everything but file, model
    and note is empty.
    """
    rows: list[dict[str, Any]] = []
    for photo in photos:
        for face in photo.faces:
            box = dict(zip(("x0", "y0", "x1", "y1"), (round(value, 1) for value in face.crop_box.xyxy), strict=True))
            numbers = {name: float(value) for name, value in zip(EMOTIONS, face.probabilities, strict=True)}
            note = "; ".join([*_doubts(face, threshold), *face.reasons])
            found = {"face": face.number, **box, "emotion": face.emotion, "probability": face.probability}
            facts = face.facts.rounded()
            said = {"corrected": _said(face, photo, corrected) or "", "model": model, "note": note}
            rows.append({"file": photo.name, **found, **numbers, **facts, **said})
        if photo.problem:
            rows.append({"file": photo.name, "model": model, "note": photo.problem})
    measures = [field.name for field in fields(FaceFacts)]
    columns = ["file", "face", "x0", "y0", "x1", "y1", "emotion", "probability", *EMOTIONS, *measures]
    columns += ["corrected", "model", "note"]
    types = {"face": "Int64"} | dict.fromkeys(measures, "float64")
    import pandas as pd  # only here, as it takes as long to import as a photo to classify

    return pd.DataFrame(rows, columns=columns).astype(types)


def to_document(
    photos: list[Photo], threshold: float = UNCERTAIN_BELOW, corrected: Corrected = MappingProxyType({})
) -> list[dict[str, Any]]:
    """The photos as plain data for JSON; a face whose top probability is below `threshold` is uncertain. close_to: an
    emotion that is nearly as probable, or null; corrected: what a person said instead, or null."""
    return [
        {
            "file": photo.name,
            "width": photo.size[0],
            "height": photo.size[1],
            "problem": photo.problem,
            "faces": [
                _face_document(face, threshold) | {"corrected": _said(face, photo, corrected)} for face in photo.faces
            ],
        }
        for photo in photos
    ]


def _doubts(face: ClassifiedFace, threshold: float) -> list[str]:
    near = f"{face.close_to} is nearly as probable" if face.close_to else ""
    return [*["uncertain"] * face.uncertain(threshold), *[near] * bool(near)]


def _said(face: ClassifiedFace, photo: Photo, corrected: Corrected) -> str | None:
    if not corrected:
        return None
    from ferdash.data.dataset import content_hashes  # brings pandas

    return corrected.get((content_hashes(face.crop[None])[0], photo.name))


def _face_document(face: ClassifiedFace, threshold: float) -> dict[str, Any]:
    return {
        "face": face.number,
        "box_xyxy": [round(value, 1) for value in face.crop_box.xyxy],
        "detector": face.face.detector,
        **face.facts.rounded(),
        "emotion": face.emotion,
        "probability": float(face.probability),
        "uncertain": face.uncertain(threshold),
        "close_to": face.close_to,
        "reasons": face.reasons,
        "probabilities": {name: float(value) for name, value in zip(EMOTIONS, face.probabilities, strict=True)},
    }


def _find(
    name: str,
    read: Picture | np.ndarray | ImageError,
    detector: Detector,
    whole: bool | None,
    preview_side: int,
) -> Photo:
    """A photo with its faces cut out; their probabilities are still unknown."""
    if isinstance(read, ImageError):
        return Photo(name, [], problem=str(read))
    picture = Picture(read, (read.shape[1], read.shape[0])) if isinstance(read, np.ndarray) else read
    unknown = np.full(len(EMOTIONS), np.nan, dtype=np.float32)
    faces = []
    for number, face in enumerate(in_rows(find_faces(picture.pixels, detector, whole)), start=1):
        box = crop_box(face)
        crop = crop_face(picture.pixels, box)
        face, box = face.mapped(picture.reduced), box.scaled(picture.reduced)
        faces.append(ClassifiedFace(number, face, box, crop, unknown))
    preview, scale = _preview(picture.pixels, preview_side)
    return Photo(name, faces, None if faces else NO_FACE, picture.size, preview, scale / picture.reduced)


def _preview(image: np.ndarray, side: int) -> tuple[np.ndarray | None, float]:
    if side <= 0:
        return None, 1.0
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return image, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale
