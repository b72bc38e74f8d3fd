"""Where the faces are: OpenCV's Haar cascade, built in, or YuNet where its file is there or can be fetched.

Detectors keep one cascade or network a thread, since OpenCV's are not safe to share, and can be used from several
sessions at once.
"""

import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from ferdash.errors import ModelError

DETECTORS = ("haar", "yunet")
DETECTION_SIDE = 1024
"""Longer side, in pixels, at which faces are looked for; boxes are given in the picture's own pixels."""

WHOLE_SIDE = 64
"""A picture no larger than this on either side is taken for a face that was cut out already."""

STEP, QUICK_STEP = 1.1, 1.2
"""Ratio of the sizes at which the Haar cascade looks for faces. With the coarser one a look takes about half as long,
and finds 97 of 100 faces pasted into noise instead of 99."""

YUNET_REPOSITORY = "opencv/face_detection_yunet"
YUNET_FILE = "face_detection_yunet_2023mar.onnx"


@dataclass(frozen=True)
class Face:
    """One face in a picture.

    box_xyxy: as the detector drew it, in pixels. confidence: 0 to 1. detector: haar, yunet or whole.
    landmarks: right eye, left eye, nose, right and left mouth corner as (x, y), where the detector knows them.
    """

    box_xyxy: tuple[float, float, float, float]
    confidence: float
    detector: str
    landmarks: tuple[tuple[float, float], ...] | None = None


class Detector(Protocol):
    """Anything that finds faces in a uint8 RGB picture."""

    name: str

    def __call__(self, image_rgb: np.ndarray, *, min_side: int = 0, quick: bool = False) -> list[Face]:
        """The faces, from left to right. To save time, where a detector can: min_side, in pixels, below which faces
        need not be found; quick, for a look that may miss one now and then."""
        ...


def load_detector(name: str, checkpoints: Path) -> Detector:
    """The detector of that name; YuNet's file is looked for in `checkpoints`/detectors and fetched if need be.

    Raises ModelError for an unknown name, and when YuNet's file is neither there nor to be had.
    """
    if name == "haar":
        return HaarDetector()
    if name == "yunet":
        return YuNetDetector(fetch_yunet(checkpoints))
    raise ModelError(f"There is no face detector “{name}”; choose one of {', '.join(DETECTORS)}.")


def whole_picture(image_rgb: np.ndarray) -> Face:
    """The whole picture as one face, for faces that were cut out already."""
    height, width = image_rgb.shape[:2]
    return Face((0.0, 0.0, float(width), float(height)), 1.0, "whole")


def find_faces(image_rgb: np.ndarray, detector: Detector, whole: bool | None = None) -> list[Face]:
    """Faces of a uint8 RGB picture, left to right. whole: True takes the picture itself for a face, False never does,
    None does so up to WHOLE_SIDE pixels."""
    if whole or (whole is None and max(image_rgb.shape[:2]) <= WHOLE_SIDE):
        return [whole_picture(image_rgb)]
    return detector(image_rgb)


class HaarDetector:
    """Viola and Jones, "Rapid Object Detection using a Boosted Cascade" (2001), with OpenCV's frontalface_alt2.

    The confidence is a logistic of the last stage's sum: FER2013's faces lie mostly above 55.2, patterns that are no
    face below. Where nothing is found the picture is looked at once more, with its border continued by a quarter and
    in finer steps: the cascade wants some room around a face. Of FER2013's faces, which fill their picture, this finds
    76 % instead of 54 %; equalising the histogram first added nothing. A quick look goes in steps of QUICK_STEP.
    """

    name = "haar"

    def __init__(self, min_confidence: float = 0.5, min_side: int = 30) -> None:
        self.min_confidence = min_confidence
        self.min_side = min_side
        self._local = threading.local()

    def __call__(self, image_rgb: np.ndarray, *, min_side: int = 0, quick: bool = False) -> list[Face]:
        grey, scale = _reduced(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY))
        step, smallest = QUICK_STEP if quick else STEP, max(self.min_side, round(min_side / scale))
        faces = self._look(grey, step=step, min_side=smallest) or ([] if quick else self._look_closer(grey))
        return [_scaled(face, scale) for face in _from_left(suppress_duplicates(faces))]

    def _look(self, grey: np.ndarray, *, step: float, min_side: int, margin: int = 0) -> list[Face]:
        boxes, _, sums = self._cascade().detectMultiScale3(
            grey, scaleFactor=step, minNeighbors=4, minSize=(min_side, min_side), outputRejectLevels=True
        )
        faces = []
        for (x, y, width, height), stage_sum in zip(boxes, np.ravel(sums), strict=True):
            confidence = 1 / (1 + math.exp(-3 * (float(stage_sum) - 55.1)))
            if confidence >= self.min_confidence:
                left, top = float(x) - margin, float(y) - margin
                faces.append(Face((left, top, left + float(width), top + float(height)), confidence, self.name))
        return faces

    def _look_closer(self, grey: np.ndarray) -> list[Face]:
        short = min(grey.shape)
        margin = short // 4
        padded = cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        return self._look(padded, step=1.05, min_side=max(self.min_side, int(0.3 * short)), margin=margin)

    def _cascade(self) -> cv2.CascadeClassifier:
        if not hasattr(self._local, "cascade"):
            path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
            self._local.cascade = cv2.CascadeClassifier(str(path))
        return self._local.cascade


