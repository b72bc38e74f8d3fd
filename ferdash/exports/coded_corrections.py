"""Where a coder saw something else than the model: one face of each such segment, ready to become a correction."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ferdash.analyses.codings import Coding
from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError
from ferdash.exports.files import face_crop
from ferdash.exports.results import AnalysisResults
from ferdash.video.frame_table import probabilities_of


@dataclass(frozen=True, eq=False)
class CodedFace:
    """crop: uint8 grey (48, 48). probabilities: (7,), the model's. emotion: the coder's."""

    crop: np.ndarray
    probabilities: np.ndarray
    emotion: str
    timestamp_s: float
    track: int


def differing_faces(results: AnalysisResults, coding: Coding, track: int) -> Iterator[CodedFace]:
    """The classified face nearest to the middle of each segment in which the model says something else there. Faces of
    frames that cannot be read are left out."""
    table = results.frames
    mine = table[(table["track"] == track).fillna(False) & table[EMOTIONS[0]].notna()]
    for segment in coding.of(track):
        inside = mine[(mine["timestamp_s"] >= segment.start_s) & (mine["timestamp_s"] < segment.end_s)]
        if inside.empty:
            continue
        middle = (segment.start_s + segment.end_s) / 2
        row = inside.loc[(inside["timestamp_s"] - middle).abs().idxmin()]
        probabilities = probabilities_of(inside.loc[[row.name]])[0]
        if EMOTIONS[int(probabilities.argmax())] == segment.emotion or np.isnan(row["x0"]):
            continue
        try:
            crop = face_crop(results.analysis.image(int(row["frame"])), row, results.analysis)
        except FerdashError:
            continue
        yield CodedFace(crop, probabilities, segment.emotion, float(row["timestamp_s"]), track)
