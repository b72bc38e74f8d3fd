"""How sharp pictures are, by the Laplacian over four neighbours: Pech-Pacheco et al., "Diatom autofocusing in
brightfield microscopy: a comparative study" (2000)."""

import numpy as np


def laplacian(images: np.ndarray) -> np.ndarray:
    """int16 (N, H - 2, W - 2) of uint8 (N, H, W): four neighbours minus four times the pixel, within the border.

    >>> laplacian(np.array([[[0, 0, 0], [0, 9, 0], [0, 1, 0]]], dtype=np.uint8))
    array([[[-35]]], dtype=int16)
    """
    wide = images.astype(np.int16)
    across = wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    return wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + across - 4 * wide[:, 1:-1, 1:-1]


def sharpness(images: np.ndarray) -> np.ndarray:
    """float32 (N,): variance of each picture's Laplacian; noise raises it too."""
    found: np.ndarray = laplacian(images).reshape(len(images), -1).var(axis=1, dtype=np.float32)
    return found
