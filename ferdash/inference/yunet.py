"""YuNet through OpenCV, where its file is there or can be fetched."""

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferdash.errors import ModelError
from ferdash.inference.faces import Face, from_left, reduced, suppress_duplicates

DETECT_SIDE = 1024
"""Longer side, in pixels, at which faces are looked for."""

YUNET_REPOSITORY = "opencv/face_detection_yunet"
YUNET_FILES = ("face_detection_yunet_2026may.onnx", "face_detection_yunet_2023mar.onnx")
"""Newest first. Both hold the same weights; the newer takes pictures of any size in every runtime, the older in
OpenCV 4's alone."""


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
        image_bgr, scale = reduced(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), DETECT_SIDE)
        network = self._network()
        network.setInputSize((image_bgr.shape[1], image_bgr.shape[0]))
        _, rows = network.detect(image_bgr)
        faces = [yunet_face(row) for row in (rows if rows is not None else [])]
        return [face.mapped(scale) for face in from_left(suppress_duplicates(faces))]

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
    """YuNet's newest file in `checkpoints`/detectors, else from the Hugging Face Hub, 230 kB downloaded once.

    Raises ModelError, saying where to put the file, when it cannot be downloaded.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    folder = checkpoints / "detectors"
    if (path := _newest(folder)) is not None:
        return path
    try:
        # Unlike hf_hub_download this gives up at once, and without retries on stderr, where there is no network.
        path = _newest(Path(snapshot_download(YUNET_REPOSITORY, allow_patterns=list(YUNET_FILES), etag_timeout=5)))
        reason = "the Hugging Face Hub does not offer it"
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        reason = "the Hugging Face Hub cannot be reached"
    if path is None:
        raise ModelError(
            f"YuNet's file is not on this computer and {reason}. Put {YUNET_FILES[0]} from {YUNET_REPOSITORY} into "
            f"{folder}, or use the built-in detector centerface."
        )
    return path


def find_yunet(checkpoints: Path) -> Path | None:
    """YuNet's newest file on this computer, in `checkpoints`/detectors or downloaded before; None where it is not."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if (path := _newest(checkpoints / "detectors")) is not None:
        return path
    try:
        return _newest(Path(snapshot_download(YUNET_REPOSITORY, local_files_only=True)))
    except (LocalEntryNotFoundError, OSError):
        return None


def _newest(folder: Path) -> Path | None:
    return next((folder / name for name in YUNET_FILES if (folder / name).is_file()), None)
