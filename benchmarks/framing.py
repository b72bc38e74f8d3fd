"""How FER2013 frames its faces, as seen by CenterFace; the constants of ferdash/inference/framing.py come from here.

    python benchmarks/framing.py [--dataset fer2013] [--model fernet] [--faces 1200] [--json FILE]

Training faces are enlarged four times, and the detector's landmarks and box are compared with the 48 x 48 frame. With
--model the same is done with validation faces, and what the model makes of them is compared: the image itself, the face
cut out again by its landmarks, without the turn, and the detector's box made half as large again, as photo software
often cuts faces.
"""

import argparse
import json
import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.geometry import CropBox
from ferdash.inference.detector import Detector, Face, load_detector
from ferdash.inference.framing import crop_box, crop_face
from ferdash.inference.landmarks import roll_of, yaw_of
from ferdash.models.loading import load_model
from ferdash.paths import checkpoints_root, data_root

SIDE = 192
FRONTAL_DEG = 10.0


def in_a_photo(image: np.ndarray) -> np.ndarray:
    """A 48 x 48 face as uint8 RGB, enlarged."""
    return cv2.cvtColor(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB)


def detections(detector: Detector, dataset: FaceDataset, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray, Face]]:
    """Row, photo and most confident face of those in which there is one."""
    for row in rows:
        photo = in_a_photo(np.array(dataset.images[row]))
        if faces := detector(photo):
            yield int(row), photo, max(faces, key=lambda face: face.confidence)


def measure_framing(detector: Detector, dataset: FaceDataset, rows: np.ndarray) -> dict[str, list[float]]:
    """25th, 50th and 75th percentile of each measure, as shares of the frame's side."""
    found = [face for _, _, face in detections(detector, dataset, rows)]
    print(f"CenterFace: found in {len(found):,} of {len(rows):,} training faces ({len(found) / len(rows):.1%})")
    points = np.array([face.landmarks for face in found]) / SIDE
    boxes = np.array([face.box_xyxy for face in found]) / SIDE
    roll, yaw = (np.array([measure(one) for one in points]) for measure in (roll_of, yaw_of))
    eyes, mouth = points[:, :2].mean(axis=1), points[:, 3:].mean(axis=1)
    between_eyes = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    to_mouth = np.linalg.norm(mouth - eyes, axis=1)
    axes = np.array([CropBox(0, 0, 1, angle).axes for angle in roll])
    aside, below = np.einsum("nij,nj->in", axes, (eyes + mouth) / 2 - 0.5)
    slope = float(np.linalg.lstsq(np.sin(np.radians(yaw))[:, None], aside, rcond=None)[0][0])
    frontal = np.abs(yaw) < FRONTAL_DEG
    measures = {
        "tilt, degrees": roll,
        "turned away, degrees": np.abs(yaw),
        "eyes to mouth": to_mouth,
        "between the eyes, frontal faces": between_eyes[frontal],
        "eyes to mouth / between the eyes, frontal faces": (to_mouth / between_eyes)[frontal],
        "middle of eyes and mouth, below the centre": below,
        "longer side of the box": (boxes[:, 2:] - boxes[:, :2]).max(axis=1),
        "centre of the box, to the right of the frame's": (boxes[:, 0] + boxes[:, 2]) / 2 - 0.5,
        "centre of the box, below the frame's": (boxes[:, 1] + boxes[:, 3]) / 2 - 0.5,
    }
    spread = {
        name: [round(float(value), 3) for value in np.percentile(of, [25, 50, 75])] for name, of in measures.items()
    }
    for name, (low, middle, high) in spread.items():
        print(f"  {name}: median {middle:.3f} (half of them {low:.3f} to {high:.3f})")
    print(f"  middle of eyes and mouth, aside: {slope:.3f} x sine of the yaw")
    return spread | {"middle of eyes and mouth, aside, x sine of the yaw": [round(slope, 3)]}


def measure_accuracy(detector: Detector, dataset: FaceDataset, rows: np.ndarray, reference: str) -> dict[str, float]:
    """Share of the validation faces recognised, by the way in which they were cut out."""
    model = load_model(reference, checkpoints_root())
    found = list(detections(detector, dataset, rows))
    kept = np.array([row for row, _, _ in found])

    def crops(box_of) -> np.ndarray:
        return np.stack([crop_face(photo, box_of(face)) for _, photo, face in found])

    ways = {
        "the image itself": dataset.images[kept],
        "cut out by its landmarks": crops(crop_box),
        "the same without the turn": crops(lambda face: replace(crop_box(face), roll_deg=0.0)),
        "box half as large again": crops(lambda face: _grown(CropBox.from_xyxy(*face.box_xyxy), 1.5)),
    }
    print(f"{model.title} on the {len(kept):,} validation faces in which a face was found:")
    accuracy = {}
    for name, images in ways.items():
        right = float(np.mean(model.probabilities(images).argmax(axis=1) == dataset.labels[kept]))
        accuracy[name] = round(right, 4)
        print(f"  {name:26} {right:.1%} right")
    return accuracy


def _grown(box: CropBox, factor: float) -> CropBox:
    return replace(box, side=box.side * factor)


def sample(draw: np.random.Generator, rows: np.ndarray, count: int) -> np.ndarray:
    return np.sort(draw.choice(rows, min(count, len(rows)), replace=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--model", default="")
    parser.add_argument("--faces", type=int, default=1200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    dataset = open_dataset(data_root(), arguments.dataset)
    detector = load_detector("centerface", checkpoints_root())
    draw = np.random.default_rng(0)
    print(f"{platform.machine()}, Python {platform.python_version()}, OpenCV {cv2.__version__}")
    rows = sample(draw, dataset.rows("train"), arguments.faces)
    result: dict[str, object] = {"framing": measure_framing(detector, dataset, rows)}
    if arguments.model:
        rows = sample(draw, dataset.rows("validation"), arguments.faces)
        result["accuracy"] = measure_accuracy(detector, dataset, rows, arguments.model)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
