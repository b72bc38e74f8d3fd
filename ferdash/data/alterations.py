"""Whether a copy of FER2013 has FER2013's own pixels.

Public copies are often not what they are called: somebody has sharpened, blurred, stretched or darkened the pictures,
and scores on such a copy do not compare with anybody's. FER2013 is recognised by how many images of each emotion it
has, which no such change touches; its light, contrast and edges are then held against the original's.
"""

from dataclasses import dataclass

import numpy as np

from ferdash.data.dataset import ALTERED
from ferdash.data.sharpness import laplacian
from ferdash.data.statistics import REPORT_COUNTS
from ferdash.emotions import EMOTIONS
from ferdash.wording import percent

ORIGINAL_LIGHT = 129.36
ORIGINAL_CONTRAST = 54.07
ORIGINAL_EDGES = 28.27
"""What `measure(dataset.images)` gives of FER2013's own pixels: 28,544 training and 3,578 PublicTest images, those that
FER+ kept. The two splits, and halves at random, differ from one another by up to 0.4 levels of light, 0.1% of contrast
and 0.7% of edges."""

SAME_COUNT = 0.03
"""An emotion's count may differ by this share from FER2013's: FER+ dropped 0.6% of the images, others a few more."""

LIGHT_LEVELS = 6.0
RATIO = 1.08
"""Beyond these, in grey levels and either way as a ratio, a copy is called altered: far outside what parts of the
original differ by, and within what anybody changes on purpose."""

BLANK_SHARE = 0.001
"""Share of pictures of one single shade from which it is told. None of the images measured above is one."""

_CHUNK = 4096


@dataclass(frozen=True)
class Measures:
    """light: mean grey level. contrast: mean standard deviation of an image. edges: mean absolute 4-neighbour
    Laplacian. blank: share of images of one single shade."""

    light: float
    contrast: float
    edges: float
    blank: float


def measure(images: np.ndarray) -> Measures:
    """The measures of uint8 (N, H, W) images, N at least 1; images of one shade count in `blank` alone."""
    sums, shown = np.zeros(3), 0
    for start in range(0, len(images), _CHUNK):
        part = np.asarray(images[start : start + _CHUNK])
        flat = part.reshape(len(part), -1)
        part = part[flat.max(axis=1) > flat.min(axis=1)]
        flat = part.reshape(len(part), -1).astype(np.float32)
        edges = np.abs(laplacian(part)).reshape(len(part), -1).mean(axis=1)
        sums += [flat.mean(axis=1).sum(), flat.std(axis=1).sum(), edges.sum()]
        shown += len(part)
    light, contrast, edges_mean = sums / max(shown, 1)
    return Measures(float(light), float(contrast), float(edges_mean), 1 - shown / len(images))


def has_counts_of_fer2013(labels: np.ndarray, splits: np.ndarray) -> bool:
    """Whether train, or all images together, have FER2013's number of images of each emotion. labels: int (N,), splits:
    (N,) names of splits."""
    every = np.bincount(labels, minlength=len(EMOTIONS))
    train = np.bincount(labels[splits == "train"], minlength=len(EMOTIONS))
    in_train = np.array([REPORT_COUNTS[emotion]["train"] for emotion in EMOTIONS])
    in_all = in_train + [REPORT_COUNTS[emotion]["test"] for emotion in EMOTIONS]
    return any((np.abs(have / want - 1) <= SAME_COUNT).all() for have, want in ((train, in_train), (every, in_all)))


def describe_alteration(measures: Measures) -> str:
    """How images with FER2013's counts differ from FER2013's own, in a sentence; empty where they do not.

    >>> describe_alteration(Measures(light=129.4, contrast=54.0, edges=45.8, blank=0.0))
    "This is an altered copy of FER2013. Sharpened: its edges are 1.6 times as strong as FER2013's. Scores on it will \
not compare with those on the original."
    """
    contrast, edges = measures.contrast / ORIGINAL_CONTRAST, measures.edges / ORIGINAL_EDGES
    found = []
    # Stretching the contrast makes edges stronger by as much; only what goes beyond that is sharpening.
    if edges / contrast > RATIO:
        found.append(f"Sharpened: its edges are {edges:.1f} times as strong as FER2013's")
    elif edges / contrast < 1 / RATIO:
        found.append(f"Blurred: its edges are {edges:.2f} times as strong as FER2013's")
    if not 1 / RATIO <= contrast <= RATIO:
        kind = "stretched" if contrast > 1 else "reduced"
        found.append(
            f"Its contrast was {kind}: an image has a standard deviation of {measures.contrast:.0f} grey levels "
            f"instead of {ORIGINAL_CONTRAST:.0f}"
        )
    if abs(measures.light - ORIGINAL_LIGHT) > LIGHT_LEVELS:
        kind = "Darkened" if measures.light < ORIGINAL_LIGHT else "Lightened"
        found.append(f"{kind}: its mean grey level is {measures.light:.0f} instead of {ORIGINAL_LIGHT:.0f}")
    if measures.blank > BLANK_SHARE:
        found.append(f"{percent(measures.blank)} of its pictures are of one single shade where FER2013 has faces")
    if not found:
        return ""
    return f"{ALTERED} {'. '.join(found)}. Scores on it will not compare with those on the original."


def alteration(images: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> str:
    """`describe_alteration` of images that have FER2013's counts; empty for other images, and for FER2013's own."""
    if not has_counts_of_fer2013(labels, splits):
        return ""
    return describe_alteration(measure(images))
