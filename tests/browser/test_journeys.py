"""The two main journeys: a dataset dropped and counted, a photo dropped and read."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from ferdash.data.demo import draw_face
from ferdash.emotions import EMOTIONS

pytestmark = pytest.mark.browser


@pytest.fixture
def kaggle_zip(tmp_path: Path) -> Path:
    """Kaggle's layout with 3 training, 2 validation and 1 test image for each emotion."""
    rng = np.random.default_rng(7)
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for emotion in EMOTIONS:
            names = [f"train/{emotion}/Training_{number}.png" for number in range(3)]
            names += [f"test/{emotion}/PublicTest_{number}.png" for number in range(2)]
            names += [f"test/{emotion}/PrivateTest_0.png"]
            for name in names:
                archive.writestr(name, cv2.imencode(".png", draw_face(emotion, rng))[1].tobytes())
    return path


def test_a_dropped_dataset_shows_its_counts(page: Page, kaggle_zip: Path, import_dataset: Callable[[Page, Path], None]):
    import_dataset(page, kaggle_zip)
    for label, value in (("Images", "42"), ("Train", "21"), ("Validation", "14"), ("Test", "7")):
        metric = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
        expect(metric.get_by_test_id("stMetricValue")).to_have_text(value)


def test_a_dropped_photo_is_read(page: Page, app, tmp_path: Path):
    from skimage.data import astronaut

    photo = tmp_path / "astronaut.png"
    photo.write_bytes(cv2.imencode(".png", astronaut()[:, :, ::-1])[1].tobytes())
    page.locator("input[type=file]").set_input_files(photo)
    card = page.get_by_role("article", name="face 1")
    expect(card).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)
    shares = [float(text.removesuffix("%")) for text in card.locator(".fer-share").all_inner_texts()]
    assert len(shares) == len(EMOTIONS)
    assert sum(shares) == pytest.approx(100, abs=0.5)
    if app.shipped:  # she smiles
        expect(card).to_contain_text("1 · happy")
