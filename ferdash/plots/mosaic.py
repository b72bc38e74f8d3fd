"""Faces as pictures for a browser, which draws one image of a hundred tiles much sooner than a hundred images."""

import base64
import math

import cv2
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


def picture_url(image: np.ndarray) -> str:
    """uint8 grey (H, W) or RGB (H, W, 3) as a data URL (PNG)."""
    ordered = image if image.ndim == 2 else image[:, :, ::-1]
    return "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", ordered)[1].tobytes()).decode()
