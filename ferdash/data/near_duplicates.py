"""Finding pictures that are the same but for compression, brightness, a watermark or a shift of a pixel or two."""

from collections.abc import Callable

import numpy as np

from ferdash.data.statistics import image_quality

MIN_THUMBNAIL_CORRELATION = 0.94
"""Of the 12 x 12 reductions; below it a pair is not looked at any further."""

MIN_CORRELATION = 0.92
"""Of the pictures themselves, at their best shift. Looked at by eye on FER2013: pairs above it show the same
photograph, between 0.85 and 0.9 more and more pairs are merely similar people."""

MIN_CONTRAST = 8.0
"""Standard deviation in grey levels; pictures below it have too little in them to be compared."""

MAX_SHIFT = 2

_POOL = 4
_BLOCK = 2048


def near_duplicate_pairs(images: np.ndarray, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
    """int64 (K, 2): rows a < b of uint8 (N, H, W) `images` (H and W multiples of 4) that show the same picture.

    Each pair's normalized cross-correlation (Lewis 1995, Fast Normalized Cross-Correlation), which no change of
    brightness or contrast alters, reaches MIN_CORRELATION when one picture is shifted by up to MAX_SHIFT pixels.
    Candidates come from comparing all pairs as thumbnails. `progress` is called with (blocks done, blocks in all).
    """
    rows = np.flatnonzero(image_quality(images)["contrast"].to_numpy() >= MIN_CONTRAST)
    candidates = rows[_similar_thumbnails(images[rows], progress or (lambda done, total: None))]
    found: np.ndarray = candidates[_best_correlation(images, candidates) >= MIN_CORRELATION]
    return found


def _similar_thumbnails(images: np.ndarray, progress: Callable[[int, int], None]) -> np.ndarray:
    count, height, width = images.shape
    tiles = images.reshape(count, height // _POOL, _POOL, width // _POOL, _POOL)
    thumbnails = _normalized(tiles.mean(axis=(2, 4), dtype=np.float32))
    order, position = _along_main_axis(thumbnails)
    thumbnails = thumbnails[order]
    # For vectors of length 1, |a - b|² = 2 - 2 a·b, and no projection of a - b is longer than a - b itself.
    reach = np.sqrt(2 - 2 * MIN_THUMBNAIL_CORRELATION) + 1e-5
    found = [np.empty((0, 2), dtype=np.int64)]
    for top in range(0, count, _BLOCK):
        bottom = min(top + _BLOCK, count)
        end = int(np.searchsorted(position, position[bottom - 1] + reach, side="right"))
        for left in range(top, end, _BLOCK):
            similar = thumbnails[top:bottom] @ thumbnails[left : min(left + _BLOCK, end)].T
            # Hardly any block has a pair, and the maximum is far quicker than looking for places.
            if similar.max() >= MIN_THUMBNAIL_CORRELATION:
                places = np.argwhere(similar >= MIN_THUMBNAIL_CORRELATION) + np.array([top, left])
                found.append(places[places[:, 0] < places[:, 1]])
        progress(bottom, count)
    pairs = np.sort(order[np.concatenate(found)], axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _along_main_axis(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of float32 (N, D) rows along the direction in which they differ most, and their sorted positions."""
    axis = np.linalg.eigh(vectors.T @ vectors)[1][:, -1]
    position = vectors @ axis
    order = np.argsort(position, kind="stable")
    return order, position[order]


def _best_correlation(images: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    best = np.full(len(pairs), -1.0, dtype=np.float32)
    height, width = images.shape[1] - 2 * MAX_SHIFT, images.shape[2] - 2 * MAX_SHIFT
    for start in range(0, len(pairs), _BLOCK):
        part = slice(start, start + _BLOCK)
        first, second = images[pairs[part, 0]], images[pairs[part, 1]]
        centre = _normalized(first[:, MAX_SHIFT : MAX_SHIFT + height, MAX_SHIFT : MAX_SHIFT + width])
        for down in range(2 * MAX_SHIFT + 1):
            for right in range(2 * MAX_SHIFT + 1):
                shifted = _normalized(second[:, down : down + height, right : right + width])
                best[part] = np.maximum(best[part], (centre * shifted).sum(axis=1))
    return best


def _normalized(images: np.ndarray) -> np.ndarray:
    """float32 (N, pixels) with mean 0 and length 1 in every row, so that a product of rows is their correlation."""
    flat = images.reshape(len(images), images.shape[1] * images.shape[2]).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    found: np.ndarray = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return found
