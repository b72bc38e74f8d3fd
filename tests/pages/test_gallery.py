import base64

import cv2
import numpy as np
import pytest

from pages.parts.common.gallery import picture_url


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_picture_url_holds_exactly_these_pixels(shape: tuple[int, ...]):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    kind, _, content = picture_url(image).partition(",")
    assert kind == "data:image/png;base64"
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decoded if len(shape) == 2 else decoded[:, :, ::-1], image)
