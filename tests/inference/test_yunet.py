from pathlib import Path

import cv2
import numpy as np
import pytest
from huggingface_hub import constants

from ferdash.errors import ModelError
from ferdash.inference.detector import load_detector
from ferdash.inference.yunet import YUNET_FILES, YuNetDetector, fetch_yunet, yunet_face


def test_a_row_of_yunet_is_read_in_its_order() -> None:
    row = np.array([10, 20, 30, 40, 15, 30, 32, 31, 24, 40, 17, 50, 31, 51, 0.75], np.float32)
    found = yunet_face(row)
    assert found.box_xyxy == (10, 20, 40, 60)
    assert found.landmarks == ((15, 30), (32, 31), (24, 40), (17, 50), (31, 51))
    assert found.confidence == 0.75


class FakeYuNet:
    """Answers as cv2.FaceDetectorYN does; remembers the size it was told."""

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
        self.size = size

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert image.shape[1::-1] == self.size
        if not image.any():
            return 1, None
        row = [100, 50, 80, 90, 120, 80, 160, 80, 140, 100, 125, 120, 155, 120, 0.9]
        return 1, np.array([row, [*row[:14], 0.7]], np.float32)


def test_yunet_is_used_at_reduced_size_and_its_answer_scaled_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: FakeYuNet())
    detector = YuNetDetector(tmp_path / YUNET_FILES[0])
    (found,) = detector(np.full((1024, 2048, 3), 9, np.uint8))
    assert found.box_xyxy == (200, 100, 360, 280)
    assert found.landmarks is not None
    assert found.landmarks[0] == (240, 160)
    assert detector(np.zeros((100, 100, 3), np.uint8)) == []


def test_yunets_file_is_missing_or_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ModelError, match=f"Put {YUNET_FILES[0]} from .* or use the built-in detector centerface"):
        load_detector("yunet", tmp_path)
    assert not (tmp_path / "detectors").exists()
    (tmp_path / "detectors").mkdir()
    (tmp_path / "detectors" / YUNET_FILES[0]).write_text("no network")
    with pytest.raises(ModelError, match="is not a face detector that OpenCV can read"):
        load_detector("yunet", tmp_path)


def test_the_newest_of_yunets_files_is_taken(tmp_path: Path) -> None:
    (tmp_path / "detectors").mkdir()
    (tmp_path / "detectors" / "face_detection_yunet_2023mar.onnx").touch()
    assert fetch_yunet(tmp_path).name == "face_detection_yunet_2023mar.onnx"
    (tmp_path / "detectors" / "face_detection_yunet_2026may.onnx").touch()
    assert fetch_yunet(tmp_path).name == "face_detection_yunet_2026may.onnx"
