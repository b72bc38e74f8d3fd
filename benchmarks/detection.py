"""Which faces are found, and whether a tilt changes what a model makes of them: CenterFace against the Haar cascade.

    python benchmarks/detection.py PHOTO_OR_CLIP... [--model fernet] [--frames 12] [--json benchmarks/detection.json]

Pictures: the photos, frames of the clips spread over their length, and scikit-image's astronaut and cameraman. Each is
taken as it is, darkened to 15%, blurred (standard deviation a twentieth of the face), with noise (standard deviation 30
grey levels), and with the left, right or lower half of the face covered; each of these is turned by 0, 15, 30, 45 and
90 degrees, every second picture the other way. A face counts as found when a box holds its centre and is 0.5 to 2 times
as large. Where the face is in a picture comes from CenterFace's most confident box on the untouched picture, looked at
by eye. Pictures without a face are scikit-image's, scikit-learn's and those of scikit-image's lfw_subset without.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from skimage import data
from sklearn.datasets import load_sample_images

from ferdash.inference.detector import Detector, Face, load_detector
from ferdash.inference.framing import crop_box, crop_face
from ferdash.models.loading import load_model
from ferdash.paths import checkpoints_root
from ferdash.video.decoding import probe, read_frames

ANGLES = (0, 15, 30, 45, 90)
FACELESS = (
    "brick",
    "cat",
    "cell",
    "checkerboard",
    "clock",
    "coffee",
    "coins",
    "colorwheel",
    "grass",
    "gravel",
    "horse",
    "hubble_deep_field",
    "immunohistochemistry",
    "logo",
    "microaneurysms",
    "moon",
    "page",
    "retina",
    "rocket",
    "shepp_logan_phantom",
    "text",
)
HALF_A_FACE = 25
"""Among the lfw_subset's cut-outs that are meant to show none, the one that shows half a face."""

CAMERAMAN = (195.0, 105.0, 262.0, 200.0)
"""scikit-image's cameraman, a profile, box read off by eye: a reference that neither detector gives."""


@dataclass(frozen=True)
class Known:
    """A uint8 RGB picture with one face: its centre, and the longer side of its box."""

    name: str
    image: np.ndarray
    centre: tuple[float, float]
    side: float


def known_pictures(paths: list[Path], frames: int, detector: Detector) -> Iterator[Known]:
    """Pictures with one face each; where it is comes from the detector's most confident box on the untouched
    picture."""
    x0, y0, x1, y1 = CAMERAMAN
    yield Known("cameraman", _rgb(data.camera()), ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0))
    for name, image in [("astronaut", data.astronaut()), *_pictures(paths, frames)]:
        face = max(detector(image), key=lambda one: one.confidence)
        x0, y0, x1, y1 = face.box_xyxy
        yield Known(name, image, ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0))