class YuNetDetector:
    """Wu et al., "YuNet: A Tiny Millisecond-level Face Detector" (2023), with its five landmarks.

    Raises ModelError when OpenCV cannot read the file.
    """

    name = "yunet"

    def __init__(self, path: Path, min_confidence: float = 0.6) -> None:
        self.path = path
        self.min_confidence = min_confidence
        self._local = threading.local()
        self._network()

    def __call__(self, image_rgb: np.ndarray, *, min_side: int = 0, quick: bool = False) -> list[Face]:
        image_bgr, scale = _reduced(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR))
        network = self._network()
        network.setInputSize((image_bgr.shape[1], image_bgr.shape[0]))
        _, rows = network.detect(image_bgr)
        faces = [yunet_face(row) for row in (rows if rows is not None else [])]
        return [_scaled(face, scale) for face in _from_left(suppress_duplicates(faces))]

    def _network(self) -> Any:
        if not hasattr(self._local, "network"):
            try:
                self._local.network = cv2.FaceDetectorYN.create(str(self.path), "", (320, 320), self.min_confidence)
            except cv2.error as error:
                raise ModelError(
                    f"{self.path.name} in {self.path.parent} is not a face detector that OpenCV can read; "
                    "delete it and fetch it again."
                ) from error
        return self._local.network


def yunet_face(row: np.ndarray) -> Face:
    """A row of FaceDetectorYN (x, y, width, height, five landmarks, score) as a Face."""
    x, y, width, height = (float(value) for value in row[:4])
    landmarks = tuple((float(px), float(py)) for px, py in np.reshape(row[4:14], (5, 2)))
    return Face((x, y, x + width, y + height), float(row[14]), "yunet", landmarks)


def fetch_yunet(checkpoints: Path) -> Path:
    """YuNet's file in `checkpoints`/detectors, else from the Hugging Face Hub, downloaded once (230 kB) and cached.

    Raises ModelError, saying where to put the file, when it cannot be downloaded.
    """
    path = checkpoints / "detectors" / YUNET_FILE
    if path.is_file():
        return path
    try:
        # Unlike hf_hub_download this gives up at once, and without retries on stderr, where there is no network.
        return Path(snapshot_download(YUNET_REPOSITORY, allow_patterns=[YUNET_FILE], etag_timeout=5)) / YUNET_FILE
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"YuNet's file is not on this computer and the Hugging Face Hub cannot be reached. Put {YUNET_FILE} from "
            f"{YUNET_REPOSITORY} into {path.parent}, or use the built-in detector haar."
        ) from error


def suppress_duplicates(faces: list[Face], overlap: float = 0.5) -> list[Face]:
    """Of boxes that share more than `overlap` of the smaller one's area, keep the most confident."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if all(_shared(face.box_xyxy, other.box_xyxy) <= overlap for other in kept):
            kept.append(face)
    return kept


def _shared(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(width, 0.0) * max(height, 0.0) / smaller if smaller > 0 else 1.0


def _from_left(faces: list[Face]) -> list[Face]:
    return sorted(faces, key=lambda face: (face.box_xyxy[0], face.box_xyxy[1]))


def _reduced(image: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture at no more than DETECTION_SIDE, and the factor back to its own pixels."""
    scale = max(image.shape[:2]) / DETECTION_SIDE
    if scale <= 1:
        return image, 1.0
    size = (max(1, round(image.shape[1] / scale)), max(1, round(image.shape[0] / scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def _scaled(face: Face, scale: float) -> Face:
    """The face of a reduced picture in the pixels of the full one."""
    x0, y0, x1, y1 = (value * scale for value in face.box_xyxy)
    points = face.landmarks and tuple((x * scale, y * scale) for x, y in face.landmarks)
    return Face((x0, y0, x1, y1), face.confidence, face.detector, points)
