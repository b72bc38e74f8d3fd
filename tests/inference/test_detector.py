import logging
from importlib import util
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from ferdash.errors import ModelError
from ferdash.inference import detector as detectors
from ferdash.inference.detector import HaarDetector, find_faces, load_detector
from ferdash.paths import checkpoints_root


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return data.astronaut()


def test_small_pictures_are_taken_whole_unless_told_otherwise(astronaut: np.ndarray) -> None:
    small, detector = astronaut[:64, :50], HaarDetector()
    (face,) = find_faces(small, detector)
    assert (face.box_xyxy, face.detector, face.confidence) == ((0, 0, 50, 64), "whole", 1.0)
    assert find_faces(small, detector, whole=False) == []
    assert find_faces(astronaut[:65, :50], detector) == []
    assert [face.detector for face in find_faces(astronaut, detector, whole=True)] == ["whole"]


@pytest.mark.parametrize("size", [(1, 1), (11, 40), (40, 11), (40, 65)])
def test_a_picture_too_small_or_too_large_for_a_cut_out_face_is_none(size: tuple[int, int]) -> None:
    picture, detector = np.full((*size, 3), 90, np.uint8), load_detector("centerface", checkpoints_root())
    assert find_faces(picture, detector) == []
    assert len(find_faces(picture, detector, whole=True)) == 1


def test_an_unknown_detector(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no face detector “hog”; choose one of centerface, haar, yunet"):
        load_detector("hog", tmp_path)
    assert load_detector("haar", tmp_path).name == "haar"
    assert load_detector("centerface", tmp_path).name == "centerface"


def test_without_onnx_runtime_haar_stands_in_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(detectors, "find_spec", lambda name: None if name == "onnxruntime" else util.find_spec(name))
    with caplog.at_level(logging.WARNING):
        assert load_detector("centerface", tmp_path).name == "haar"
    assert "ONNX Runtime is not installed" in caplog.text
