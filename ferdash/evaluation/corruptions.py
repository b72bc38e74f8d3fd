"""Faces made worse, in ten ways and five strengths, to measure what a model still recognises.

The idea is Hendrycks and Dietterich's, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (2019): fixed corruptions that a model is only measured with. These are made for grey faces of 48 x 48,
about 20 pixels from eye to eye, and for what befalls them in photos, films and before webcams:

- blur: out of focus. A Gaussian of 0.6 to 3 pixels; at 3 lids and lips run into each other.
- motion blur: a moving head. A line of 3 to 13 pixels in any direction; 13 is over half the distance of the eyes.
- noise: a sensor in poor light. Gaussian, 0.04 to 0.20 of the full range: it begins as theirs for small pictures does
  (0.04 to 0.10) and continues as theirs for large ones (0.08 to 0.38).
- JPEG: a film or messenger that saves bytes. Quality 25 to 7, theirs.
- dark and bright: exposure, in stops of light through sRGB's curve (IEC 61966-2-1): 1 to 5 too little, which leaves
  15% of a middle grey, and 0.5 to 2.5 too much, which burns out over half of an ordinary face.
- contrast: haze, or light from behind. What is left of the distance from the face's mean: 0.6 to 0.1.
- low resolution: a face far away. Reduced to 32 to 10 pixels and enlarged again.
- rotation: a tilted head that nobody turned upright, by 6 to 45 degrees to either side. The border is mirrored, so that
  no black corner gives it away.
- occlusion: a hand, a cup, hair. A rectangle of one grey over 5 to 40% of the picture.

What is random (a direction, noise, a place) is drawn from the face's own pixels, so that a face is made worse in the
same way in whatever batch and order it comes; and the draw is the same in every strength, which alone grows.

Training shares no code with this, but it may practise kinds like these (augment.degrade: blur, motion, noise, JPEG,
light, contrast, distance, cover). Of a model that did, the figures say how well it learned them, not what it would do
about kinds it has never met; Hendrycks and Dietterich measure models that were not trained on theirs.
"""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image

from ferdash.errors import EvaluationError

STRENGTHS = (1, 2, 3, 4, 5)
VERSION = 1
"""Of these definitions. Reports of different versions do not compare."""


@dataclass(frozen=True)
class Corruption:
    """One way of making a face worse.

    levels: its parameter in each of STRENGTHS, in `unit`. apply: of a uint8 face (H, W), a level and, where something
    is drawn (`drawn`), a generator that belongs to this face.
    """

    title: str
    unit: str
    levels: tuple[float, ...]
    apply: Callable[[np.ndarray, float, np.random.Generator | None], np.ndarray]
    drawn: bool = False


def corrupt(faces: np.ndarray, kind: str, strength: int, *, seed: int = 0) -> np.ndarray:
    """Make faces worse: uint8 (N, H, W) in, a new array of that shape out.

    kind: one of CORRUPTIONS. strength: 1 to 5; 0 leaves the faces as they are. seed: another one draws other
    directions, noise and places.

    >>> corrupt(np.full((1, 48, 48), 100, dtype=np.uint8), "dark", 5)[0, 0, 0]
    np.uint8(13)

    Raises EvaluationError for a kind or strength that does not exist, and for pictures of another form.
    """
    if kind not in CORRUPTIONS:
        raise EvaluationError(f"Faces are not made worse by “{kind}”; choose one of {', '.join(CORRUPTIONS)}.")
    if strength not in (0, *STRENGTHS):
        raise EvaluationError(f"A corruption has a strength from 0 (none) to {STRENGTHS[-1]}, not {strength}.")
    if faces.dtype != np.uint8 or faces.ndim != 3:
        raise EvaluationError(f"Grey faces are uint8 (N, H, W), not {faces.dtype} {faces.shape}.")
    if strength == 0:
        return faces.copy()
    corruption = CORRUPTIONS[kind]
    level = corruption.levels[strength - 1]
    worse = np.empty_like(faces)
    for place, face in enumerate(np.asarray(faces)):
        draw = _generator(face, kind, seed) if corruption.drawn else None
        worse[place] = corruption.apply(face, level, draw)
    return worse