def _pictures(paths: list[Path], frames: int) -> Iterator[tuple[str, np.ndarray]]:
    for path in paths:
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            yield path.name, cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            continue
        step = max(1, probe(path).frames // frames)
        for frame in read_frames(path, stride=step):
            if frame.image_rgb is not None:
                yield f"{path.name}, frame {frame.index}", frame.image_rgb


def conditions(picture: Known) -> dict[str, np.ndarray]:
    """The picture as it is and made worse, by what was done to it."""
    image, (x, y), half = picture.image, picture.centre, picture.side / 2
    noise = np.random.default_rng(0).normal(0, 30, image.shape)

    def covered(left: float, top: float, right: float, bottom: float) -> np.ndarray:
        copy = image.copy()
        copy[
            max(0, int(y + top * half)) : int(y + bottom * half), max(0, int(x + left * half)) : int(x + right * half)
        ] = 90
        return copy

    return {
        "as it is": image,
        "15% light": (0.15 * image).astype(np.uint8),
        "blurred": cv2.GaussianBlur(image, (0, 0), picture.side / 20),
        "noise": np.clip(image + noise, 0, 255).astype(np.uint8),
        "left half covered": covered(-1, -1, 0, 1),
        "right half covered": covered(0, -1, 1, 1),
        "lower half covered": covered(-1, 0.1, 1, 1),
    }


def turned(image: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned clockwise on a larger canvas, and the matrix (2, 3) that takes points there."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(height * sin + width * cos), round(height * cos + width * sin)
    matrix[:, 2] += np.array(size) / 2 - np.array([width, height]) / 2
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), matrix


def find(faces: list[Face], centre: np.ndarray, side: float) -> Face | None:
    """The face around a centre, of about that side."""
    for face in sorted(faces, key=lambda one: -one.confidence):
        x0, y0, x1, y1 = face.box_xyxy
        if x0 < centre[0] < x1 and y0 < centre[1] < y1 and 0.5 < max(x1 - x0, y1 - y0) / side < 2:
            return face
    return None


def measure(pictures: list[Known], detector: Detector) -> tuple[dict[str, dict[str, list[int]]], list[float]]:
    """Found and of how many, by condition and angle; and the seconds of each look."""
    counts: dict[str, dict[str, list[int]]] = {}
    seconds: list[float] = []
    for number, picture in enumerate(pictures):
        for name, image in conditions(picture).items():
            for angle in ANGLES:
                seen, matrix = turned(image, angle if number % 2 else -angle)
                centre = matrix[:, :2] @ picture.centre + matrix[:, 2]
                started = time.perf_counter()
                faces = detector(seen)
                seconds.append(time.perf_counter() - started)
                count = counts.setdefault(name, {}).setdefault(str(angle), [0, 0])
                count[0] += find(faces, centre, picture.side) is not None
                count[1] += 1
    return counts, seconds


def false_faces(detector: Detector) -> tuple[int, int]:
    """How many faces are seen in pictures without any, and in how many pictures that was looked for."""
    cut_outs = np.delete(data.lfw_subset()[100:], HALF_A_FACE, axis=0)
    images = [*(getattr(data, name)() for name in FACELESS), *load_sample_images().images, *cut_outs]
    return sum(len(detector(_rgb(image))) for image in images), len(images)


def _rgb(image: np.ndarray) -> np.ndarray:
    if image.dtype != np.uint8:
        image = (255 * (image / image.max())).astype(np.uint8)
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else np.ascontiguousarray(image[..., :3])


def tilt_difference(pictures: list[Known], detector: Detector, reference: str, degrees: float = 30) -> list[float]:
    """By how much the probabilities of each face tilted both ways differ from the upright one's, largest of seven."""
    model = load_model(reference, checkpoints_root())
    differences = []
    for picture in pictures:
        crops = []
        for angle in (0, degrees, -degrees):
            image, matrix = turned(picture.image, angle)
            face = find(detector(image), matrix[:, :2] @ picture.centre + matrix[:, 2], picture.side)
            if face is not None:
                crops.append(crop_face(image, crop_box(face)))
        probabilities = model.probabilities(np.stack(crops))
        differences += np.abs(probabilities[1:] - probabilities[0]).max(axis=1).tolist()
    return differences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="*")
    parser.add_argument("--model", default="fernet")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    centerface = load_detector("centerface", checkpoints_root())
    pictures = list(known_pictures(arguments.paths, arguments.frames, centerface))
    print(
        f"{platform.machine()}, Python {platform.python_version()}, OpenCV {cv2.__version__}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}; {len(pictures)} pictures with one face each"
    )
    result: dict[str, object] = {"pictures": [picture.name for picture in pictures]}
    for name in ("centerface", "haar"):
        detector = load_detector(name, checkpoints_root())
        counts, seconds = measure(pictures, detector)
        wrong, faceless = false_faces(detector)
        upto = [counts[c][str(a)] for c in counts for a in ANGLES if a <= 45]
        found, of = sum(one[0] for one in upto), sum(one[1] for one in upto)
        print(f"\n{name:20}" + "".join(f"{f'{angle} deg':>10}" for angle in ANGLES))
        for condition, row in counts.items():
            print(f"{condition:20}" + "".join(f"{f'{row[str(a)][0]}/{row[str(a)][1]}':>10}" for a in ANGLES))
        print(f"up to 45 degrees     {found} of {of} found ({found / of:.1%})")
        print(f"without a face       {wrong} false in {faceless} pictures")
        print(f"a look               {1000 * median(seconds):.0f} ms at the median")
        result[name] = {"found": counts, "up_to_45": [found, of], "false": wrong, "faceless": faceless}
    differences = tilt_difference(pictures, centerface, arguments.model)
    print(
        f"\nprobabilities of {arguments.model}, tilted by 30 degrees against upright: "
        f"{100 * median(differences):.1f} points at the median of {len(differences)}"
    )
    result["tilt_30_points_median"] = round(100 * median(differences), 2)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
