"""What a face looks like, in few numbers: enough to tell two people of one scene apart, not to recognise anybody.

Nothing here identifies a person; it only says whether a face that came back is one of those seen seconds ago.
"""

import cv2
import numpy as np

LEVELS = 6
PATCH = 12
COLOURS_WEIGHT = 0.6
"""Share of the colours in the distance; the rest is the pattern of light and dark."""


def describe(image_rgb: np.ndarray, box_xyxy: np.ndarray) -> np.ndarray:
    """float32 (LEVELS ** 3 + PATCH ** 2,) of a box in a uint8 RGB picture: colours and pattern of the face."""
    height, width = image_rgb.shape[:2]
    x0, y0 = int(np.clip(box_xyxy[0], 0, width - 1)), int(np.clip(box_xyxy[1], 0, height - 1))
    x1, y1 = int(np.clip(box_xyxy[2], x0 + 1, width)), int(np.clip(box_xyxy[3], y0 + 1, height))
    face = cv2.resize(image_rgb[y0:y1, x0:x1], (48, 48), interpolation=cv2.INTER_AREA)
    colours = cv2.calcHist([face], [0, 1, 2], None, [LEVELS] * 3, [0, 256] * 3).ravel()
    colours = np.sqrt(colours / colours.sum())
    pattern = cv2.resize(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), (PATCH, PATCH), interpolation=cv2.INTER_AREA)
    return np.concatenate([colours, _normalised(pattern.astype(np.float32).ravel())]).astype(np.float32)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """0 for the same picture, towards 1 for faces that share neither colours nor pattern.

    Colours by Hellinger's distance, the pattern by its correlation.
    """
    colours = float(np.dot(one[: LEVELS**3], other[: LEVELS**3]))
    pattern = float(np.dot(one[LEVELS**3 :], other[LEVELS**3 :]))
    apart = COLOURS_WEIGHT * np.sqrt(max(0.0, 1 - colours)) + (1 - COLOURS_WEIGHT) * (1 - pattern) / 2
    return float(np.clip(apart, 0, 1))  # float32 goes astray in the last digit


def blend(known: np.ndarray, new: np.ndarray, share: float) -> np.ndarray:
    """`known` with `share` of `new`, normalised again."""
    colours = (1 - share) * known[: LEVELS**3] ** 2 + share * new[: LEVELS**3] ** 2
    pattern = (1 - share) * known[LEVELS**3 :] + share * new[LEVELS**3 :]
    return np.concatenate([np.sqrt(colours), _normalised(pattern)]).astype(np.float32)


def _normalised(pattern: np.ndarray) -> np.ndarray:
    centred = pattern - pattern.mean()
    length = float(np.linalg.norm(centred))
    found: np.ndarray = centred / length if length > 0 else centred
    return found