def _generator(face: np.ndarray, kind: str, seed: int) -> np.random.Generator:
    digest = hashlib.blake2b(face.tobytes(), digest_size=8, key=f"{kind} {seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def _blur(face: np.ndarray, sigma: float, _: object) -> np.ndarray:
    return cv2.GaussianBlur(face, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)


def _motion_blur(face: np.ndarray, length: float, draw: np.random.Generator | None) -> np.ndarray:
    assert draw is not None
    return cv2.filter2D(face, -1, line_kernel(length, draw.uniform(0, np.pi)), borderType=cv2.BORDER_REFLECT_101)


def line_kernel(length: float, angle: float) -> np.ndarray:
    """The path of a point that moves `length` pixels at `angle` (radians), float64 (odd, odd), sum 1: each of its
    places shared out among the four pixels around it."""
    half = int(np.ceil(length / 2)) + 1
    along = np.linspace(-length / 2, length / 2, 16 * int(np.ceil(length)) + 1)
    x, y = half + along * np.cos(angle), half + along * np.sin(angle)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    for column, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
        weights = (1 - np.abs(x - left - column)) * (1 - np.abs(y - top - row))
        np.add.at(kernel, (np.minimum(top + row, 2 * half), np.minimum(left + column, 2 * half)), weights)
    found: np.ndarray = kernel / kernel.sum()
    return found


def _noise(face: np.ndarray, share: float, draw: np.random.Generator | None) -> np.ndarray:
    assert draw is not None
    return _to_uint8(face + 255 * share * draw.standard_normal(face.shape, dtype=np.float32))


def _jpeg(face: np.ndarray, quality: float, _: object) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "JPEG", quality=int(quality))
    return np.asarray(Image.open(buffer, formats=["JPEG"]))


def _expose(face: np.ndarray, stops: float, _: object) -> np.ndarray:
    found: np.ndarray = _exposed_levels(stops)[face]
    return found


@lru_cache(maxsize=32)
def _exposed_levels(stops: float) -> np.ndarray:
    """What each of the 256 grey levels becomes in light times 2 ** stops, uint8 (256,)."""
    value = np.arange(256) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4) * 2**stops
    exposed = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return _to_uint8(255 * exposed)


def _contrast(face: np.ndarray, left: float, _: object) -> np.ndarray:
    mean = face.mean()
    return _to_uint8(mean + left * (face - mean))


def _low_resolution(face: np.ndarray, side: float, _: object) -> np.ndarray:
    height, width = face.shape
    far = cv2.resize(face, (int(side), round(side * height / width)), interpolation=cv2.INTER_AREA)
    return cv2.resize(far, (width, height), interpolation=cv2.INTER_LINEAR)


def _rotation(face: np.ndarray, degrees: float, draw: np.random.Generator | None) -> np.ndarray:
    assert draw is not None
    height, width = face.shape
    angle = degrees if draw.random() < 0.5 else -degrees
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    return cv2.warpAffine(face, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _occlusion(face: np.ndarray, share: float, draw: np.random.Generator | None) -> np.ndarray:
    assert draw is not None
    across, down, stretch = draw.random(), draw.random(), draw.uniform(0.8, 1.25)
    grey = draw.integers(20, 236)
    height, width = face.shape
    h, w = height * np.sqrt(share) * stretch, width * np.sqrt(share) / stretch
    # The place is that of the free room, so a stronger one covers all that a weaker one does.
    top, left = down * (height - h), across * (width - w)
    covered = face.copy()
    covered[round(top) : round(top + h), round(left) : round(left + w)] = grey
    return covered


def _to_uint8(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found


CORRUPTIONS: dict[str, Corruption] = {
    "blur": Corruption("Blur", "pixels (sigma)", (0.6, 1.0, 1.5, 2.0, 3.0), _blur),
    "motion_blur": Corruption("Motion blur", "pixels", (3, 5, 7, 9, 13), _motion_blur, drawn=True),
    "noise": Corruption("Noise", "of the range (sigma)", (0.04, 0.07, 0.10, 0.15, 0.20), _noise, drawn=True),
    "jpeg": Corruption("JPEG", "quality", (25, 18, 15, 10, 7), _jpeg),
    "dark": Corruption("Dark", "stops", (-1, -2, -3, -4, -5), _expose),
    "bright": Corruption("Bright", "stops", (0.5, 1.0, 1.5, 2.0, 2.5), _expose),
    "contrast": Corruption("Low contrast", "of the contrast", (0.6, 0.4, 0.3, 0.2, 0.1), _contrast),
    "low_resolution": Corruption("Low resolution", "pixels a side", (32, 24, 18, 14, 10), _low_resolution),
    "rotation": Corruption("Rotation", "degrees", (6, 12, 20, 30, 45), _rotation, drawn=True),
    "occlusion": Corruption("Occlusion", "of the picture", (0.05, 0.1, 0.2, 0.3, 0.4), _occlusion, drawn=True),
}
"""The ten, by the names that reports use, in the order in which they are shown."""
