"""Opening an imported dataset against importing it again, and how fast the import is.

    python benchmarks/dataset_opening.py path/to/fer2013.zip

Without a path, 5,000 drawn faces are zipped first. The import reads and decodes every picture; opening maps the pixels
and reads the table of labels.
"""

import argparse
import platform
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ferdash.data.dataset import open_dataset
from ferdash.data.demo import draw_face
from ferdash.data.sources import import_dataset
from ferdash.emotions import EMOTIONS

OPENINGS = 7
DRAWN = 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, nargs="?", help="a zip, CSV file or folder; drawn faces when left out")
    with tempfile.TemporaryDirectory() as folder:
        source = parser.parse_args().source or zip_drawn_faces(Path(folder) / "drawn.zip")
        root = Path(folder) / "data"
        busy = time.process_time()
        import_s = seconds(lambda: import_dataset(source, root, "measured"))
        busy = time.process_time() - busy
        images = len(open_dataset(root, "measured"))  # also the warm-up: the first opening loads the parquet reader
        open_s = statistics.median(seconds(lambda: open_dataset(root, "measured")) for _ in range(OPENINGS))
    print(f"{platform.machine()}, Python {platform.python_version()}, OpenCV {cv2.__version__}, NumPy {np.__version__}")
    print(f"import  {images:,} images in {import_s:.2f} s ({busy:.2f} s of processor time)")
    print(f"open    {open_s * 1000:.1f} ms, median of {OPENINGS}")
    print(f"ratio   {import_s / open_s:,.0f}")


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def zip_drawn_faces(path: Path) -> Path:
    """DRAWN faces at `path` in Kaggle's layout; only a few hundred are different, which decoding does not notice."""
    rng = np.random.default_rng(0)
    faces = [(emotion, cv2.imencode(".jpg", draw_face(emotion, rng))[1].tobytes()) for emotion in EMOTIONS * 50]
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(DRAWN):
            emotion, content = faces[number % len(faces)]
            archive.writestr(f"train/{emotion}/Training_{number}.jpg", content)
    return path


if __name__ == "__main__":
    main()
