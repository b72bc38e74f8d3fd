import cv2
import numpy as np

from ferdash.data.sharpness import laplacian, sharpness


def test_it_is_opencvs_within_the_border() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)
    golden = np.stack([cv2.Laplacian(image, cv2.CV_32F)[1:-1, 1:-1] for image in images])
    np.testing.assert_array_equal(laplacian(images), golden)
    np.testing.assert_allclose(sharpness(images), golden.reshape(5, -1).var(axis=1), rtol=1e-4)


def test_one_shade_has_none() -> None:
    assert sharpness(np.full((2, 9, 9), 77, dtype=np.uint8)).tolist() == [0, 0]
