"""Sources to import: pictures as files, zips and tables, made from arrays."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def noise_faces() -> Callable[..., np.ndarray]:
    """uint8 (count, 48, 48), all different."""

    def make(count: int, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), dtype=np.uint8)

    return make


@pytest.fixture(scope="session")
def png() -> Callable[[np.ndarray], bytes]:
    """An image as PNG, which loses nothing."""

    def encode(image: np.ndarray) -> bytes:
        return cv2.imencode(".png", image)[1].tobytes()

    return encode


@pytest.fixture(scope="session")
def write_zip() -> Callable[[Path, Mapping[str, bytes]], Path]:
    def write(path: Path, files: Mapping[str, bytes]) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path

    return write


@pytest.fixture(scope="session")
def write_folder() -> Callable[[Path, Mapping[str, bytes]], Path]:
    def write(folder: Path, files: Mapping[str, bytes]) -> Path:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder

    return write


@pytest.fixture
def kaggle_files(noise_faces: Callable[..., np.ndarray], png: Callable[[np.ndarray], bytes]) -> dict[str, bytes]:
    """Kaggle's layout with both official test halves: 8 training images, 2 of PublicTest, 1 of PrivateTest."""
    names = [f"train/{emotion}/Training_{n}.jpg" for emotion in ("angry", "happy") for n in range(4)]
    names += ["test/sad/PublicTest_1.jpg", "test/happy/PublicTest_2.jpg", "test/fear/PrivateTest_3.jpg"]
    return {name: png(face) for name, face in zip(names, noise_faces(len(names)), strict=True)}
