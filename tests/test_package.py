"""The wheel, in an empty folder far from the checkout: models, detector, app and commands are all in it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from skimage.data import astronaut

PROJECT = Path(__file__).parents[1]
APP = """
from pathlib import Path
from streamlit.testing.v1 import AppTest
from ferdash.paths import app_script
app = AppTest.from_file(str(app_script()), default_timeout=120).run()
app.switch_page("pages/predict.py").run()
assert not app.exception, app.exception
print(app.title[0].value, "|", app_script())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what pip would put into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(PROJECT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("ferdash-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


@pytest.fixture
def run(installed: Path, tmp_path: Path):
    """Run Python with the installed ferdash, in an empty folder, as somebody whose home folder is empty."""

    def go(*arguments: str) -> str:
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
        home = {"HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path / "home")}
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "empty").mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path / "empty",
            env=kept | home | {"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return go


def test_it_predicts_with_the_models_it_holds(run, tmp_path):
    Image.fromarray(astronaut()[:256, 96:352]).save(tmp_path / "she.png")
    document = json.loads(run("-m", "ferdash", "predict", str(tmp_path / "she.png"), "--json"))
    (face,) = document["photos"][0]["faces"]
    assert document["model"] == "fernet-plus"
    assert (document["engine"], face["detector"]) == ("onnx", "centerface")
    assert face["emotion"] == "happy"  # she smiles


def test_its_app_opens(run, installed):
    title, _, script = run("-c", APP).strip().partition(" | ")
    assert title == "Predict"
    assert Path(script).is_relative_to(installed)


def test_it_keeps_things_in_a_folder_of_the_user(run, tmp_path, installed):
    *places, refused = run(
        "-c",
        "import sys; sys.stderr = sys.stdout; sys.argv = ['ferdash', 'calibrate', 'fernet']\n"
        "from ferdash import paths; print(paths.data_root(), paths.checkpoints_root(), paths.SHIPPED, sep='\\n')\n"
        "from ferdash.training.start import code_version; print(code_version())\n"
        "from ferdash.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 1",
    ).split("\n", maxsplit=4)
    assert all(Path(place).is_relative_to(tmp_path / "home") for place in places[:2])
    assert Path(places[2]).is_relative_to(installed)
    assert places[3].startswith("ferdash 0.")
    assert "fernet is part of the installed ferdash, which is not written to. Copy " in refused
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_model_of_the_user_comes_before_one_of_the_same_name(run, tmp_path, installed):
    own = tmp_path / "own" / "models" / "fernet"
    own.mkdir(parents=True)
    (own / "config.json").write_text("{}")
    found = run(
        "-c",
        "from pathlib import Path; from ferdash.models.catalogue import list_models;"
        "from ferdash.models.reference import export_folder, model_folder;"
        f"root = Path({str(tmp_path / 'own')!r});"
        "print(*[entry.reference for entry in list_models(root) if entry.kind == 'shipped']);"
        "print(model_folder('fernet', root), model_folder('fernet-plus', root), sep='\\n');"
        "print(export_folder('fernet-plus', root), export_folder('fernet-plus@size=96', root), sep='\\n')",
    ).splitlines()
    shipped = installed / "ferdash" / "_shipped" / "models"
    assert found[0] == "fernet-plus fernet"
    assert [Path(line) for line in found[1:3]] == [own, shipped / "fernet-plus"]
    assert Path(found[3]) == shipped / "fernet-plus" / "onnx"
    assert tmp_path / "own" / "exports" in Path(found[4]).parents, "the package is not written to"


def test_nothing_of_the_checkout_slips_in(installed):
    (wheel,) = installed.parent.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"ferdash/py.typed", "ferdash/_app/.streamlit/config.toml", "ferdash/published/report.toml"} <= names
    models = {name.split("/")[3] for name in names if name.startswith("ferdash/_shipped/models/")}
    assert models == {"fernet", "fernet-plus"}
    assert not [name for name in names if name.startswith(("tests", "benchmarks")) or name.endswith(".pyc")]


def test_extras_and_versions_are_declared(installed):
    (metadata,) = installed.glob("*.dist-info/METADATA")
    text = metadata.read_text(encoding="utf-8")
    required = {line for line in text.splitlines() if line.startswith("Requires-Dist: ") and "extra ==" not in line}
    listed = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert len(required) == len([line for line in listed if line and not line.startswith("#")])
    assert "Provides-Extra: onnx" in text
    assert all(f"Programming Language :: Python :: 3.{minor}" in text for minor in (11, 12, 13))
