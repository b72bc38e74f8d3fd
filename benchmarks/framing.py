"""How FER2013 frames its faces, as seen by the detector; the constants of ferdash/inference/framing.py come from here.

    python benchmarks/framing.py [--dataset fer2013] [--model fernet]

Training faces are enlarged four times with their border continued by a quarter, as if they stood in a photo, and the
detector's box is compared with the 48 x 48 frame. With --model the same is done with validation faces, and what the
model makes of them is compared: the image itself, the detector's box turned into FER2013's framing, and the bare box
made half as large again, as photo software often cuts faces.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.inference.detector import Face, HaarDetector
from ferdash.inference.framing import crop_face, frame_of
from ferdash.models.loading import load_model
from ferdash.paths import checkpoints_root, data_root

ENLARGED = 4
MARGIN = 0.25


def in_a_photo(image: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """A 48 x 48 face as uint8 RGB, enlarged, with its border continued."""
    large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    pad = int(margin * len(large))
    return cv2.cvtColor(cv2.copyMakeBorder(large, pad, pad, pad, pad, cv2.BORDER_REPLICATE), cv2.COLOR_GRAY2RGB)


def detections(dataset: FaceDataset, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray, Face]]:
    """Row, photo and most confident face of those in which there is one."""
    detector = HaarDetector()
    for row in rows:
        photo = in_a_photo(np.array(dataset.images[row]))
        if faces := detector(photo):
            yield int(row), photo, max(faces, key=lambda face: face.confidence)


def measure_haar(dataset: FaceDataset, rows: np.ndarray) -> None:
    side = 48 * ENLARGED
    found = np.array([face.box_xyxy for _, _, face in detections(dataset, rows)]) / side - MARGIN
    sides, centres = found[:, 2] - found[:, 0], (found[:, :2] + found[:, 2:]) / 2
    print(f"Haar alt2: found in {len(found):,} of {len(rows):,} faces ({len(found) / len(rows):.1%})")
    print(f"  side of its box / side of the frame: {_spread(sides)}")
    print(f"  centre of its box, x: {_spread(centres[:, 0])}")
    print(f"  centre of its box, y: {_spread(centres[:, 1])}")


def measure_second_look(dataset: FaceDataset, rows: np.ndarray) -> None:
    detector = HaarDetector()
    greys = [cv2.cvtColor(in_a_photo(np.array(dataset.images[row]), 0), cv2.COLOR_RGB2GRAY) for row in rows]
    first = [bool(detector._look(grey, step=1.1, min_side=30)) for grey in greys]
    both = [one or bool(detector._look_closer(grey)) for one, grey in zip(first, greys, strict=True)]
    print(
        f"Faces that fill their picture: found at first look {np.mean(first):.1%}, with the second {np.mean(both):.1%}"
    )


def measure_eyes(dataset: FaceDataset, rows: np.ndarray) -> None:
    """OpenCV's eye cascade in the upper 60 % of the frame, where it finds exactly two at about the same height."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_eye_tree_eyeglasses.xml"))
    found = []
    for row in rows:
        large = cv2.resize(np.array(dataset.images[row]), (240, 240), interpolation=cv2.INTER_CUBIC)
        boxes = cascade.detectMultiScale(large[:150], 1.05, 4, minSize=(30, 30), maxSize=(90, 90))
        if len(boxes) == 2:
            centres = (boxes[:, :2] + boxes[:, 2:] / 2) / 240
            across, down = np.abs(centres[1] - centres[0])
            if across > 0.2 and down < 0.12:
                found.append([*centres.mean(axis=0), np.hypot(across, down)])
    x, y, distance = np.array(found).T
    print(f"Eyes: both found in {len(found):,} of {len(rows):,} faces")
    print(f"  distance between them / side of the frame: {_spread(distance)}")
    print(f"  midpoint, x: {_spread(x)}")
    print(f"  midpoint, y: {_spread(y)}")


def measure_accuracy(dataset: FaceDataset, rows: np.ndarray, reference: str) -> None:
    model = load_model(reference, checkpoints_root())
    found = list(detections(dataset, rows))
    kept = np.array([row for row, _, _ in found])
    crops = {
        "the image itself": dataset.images[kept],
        "box in FER2013's framing": np.stack([crop_face(photo, frame_of(face)) for _, photo, face in found]),
        "box half as large again": np.stack([crop_face(photo, _grown(face.box_xyxy, 1.5)) for _, photo, face in found]),
    }
    print(f"{model.title} on the {len(kept):,} validation faces in which a face was found:")
    for name, images in crops.items():
        accuracy = np.mean(model.probabilities(images).argmax(axis=1) == dataset.labels[kept])
        print(f"  {name:26} {accuracy:.1%} right")


def _grown(box: tuple[float, float, float, float], factor: float) -> tuple[float, float, float, float]:
    x, y, half = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, (box[2] - box[0]) / 2 * factor
    return x - half, y - half, x + half, y + half


def sample(draw: np.random.Generator, rows: np.ndarray, count: int) -> np.ndarray:
    return np.sort(draw.choice(rows, min(count, len(rows)), replace=False))


def _spread(values: np.ndarray) -> str:
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"median {middle:.3f} (half of them {low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--model", default="")
    parser.add_argument("--faces", type=int, default=600)
    arguments = parser.parse_args()
    dataset = open_dataset(data_root(), arguments.dataset)
    draw = np.random.default_rng(0)
    rows = sample(draw, dataset.rows("train"), arguments.faces)
    measure_haar(dataset, rows)
    measure_second_look(dataset, rows[:: max(1, len(rows) // 500)])
    measure_eyes(dataset, rows)
    if arguments.model:
        measure_accuracy(dataset, sample(draw, dataset.rows("validation"), arguments.faces), arguments.model)


if __name__ == "__main__":
    main()
