"""Photos read by a model, each once: moving the threshold or coming back to the page runs no network again."""

from dataclasses import replace

import streamlit as st

from ferdash.inference.detector import Detector, load_detector
from ferdash.inference.images import read_images
from ferdash.inference.predictor import Photo, predict_photos
from ferdash.paths import checkpoints_root
from pages import shared
from pages.photos import Photo as DroppedFile

PREVIEW_SIDE = 1000


def read(files: list[DroppedFile], reference: str, *, detector: str, whole: bool, threshold: float) -> list[Photo]:
    """The photos of all files, in order; a zip gives as many as it holds. Raises ModelError when a part is missing."""
    stamp = shared.model_stamp(reference)
    bar = st.empty()
    photos: list[Photo] = []
    for number, file in enumerate(files):
        if len(files) > 1:
            bar.progress(number / len(files), text=f"Looking for faces in {file.name} …")
        photos += _read_file(file.digest, file.name, reference, stamp, detector, whole, file)
    bar.empty()
    return [replace(photo, faces=[replace(face, threshold=threshold) for face in photo.faces]) for photo in photos]


# The leading underscore keeps the content out of the key: its digest stands for it.
@st.cache_data(max_entries=200, show_spinner="Looking for faces …")
def _read_file(
    digest: str, name: str, reference: str, stamp: int, detector: str, whole: bool, _file: DroppedFile
) -> list[Photo]:
    return predict_photos(
        read_images([(name, _file.data)]),
        shared.model(reference),
        _load_detector(detector),
        whole=whole or None,
        preview_side=PREVIEW_SIDE,
    )


@st.cache_resource(show_spinner=False)
def _load_detector(name: str) -> Detector:
    return load_detector(name, checkpoints_root())
