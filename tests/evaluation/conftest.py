"""Random and degenerate predictions to test laws on. Draw from the fixture `predictions` with st.data()."""

import numpy as np
import pytest
from hypothesis import strategies as st

from ferdash.emotions import EMOTIONS


def make_predictions(
    seed: int, images: int, *, present: int = 7, skill: float = 1.0, single: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Labels int64 (N,) of the first `present` emotions, and probabilities (N, 7): right more often as skill rises,
    always wrong where it is very negative. single: in float32, as networks give them."""
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, present, images)
    logits = rng.normal(size=(images, len(EMOTIONS)))
    logits[np.arange(images), y_true] += skill
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = odds / odds.sum(axis=1, keepdims=True)
    return y_true, p.astype(np.float32) if single else p


@pytest.fixture(scope="session")
def predictions() -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    """From one image to 120, of one emotion to all seven, all wrong to all right."""
    return st.builds(
        make_predictions,
        st.integers(0, 10_000),
        st.integers(1, 120),
        present=st.integers(1, 7),
        skill=st.sampled_from([-60.0, 0.0, 1.5, 60.0]),
        single=st.booleans(),
    )


@pytest.fixture(scope="session")
def validation_sized() -> tuple[np.ndarray, np.ndarray]:
    """As many images as FER2013's validation split has, about two in three right."""
    return make_predictions(1, 3589, skill=1.9, single=True)
