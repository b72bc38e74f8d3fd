"""What many tests start from: a small dataset of drawn faces, made once."""

from pathlib import Path

import pytest
from hypothesis import settings

from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.data.demo import make_demo

# A busy machine may take its time over one example without anything being wrong.
settings.register_profile("ferdash", deadline=None, max_examples=50)
settings.load_profile("ferdash")


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root that holds the dataset "demo", 210 images; treat it as read-only."""
    root = tmp_path_factory.mktemp("data")
    make_demo(root, images=210)
    return root


@pytest.fixture
def demo_dataset(demo_root: Path) -> FaceDataset:
    return open_dataset(demo_root, "demo")
