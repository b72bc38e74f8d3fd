"""Temperature scaling, numpy alone: importing SciPy takes longer than a photo.

Guo et al., "On Calibration of Modern Neural Networks" (2017), section 4.2.
"""

import numpy as np

from ferdash.errors import EvaluationError

_TINY = np.finfo(np.float64).tiny


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (N, C), float64, of logits (N, C)."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return found


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Logarithms, float64, that of 0 finite. They stand for the logits, from which a row differs by a constant."""
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _TINY))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities after dividing the logits by `temperature`, float64 (N, 7). Above 1 softens; the order stays.

    Raises EvaluationError for a temperature that is not above 0.
    """
    if not temperature > 0:
        raise EvaluationError(f"A temperature must be above 0, but it is {temperature}.")
    return softmax(log_probabilities(probabilities) / temperature)
