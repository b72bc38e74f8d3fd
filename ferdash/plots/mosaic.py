"""Many faces as one picture: a browser draws one image of a hundred tiles much sooner than a hundred images."""

import math

import numpy as np


def mosaic(faces: np.ndarray, columns: int) -> np.ndarray:
    """Faces side by side, row by row, `columns` in a row.

    faces: uint8 (N, H, W), N at least 1. Returns uint8 (ceil(N / columns) * H, columns * W); unused tiles are black.
    """
    number, height, width = faces.shape
    rows = math.ceil(number / columns)
    tiles = np.zeros((rows * columns, height, width), dtype=np.uint8)
    tiles[:number] = faces
    return tiles.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def enlarge(face: np.ndarray, factor: int) -> np.ndarray:
    """uint8 (H, W) -> (H * factor, W * factor), each pixel a square, so that one sees exactly what a model sees."""
    return face.repeat(factor, axis=0).repeat(factor, axis=1)
