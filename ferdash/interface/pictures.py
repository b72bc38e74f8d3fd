"""Faces of pictures and what they show."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from PIL import Image

from ferdash.errors import ImageError
from ferdash.inference.detector import DEFAULT_DETECTOR
from ferdash.inference.drawing import draw_boxes
from ferdash.inference.images import read_images
from ferdash.inference.opened import detector_of, model_of
from ferdash.inference.photos import (
    NO_FACE,
    UNCERTAIN_BELOW,
    ClassifiedFace,
    Photo,
    classify_photos,
    to_document,
    to_table,
)
from ferdash.interface import display
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.models.engines import Engine
from ferdash.paths import checkpoints_root
from ferdash.pictures import Picture as FromFile

if TYPE_CHECKING:
    import pandas as pd

Picture = str | os.PathLike[str] | np.ndarray | Image.Image
"""A file, pixels as uint8 RGB (H, W, 3) or grey (H, W), or a picture of Pillow's."""

PREVIEW_SIDE = 480
"""Longer side, in pixels, of what a notebook is shown."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What one picture shows.

    name: of the file, or `array`. size: (width, height) in pixels. faces: row by row, each with `emotion`,
    `probability`, `probabilities` (float32 (7,), in the order of ferdash.emotions.EMOTIONS), `crop_box`, `reasons`.
    model: what they were classified with. problem: why there is no face, else None.
    threshold: a face whose highest probability is below it is shown as uncertain.
    """

    name: str
    size: tuple[int, int]
    faces: list[ClassifiedFace]
    model: str
    problem: str | None
    photo: Photo
    threshold: float = UNCERTAIN_BELOW

    @property
    def emotion(self) -> str | None:
        """Of the largest face; None without a face."""
        largest = max(self.faces, key=lambda face: face.crop_box.side, default=None)
        return None if largest is None else largest.emotion

    def to_pandas(self) -> "pd.DataFrame":
        """One row a face, as `ferdash predict --csv` has it."""
        return to_table([self.photo], self.model, self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `ferdash predict --json` has it for a photo."""
        return to_document([self.photo], self.threshold)[0]

    def __repr__(self) -> str:
        seen = ", ".join(f"{face.emotion} {face.probability:.2f}" for face in self.faces)
        return f"Prediction({self.name!r}: {seen or self.problem})"

    def _repr_html_(self) -> str:
        return row_of(self)


@dataclass(frozen=True, eq=False)
class PredictionBatch(Sequence[Prediction]):
    """Those of several pictures, in their order; what could not be read is among them, with its problem."""

    predictions: tuple[Prediction, ...]
    model: str
    threshold: float = UNCERTAIN_BELOW

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> "PredictionBatch": ...
    def __getitem__(self, place: int | slice) -> "Prediction | PredictionBatch":
        found = self.predictions[place]
        return found if isinstance(found, Prediction) else PredictionBatch(found, self.model, self.threshold)

    def __len__(self) -> int:
        return len(self.predictions)

    def to_pandas(self) -> "pd.DataFrame":
        """One row a face, and one for each picture without, as `ferdash predict --csv` has it."""
        return to_table([one.photo for one in self.predictions], self.model, self.threshold)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Plain data, as `ferdash predict --json` has it under `photos`."""
        return to_document([one.photo for one in self.predictions], self.threshold)

    def _repr_html_(self) -> str:
        return "".join(row_of(one) for one in self.predictions)


def predict(
    picture: Picture,
    *,
    model: str = DEFAULT_MODEL,
    engine: Engine = "auto",
    tta: str = "plain",
    detector: str = DEFAULT_DETECTOR,
    whole: bool | None = None,
    threshold: float = UNCERTAIN_BELOW,
) -> Prediction:
    """The faces of one picture, with the probabilities of the seven emotions.

    model: a reference, such as `fernet`, a folder, `run:ID@best`. tta: plain, flip or ten-crop. whole: True takes the
    picture itself for a face, False never does, None does so up to 64 pixels. threshold: a face whose highest
    probability is below it is uncertain.

    Raises ImageError for what cannot be read as one picture, ModelError for a model or detector that is not there.
    """
    chosen = predict_many(
        [picture], model=model, engine=engine, tta=tta, detector=detector, whole=whole, threshold=threshold
    )
    if len(chosen) != 1:
        raise ImageError(f"{picture} holds {len(chosen)} pictures; use ferdash.predict_many for folders and archives.")
    if chosen[0].problem not in (None, NO_FACE):
        raise ImageError(str(chosen[0].problem))
    return chosen[0]


def predict_many(
    pictures: Picture | Iterable[Picture],
    *,
    model: str = DEFAULT_MODEL,
    engine: Engine = "auto",
    tta: str = "plain",
    detector: str = DEFAULT_DETECTOR,
    whole: bool | None = None,
    threshold: float = UNCERTAIN_BELOW,
) -> PredictionBatch:
    """As `predict`, for many pictures, folders and zip archives at once; their faces are classified together.

    A picture that cannot be read does not stop the others: it stands in its place with a problem and no face.
    """
    listed = [pictures] if isinstance(pictures, str | os.PathLike | np.ndarray | Image.Image) else pictures
    photos = classify_photos(
        _read(listed),
        model_of(model, checkpoints_root(), engine, tta),
        detector_of(detector, checkpoints_root()),
        whole=whole,
        preview_side=PREVIEW_SIDE,
    )
    seen = (Prediction(one.name, one.size, one.faces, model, one.problem, one, threshold) for one in photos)
    return PredictionBatch(tuple(seen), model, threshold)


def row_of(prediction: Prediction) -> str:
    """The picture with its boxes, and the bars of each face."""
    photo = prediction.photo
    if photo.preview is None:
        return display.row(escape(str(prediction.problem)))
    drawn = draw_boxes(photo.preview, prediction.faces, photo.preview_scale, prediction.threshold)
    shown = display.picture(drawn, alt=f"{prediction.name}, with boxes around its faces")
    bars = [display.bars(face, prediction.threshold) for face in prediction.faces]
    return display.row(shown, *(bars or [NO_FACE]))


def _read(pictures: Iterable[Picture]) -> Iterator[tuple[str, FromFile | np.ndarray | ImageError]]:
    for picture in pictures:
        if isinstance(picture, Image.Image):
            yield "picture", np.asarray(picture.convert("RGB"))
        elif isinstance(picture, np.ndarray):
            yield "array", _pixels(picture)
        else:
            yield from read_images([Path(picture).expanduser()])


def _pixels(array: np.ndarray) -> np.ndarray:
    """uint8 RGB (H, W, 3). Raises ImageError for anything that would have to be guessed."""
    if array.dtype != np.uint8:
        raise ImageError(
            f"The array holds {array.dtype}; give pixels as uint8 from 0 to 255, such as (255 * array).astype('uint8')."
        )
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ImageError(f"The array has the shape {array.shape}; give (height, width, 3) in RGB, or (height, width).")
    return np.ascontiguousarray(array)
