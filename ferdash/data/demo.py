"""Faces that ferdash draws itself, so that everything can be tried without a photograph of anybody.

A face is a few polygons in its own coordinates: x to the right, y down, eyes at y = -0.3, mouth at y = 0.52, chin at
y = 1. An expression is a handful of numbers after the action units of Ekman and Friesen's Facial Action Coding
System (1978): brows raised or drawn together, lids, nose wrinkle, lip corners, jaw. Everything random comes from the
generator that is passed in, so a seed gives the same faces everywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ferdash.data.dataset import IMAGE_SIZE, FaceDataset, require_free_name, save_dataset
from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import EMOTIONS, canonical_emotion, emotion_index
from ferdash.errors import DatasetError

OVERSAMPLING = 4
RATERS = 10
MIN_IMAGES = 100
"""With fewer, a split could be without the rarest emotion."""

SHARES: dict[str, float] = {
    "angry": 0.14,
    "disgust": 0.05,
    "fear": 0.14,
    "happy": 0.24,
    "neutral": 0.17,
    "sad": 0.15,
    "surprise": 0.11,
}
"""Images of each emotion in the demo dataset: FER2013's imbalance, milder."""

_CONFUSED_WITH: dict[str, str] = {
    "angry": "disgust",
    "disgust": "angry",
    "fear": "surprise",
    "happy": "neutral",
    "neutral": "sad",
    "sad": "neutral",
    "surprise": "fear",
}

# brow raise, brow slant (inner ends down), eye opening, nose wrinkle, lip corners up, jaw drop, mouth width
_EXPRESSIONS: dict[str, tuple[float, ...]] = {
    "angry": (-0.6, 1.0, 0.75, 0.35, -0.5, 0.05, 0.85),
    "disgust": (-0.35, 0.5, 0.4, 1.0, -0.55, 0.3, 0.75),
    "fear": (0.6, -0.8, 1.4, 0.0, -0.45, 0.5, 1.0),
    "happy": (0.15, 0.0, 0.7, 0.0, 1.0, 0.4, 1.25),
    "neutral": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.9),
    "sad": (0.1, -1.0, 0.65, 0.0, -0.95, 0.0, 0.8),
    "surprise": (1.0, -0.1, 1.45, 0.0, 0.0, 1.0, 0.7),
}
_CIRCLE = np.stack([np.cos(np.linspace(np.pi, 3 * np.pi, 33)), np.sin(np.linspace(np.pi, 3 * np.pi, 33))], axis=1)
_JITTER = np.array([0.16, 0.16, 0.12, 0.12, 0.16, 0.07, 0.07])


@dataclass(frozen=True)
class _Features:
    """What belongs to the person and not to the expression; colours are RGB."""

    skin: np.ndarray
    hair: np.ndarray
    lips: np.ndarray
    width: float
    fringe: float
    long_hair: bool


def draw_face(emotion: str, rng: np.random.Generator, size: int = IMAGE_SIZE) -> np.ndarray:
    """One grey face, uint8 (size, size), cropped as FER2013 is. Raises LabelError for an unknown emotion."""
    side = OVERSAMPLING * size
    canvas = _background(side, rng)
    angle, scale = rng.normal(0, 9), side * rng.uniform(0.42, 0.56)
    centre = side * (np.array([0.5, 0.5]) + rng.normal(0, 0.035, 2))
    _draw(canvas, _Brush(centre, scale, angle), _expression(emotion, rng), _face_of(rng))
    grey = cv2.resize(cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY), (size, size), interpolation=cv2.INTER_AREA)
    return _photographed(grey, rng)


def draw_photo(emotions: list[str], rng: np.random.Generator, width: int = 640, height: int = 480) -> np.ndarray:
    """A scene with one face for each emotion, left to right: RGB uint8 (height, width, 3)."""
    sky = np.linspace(rng.integers(150, 220, 3), rng.integers(70, 140, 3), height)
    canvas = np.repeat(sky[:, None], width, axis=1).astype(np.uint8)
    column = width / max(len(emotions), 1)
    for number, emotion in enumerate(emotions):
        scale = min(column * 0.34, height * 0.3) * rng.uniform(0.8, 1.0)
        centre = np.array([(number + 0.5) * column, height * rng.uniform(0.42, 0.52)])
        brush = _Brush(centre, scale, rng.normal(0, 4))
        brush.fill(canvas, _ellipse(0, 2.1, 1.5, 1.15), rng.integers(40, 200, 3))
        _draw(canvas, brush, _expression(emotion, rng), _face_of(rng))
    return _photographed(cv2.GaussianBlur(canvas, (0, 0), 0.8), rng)


