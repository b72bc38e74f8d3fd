"""Models and detector against what is stored of them: right ones pass, changed ones fail, unknown ones are named so."""

import copy
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from ferdash.diagnosis.answers import answers, known_answers, known_crops, known_face
from ferdash.models.catalogue import SHIPPED
from ferdash.models.exported import digest_of
from ferdash.models.reference import source_files

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


def test_the_shipped_ones_answer_as_stored():
    found = {check.name: check for check in answers(CHECKPOINTS)}
    assert len(found) == 1 + 3 * len(SHIPPED)
    assert {check.state for check in found.values()} == {"good"}, found
    assert found["fernet-plus, onnx"].found.startswith("happy ")


def test_answers_are_stored_of_the_weights_that_are_shipped():
    shipped = {digest_of(source_files(name, CHECKPOINTS)) for name in SHIPPED}
    assert shipped == known_answers()["models"].keys(), "a model has changed: run scripts/known_answers.py"


def test_the_known_crops_are_hard_enough_to_tell_models_apart():
    stored = [np.array(model["probabilities"]) for model in known_answers()["models"].values()]
    assert all(np.allclose(each.sum(axis=1), 1, atol=1e-4) and each.shape == (8, 7) for each in stored)
    assert np.abs(stored[0] - stored[1]).max() > 0.2
    assert np.median([each.max(axis=1) for each in stored]) < 0.95


def test_the_face_is_the_picture_it_is_said_to_be():
    assert (known_face() == astronaut()[:256, 96:352]).all()
    assert known_crops().shape == (8, 48, 48)


def test_a_changed_answer_and_a_moved_box_fail():
    known = copy.deepcopy(known_answers())
    known["detector"]["box_xyxy"][0] += 3
    for model in known["models"].values():
        model["probabilities"][5] = [1.0, 0, 0, 0, 0, 0, 0]
    found = answers(CHECKPOINTS, known)
    assert {check.state for check in found} == {"failed"}
    assert found[0].found.startswith("CenterFace, box within 3.0")
    assert all(check.advice for check in found)


def test_other_weights_are_only_noted():
    found = answers(CHECKPOINTS, {"detector": known_answers()["detector"], "models": {}})
    assert [check.state for check in found[1:]] == ["note"] * 6
    assert "nothing is stored of these weights" in found[1].found


def test_missing_models_are_named(tmp_path):
    found = answers(tmp_path)
    assert [(check.name, check.state) for check in found[1:]] == [("fernet-plus", "failed"), ("fernet", "failed")]
    assert str(tmp_path / "models") in found[1].advice


def test_an_export_that_cannot_be_opened_fails_with_its_sentence(tmp_path):
    for part in ("fernet", "fernet-plus"):
        folder = tmp_path / "models" / part
        folder.mkdir(parents=True)
        for file in (CHECKPOINTS / "models" / part).glob("*.*"):  # all but the folder of the export
            (folder / file.name).symlink_to(file)
    states = {check.name: check for check in answers(tmp_path)}
    assert states["fernet, torch"].state == "good"
    assert states["fernet, onnx"].state == "failed"
    assert "ferdash export-onnx fernet" in states["fernet, onnx"].advice


@pytest.mark.parametrize("name", ["known_face.png", "known_answers.json"])
def test_files_are_small(name):
    import ferdash.diagnosis.answers as module

    assert (Path(module.__file__).parent / name).stat().st_size < 150_000
