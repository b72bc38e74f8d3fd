"""What docs/python.md and the notebook show is run as it stands there."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image
from skimage.data import astronaut

from ferdash.video.sample import write_sample

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with a photo and a short film, where datasets and runs go to folders of its own."""
    Image.fromarray(astronaut()[:256, 96:352]).save(tmp_path / "photo.jpg", quality=95)
    write_sample(tmp_path / "talk.mp4", seconds=3)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path / "checkpoints"))
    (tmp_path / "checkpoints").mkdir()
    for name in ("models", "detectors"):
        (tmp_path / "checkpoints" / name).symlink_to(PROJECT / "checkpoints" / name)
    return tmp_path


def test_the_page_of_the_python_interface(here, fork):
    page = (PROJECT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 6
    done = fork("\n".join(blocks))
    stdout, stderr = done.communicate()
    assert done.returncode == 0, stderr
    assert stdout.startswith("Prediction('photo.jpg': happy ")
    assert "There is no model “nobody”" in stdout
    assert (here / "talk" / "frames.csv").is_file()


def test_the_notebook(here, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    notebook = nbformat.read(PROJECT / "examples" / "first_look.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(here)}}).execute()
    shown = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    picture, _, film, segments = shown
    assert "happy" in picture
    assert "data:image/jpeg;base64," in picture
    assert "data:image/png;base64," in film
    assert "emotion" in segments
    assert not list((here / "data").glob("analyses/*")), "keep=False keeps nothing"