def draw_person(
    canvas: np.ndarray,
    person: int,
    shares: Mapping[str, float],
    centre: tuple[float, float],
    scale: float,
    angle: float,
) -> None:
    """Draw somebody into an RGB uint8 picture, the same `person` with the same face every time.

    shares: how much of each emotion's expression the face shows; what is missing to 1 is neutral. centre, scale: in
    pixels, from the nose to the chin is one scale. angle: degrees. Raises LabelError for an unknown emotion.
    """
    neutral = np.array(_EXPRESSIONS["neutral"])
    expression = neutral.copy()
    for emotion, share in shares.items():
        expression += share * (np.array(_EXPRESSIONS[canonical_emotion(emotion)]) - neutral)
    look = _face_of(np.random.default_rng(person))
    brush = _Brush(np.array(centre, dtype=np.float64), scale, angle)
    brush.fill(canvas, _ellipse(0, 2.1, 1.5, 1.15), look.hair * 0.6 + 60)
    _draw(canvas, brush, expression, look)


def make_demo(
    root: Path,
    name: str = "demo",
    images: int = 1400,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> FaceDataset:
    """Draw a dataset with raters' votes and the faults that real ones have, for the audit to find.

    `progress` is called with images drawn and images to draw. Raises DatasetError for a bad or taken name, and for
    fewer than MIN_IMAGES images.
    """
    require_free_name(root, name)
    if images < MIN_IMAGES:
        raise DatasetError(f"A demo dataset needs at least {MIN_IMAGES} images, not {images}.")
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.repeat(EMOTIONS, _counts(images)))
    faces = np.empty((len(names), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for number, emotion in enumerate(names):
        faces[number] = draw_face(str(emotion), rng)
        if progress and (number % 50 == 49 or number == len(names) - 1):
            progress(number + 1, len(names))
    labels = np.array([emotion_index(str(emotion)) for emotion in names])
    splits = _splits(labels)
    votes = _votes(labels, rng)
    _plant_faults(faces, labels, splits, rng)
    return save_dataset(
        root,
        name,
        images=faces,
        labels=labels,
        splits=splits.tolist(),
        sources=[f"{split}/{number:05d}.png" for number, split in enumerate(splits)],
        origin=f"drawn by ferdash, seed {seed}",
        votes=votes,
        notes=["The faces are drawings. A few duplicates, a wrong label and an empty image were put in on purpose."],
    )


def _counts(images: int) -> np.ndarray:
    shares = np.array([SHARES[emotion] for emotion in EMOTIONS])
    counts = np.floor(images * shares).astype(int)
    counts[EMOTIONS.index("happy")] += images - counts.sum()
    found: np.ndarray = counts
    return found


def _splits(labels: np.ndarray) -> np.ndarray:
    """70% train, 15% validation, 15% test, in every emotion alike."""
    splits = np.empty(len(labels), dtype="<U10")
    for label in range(len(EMOTIONS)):
        rows = np.flatnonzero(labels == label)
        place = (np.arange(len(rows)) + 0.5) / max(len(rows), 1)
        splits[rows] = np.select([place < 0.7, place < 0.85], ["train", "validation"], "test")
    return splits


def _votes(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (N, 10), ten raters an image: most see what was drawn, some its look-alike, a few any of the seven."""
    doubt = rng.beta(1.2, 4, len(labels))
    chance = np.full((len(labels), len(EMOTIONS)), 0.02)
    rows = np.arange(len(labels))
    alike = np.array([EMOTIONS.index(_CONFUSED_WITH[emotion]) for emotion in EMOTIONS])
    chance[rows, labels] += 1 - doubt
    chance[rows, alike[labels]] += doubt
    votes = rng.multinomial(RATERS, chance / chance.sum(axis=1, keepdims=True))
    return np.pad(votes, ((0, 0), (0, len(VOTE_CLASSES) - len(EMOTIONS)))).astype(np.uint8)


def _plant_faults(faces: np.ndarray, labels: np.ndarray, splits: np.ndarray, rng: np.random.Generator) -> None:
    """Overwrite a few images: one without a face, one under another's label, and held-out copies of training images,
    half of them exact and half slightly brighter or darker."""
    train = np.flatnonzero(splits == "train")
    blank, conflict, train = train[0], train[1], train[2:]
    faces[blank] = 128
    faces[conflict] = faces[train[labels[train] != labels[conflict]][0]]
    each = max(2, len(faces) // 140)
    copies = rng.permutation(np.flatnonzero(splits != "train"))[: 2 * each]
    for number, copy in enumerate(copies):
        original = faces[rng.choice(train[labels[train] == labels[copy]])]
        if number >= each:
            original = np.clip(original * rng.uniform(0.93, 1.07) + rng.normal(0, 2, original.shape), 0, 255)
        faces[copy] = original


class _Brush:
    """Draws shapes given in face coordinates at a place, size (pixels for one unit) and angle (degrees)."""

    def __init__(self, centre: np.ndarray, scale: float, angle: float) -> None:
        turn = np.deg2rad(angle)
        self._matrix = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        self._centre = centre
        self.scale = scale

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        # OpenCV takes fixed-point coordinates: 4 bits after the point, announced as shift=4.
        found: np.ndarray = np.round((points @ self._matrix + self._centre) * 16).astype(np.int32)
        return found

    def fill(self, canvas: np.ndarray, points: np.ndarray, colour: np.ndarray) -> None:
        cv2.fillPoly(canvas, [self._pixels(points)], _rgb(colour), cv2.LINE_AA, shift=4)

    def line(self, canvas: np.ndarray, points: np.ndarray, colour: np.ndarray, width: float) -> None:
        thickness = max(1, round(width * self.scale))
        cv2.polylines(canvas, [self._pixels(points)], False, _rgb(colour), thickness, cv2.LINE_AA, shift=4)


def _rgb(colour: np.ndarray) -> tuple[int, ...]:
    return tuple(np.minimum(colour, 255).astype(int).tolist())


def _expression(emotion: str, rng: np.random.Generator) -> np.ndarray:
    """The emotion's expression, weaker or stronger, with this person's own deviations."""
    neutral = np.array(_EXPRESSIONS["neutral"])
    full = np.array(_EXPRESSIONS[canonical_emotion(emotion)])
    found: np.ndarray = neutral + rng.uniform(0.5, 1.15) * (full - neutral) + rng.normal(0, 1, len(full)) * _JITTER
    return found


def _face_of(rng: np.random.Generator) -> _Features:
    skin = np.array([232, 190, 160]) * rng.uniform(0.5, 1.05)
    hair = np.array([1.0, 0.85, 0.7]) * rng.choice([25, 45, 80, 150])
    return _Features(
        skin=skin,
        hair=np.minimum(hair, skin * 0.85),
        lips=skin * np.array([0.75, 0.52, 0.52]),
        width=rng.uniform(0.74, 0.86),
        fringe=rng.uniform(-0.88, -0.68),
        long_hair=bool(rng.random() < 0.4),
    )


def _draw(canvas: np.ndarray, brush: _Brush, expression: np.ndarray, look: _Features) -> None:
    brow_raise, brow_slant, eye_open, wrinkle, corners, jaw, mouth_width = expression
    if look.long_hair:
        brush.fill(canvas, _ellipse(0, 0.1, look.width + 0.25, 1.35), look.hair)
    else:
        brush.fill(canvas, _ellipse(0, -0.45, look.width + 0.12, 0.85), look.hair)
    brush.fill(canvas, _ellipse(0, 1.2, 0.36, 0.5), look.skin * 0.72)
    brush.fill(canvas, _ellipse(0, 0.03, look.width, 1.02 + 0.08 * max(jaw, 0)), look.skin)
    brush.fill(canvas, _fringe(look), look.hair)
    for side in (-1, 1):
        _draw_eye(canvas, brush, look, side, eye_open)
        x = np.linspace(0.14, 0.58, 9)
        slope = -0.28 * brow_slant * (x - 0.36)
        arch = -0.07 + 0.9 * (x - 0.36) ** 2
        y = -0.52 - 0.13 * brow_raise + slope + arch
        brush.line(canvas, np.stack([side * x, y], axis=1), look.hair * 0.8, 0.085)
    _draw_nose(canvas, brush, look, wrinkle)
    _draw_mouth(canvas, brush, look, corners, jaw, mouth_width)


def _fringe(look: _Features) -> np.ndarray:
    top = _ellipse(0, -0.03, look.width + 0.02, 1.06)
    return np.concatenate([top[top[:, 1] < look.fringe], [[0.0, look.fringe - 0.06]]])


def _draw_eye(canvas: np.ndarray, brush: _Brush, look: _Features, side: int, eye_open: float) -> None:
    height = 0.1 * max(eye_open, 0.12)
    brush.fill(canvas, _ellipse(side * 0.36, -0.3, 0.22, height + 0.06), look.skin * 0.82)
    white = _ellipse(side * 0.36, -0.3, 0.17, height)
    brush.fill(canvas, white, np.array([238, 238, 235]) * (0.6 + 0.4 * min(look.skin[0] / 230, 1)))
    iris = min(0.085, height)
    brush.fill(canvas, _ellipse(side * 0.36, -0.3, 0.085, iris), np.array([45, 30, 25]))
    brush.line(canvas, white[white[:, 1] <= -0.3 + 1e-9], look.skin * 0.3, 0.04)


def _draw_nose(canvas: np.ndarray, brush: _Brush, look: _Features, wrinkle: float) -> None:
    shade = look.skin * 0.72
    lift = 0.05 * wrinkle
    brush.line(
        canvas,
        np.array([[-0.13, 0.2 - lift], [-0.06, 0.25 - lift], [0.06, 0.25 - lift], [0.13, 0.2 - lift]]),
        shade,
        0.05,
    )
    if wrinkle > 0.25:
        depth = look.skin * (0.92 - 0.32 * min(wrinkle, 1.2))
        for y in (-0.22, -0.12):
            brush.line(canvas, np.array([[-0.09, y], [0.0, y + 0.04], [0.09, y]]), depth, 0.035)
        for side in (-1, 1):
            fold = np.array([[side * 0.2, 0.1], [side * 0.34, 0.24], [side * 0.42, 0.42]])
            brush.line(canvas, fold, depth, 0.045)


def _draw_mouth(
    canvas: np.ndarray, brush: _Brush, look: _Features, corners: float, jaw: float, mouth_width: float
) -> None:
    t = np.linspace(-1, 1, 17)
    half, opening = 0.34 * mouth_width, 0.17 * max(jaw, 0)
    middle = 0.54 + 0.1 * corners + 0.4 * opening
    curve = middle - 0.2 * corners * t**2
    bow = np.sqrt(np.maximum(1 - t**2, 0))
    upper, lower = curve - opening * bow, curve + opening * bow * 1.25
    x = half * t
    lips = np.concatenate([np.stack([x, upper - 0.055 * bow], 1), np.stack([x, lower + 0.075 * bow], 1)[::-1]])
    brush.fill(canvas, lips, look.lips)
    if opening < 0.02:
        brush.line(canvas, np.stack([x, curve], 1), look.lips * 0.45, 0.035)
        return
    brush.fill(canvas, np.concatenate([np.stack([x, upper], 1), np.stack([x, lower], 1)[::-1]]), np.array([50, 20, 25]))
    teeth = np.minimum(upper + 0.09, lower)
    if corners > -0.3 * jaw:
        brush.fill(
            canvas, np.concatenate([np.stack([x, upper], 1), np.stack([x, teeth], 1)[::-1]]), np.array([235] * 3)
        )


def _ellipse(x: float, y: float, width: float, height: float) -> np.ndarray:
    """float (33, 2) points around (x, y), from the left over the top; width and height are half axes."""
    return _CIRCLE * (width, height) + (x, y)


def _background(side: int, rng: np.random.Generator) -> np.ndarray:
    """RGB uint8 (side, side, 3): two shades of grey that meet along a line, as a wall and a window do."""
    canvas = np.full((side, side, 3), rng.integers(20, 230), np.uint8)
    corners = _CIRCLE[[0, 8, 16, 24]] * 2 + (1, 0)
    line = _Brush(np.array([side, side]) * rng.uniform(0.2, 0.8, 2), side, rng.uniform(0, 360))
    line.fill(canvas, corners, np.full(3, rng.integers(20, 230)))
    return canvas


def _photographed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light from one side, exposure and sensor noise, for grey (H, W) or RGB (H, W, 3)."""
    height, width = image.shape[:2]
    slope_x, slope_y = rng.normal(0, 0.18, 2)
    light = 1 + slope_x * np.linspace(-1, 1, width)[None, :] + slope_y * np.linspace(-1, 1, height)[:, None]
    light = light.reshape(light.shape + (1,) * (image.ndim - 2)) * rng.uniform(0.75, 1.15)
    noise = rng.normal(0, rng.uniform(2, 8), image.shape)
    return np.asarray(np.clip(image * light + noise, 0, 255), dtype=np.uint8)
