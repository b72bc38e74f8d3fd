"""`ferdash.predict`: the same answers as the command's, whatever the picture is given as."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import ferdash
from ferdash.errors import ImageError, ModelError
from ferdash.inference.detector import load_detector
from ferdash.inference.photos import classify_photos
from ferdash.models.loading import load_model
from ferdash.paths import checkpoints_root

PROJECT = Path(__file__).parents[2]
FACE = np.ascontiguousarray(astronaut()[:256, 96:352])


@pytest.fixture
def file(tmp_path):
    Image.fromarray(FACE).save(tmp_path / "she.png")
    return tmp_path / "she.png"


def test_importing_ferdash_brings_nothing_heavy():
    program = (
        "import ferdash, sys; assert 'predict' in dir(ferdash); "
        "heavy = {'torch', 'numpy', 'pandas', 'cv2', 'streamlit', 'transformers'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ferdash' has no attribute 'guess'"):
        ferdash.guess  # noqa: B018


def test_file_array_and_pillow_give_the_same(file):
    model = load_model("fernet-plus", checkpoints_root(), engine="auto")
    photos = classify_photos([("", FACE)], model, load_detector("centerface", checkpoints_root()))
    (wanted,) = photos[0].faces
    for picture in (file, str(file), FACE, Image.open(file)):
        seen = ferdash.predict(picture)
        (face,) = seen.faces
        assert np.abs(face.probabilities - wanted.probabilities).max() < 1e-6
        assert (seen.emotion, seen.size, seen.problem) == ("happy", (256, 256), None)
    assert repr(ferdash.predict(file)) == "Prediction('she.png': happy 1.00)"


def test_a_grey_array_is_the_same_as_its_three_channels():
    grey = FACE.mean(axis=2).astype(np.uint8)
    one, three = ferdash.predict(grey), ferdash.predict(np.repeat(grey[:, :, None], 3, axis=2))
    assert (one.faces[0].probabilities == three.faces[0].probabilities).all()


def test_table_and_document_are_those_of_the_command(file):
    seen = ferdash.predict(file)
    table = seen.to_pandas()
    assert table.loc[0, ["file", "face", "emotion"]].tolist() == ["she.png", 1, "happy"]
    assert table.loc[0, "happy"] == pytest.approx(seen.to_dict()["faces"][0]["probabilities"]["happy"])


def test_no_face_is_an_answer_and_no_picture_is_an_error(tmp_path):
    seen = ferdash.predict(np.full((200, 300, 3), 90, np.uint8))
    assert (seen.emotion, seen.faces, seen.problem) == (None, [], "no face found")
    assert "no face found" in seen._repr_html_()
    (tmp_path / "words.jpg").write_text("no picture")
    with pytest.raises(ImageError, match=r"words\.jpg is not a picture"):
        ferdash.predict(tmp_path / "words.jpg")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (FACE / 255, r"holds float64; give pixels as uint8"),
        (FACE[None], r"has the shape \(1, 256, 256, 3\); give \(height, width, 3\)"),
        (FACE[:0], r"has the shape \(0, 256, 3\)"),
    ],
)
def test_arrays_that_would_have_to_be_guessed_are_refused(array, message):
    with pytest.raises(ImageError, match=message):
        ferdash.predict(array)


def test_a_folder_is_many(file, tmp_path):
    Image.fromarray(FACE[:, ::-1]).save(tmp_path / "twin.png")
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(ImageError, match=r"holds 3 pictures; use ferdash\.predict_many"):
        ferdash.predict(tmp_path)
    many = ferdash.predict_many(tmp_path)
    assert [Path(one.name).name for one in many] == ["she.png", "twin.png", "words.png"]
    assert [len(one.faces) for one in many] == [1, 1, 0]
    assert "is not a picture" in many[2].problem
    assert len(many[:2]) == 2
    assert len(many.to_pandas()) == len(many.to_dicts()) == 3
    assert many._repr_html_().count("<img ") == 2


def test_a_notebook_sees_picture_bars_and_no_markup_of_a_name(tmp_path):
    Image.fromarray(FACE).save(tmp_path / "<b>&'.png")
    shown = ferdash.predict(tmp_path / "<b>&'.png", threshold=1.0)._repr_html_()
    assert "data:image/jpeg;base64," in shown
    assert "<b>&'" not in shown
    assert "happy?" in shown  # below the threshold of one
    assert shown.count("<tr") == 7


def test_a_model_that_changes_is_opened_again(monkeypatch, checkpoints):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(checkpoints))
    (checkpoints / "detectors").symlink_to(PROJECT / "checkpoints" / "detectors")
    before = ferdash.predict(FACE, model="small").faces[0].probabilities
    from safetensors.torch import load_file, save_file

    weights = checkpoints / "models" / "small" / "model.safetensors"
    save_file({name: value * 2 for name, value in load_file(weights).items()}, weights, metadata={"format": "pt"})
    assert np.abs(ferdash.predict(FACE, model="small").faces[0].probabilities - before).max() > 1e-3


def test_an_unknown_model_is_named():
    with pytest.raises(ModelError, match="no model “nobody”"):
        ferdash.predict(FACE, model="nobody")
